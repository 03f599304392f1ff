"""What the validator minds: the tables of `table/`, each row joined with the effect of its name.

A rule judges one command, as `evaluation` gives it: wrappers such as sudo taken off, quotes
removed, each part of a pipeline, substitution or block by itself. Text that only mentions danger is
an argument, and no rule looks for words in arguments.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Final

import msgspec

from eidos.protocol import Level
from eidos.validator.budget import CLOCK
from eidos.validator.commands import Command
from eidos.validator.effects import (
    backdoors,
    backups,
    clouds,
    containers,
    data,
    databases,
    decoding,
    deleting,
    disks,
    frameworks,
    hijacking,
    installing,
    leaking,
    making,
    overwriting,
    permissions,
    persistence,
    running,
    services,
    stores,
    system,
    tampering,
    tunnels,
    versioning,
)
from eidos.validator.effects.effect import Effect
from eidos.validator.effects.traits import traits_of

GROUPS: Final = {
    "deleting": deleting.EFFECTS,
    "overwriting": overwriting.EFFECTS,
    "permissions": permissions.EFFECTS,
    "disks": disks.EFFECTS,
    "accounts": system.ACCOUNTS,
    "kernel": system.KERNEL,
    "halting": system.HALTING,
    "packages": system.PACKAGES,
    "evading": system.EVADING,
    "running": running.EFFECTS,
    "decoding": decoding.EFFECTS,
    "making": making.EFFECTS,
    "installing": installing.EFFECTS,
    "leaking": leaking.EFFECTS,
    "backdoors": backdoors.EFFECTS,
    "tunnels": tunnels.EFFECTS,
    "persistence": persistence.EFFECTS,
    "hijacking": hijacking.EFFECTS,
    "tampering": tampering.EFFECTS,
    "data": data.EFFECTS,
    "versioning": versioning.EFFECTS,
    "databases": databases.EFFECTS + frameworks.EFFECTS,
    "stores": stores.EFFECTS + services.EFFECTS,
    "clouds": clouds.EFFECTS,
    "containers": containers.EFFECTS,
    "backups": backups.EFFECTS,
    "reading": (),
    "strict": (),
}
"""The tables, and the effects that the rows of each name: none where `validation` itself asks."""

_Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]*$")]
_Text = Annotated[str, msgspec.Meta(min_length=1)]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"kind": "class"}):
    """One thing that the validator minds, with commands that break it and ones that do not."""

    id: _Name
    kind: _Name
    """Its class: delete, overwrite, exfil, …"""
    level: Level
    reason: _Text
    """One line for the person at the prompt; it completes "this …"."""
    caught: tuple[str, ...]
    """None where a command would have to be very long."""
    spared: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    """What looks like it and is fine."""
    why: str = ""
    """More for the documentation, where the reason does not explain itself."""
    safer: str = ""
    """What to do instead, where that exists."""


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    rule: tuple[Rule, ...] = ()


@cache
def rows_of(group: str) -> tuple[Rule, ...]:
    """Return the rows of one table."""
    table = files("eidos.validator") / "table" / f"{group}.toml"
    with CLOCK.stopped():
        return msgspec.toml.decode(table.read_bytes(), type=_Table).rule


class _Rules(Mapping[str, Rule]):
    """All rules by their ids; a table is read when one of its own is asked for.

    To read all 28 takes 35 ms, and most commands break no rule.
    """

    def __init__(self) -> None:
        self._known: dict[str, Rule] = {}

    def __getitem__(self, rule: str) -> Rule:
        if rule not in self._known:
            self._find(rule)
        return self._known[rule]

    def __iter__(self) -> Iterator[str]:
        return (row.id for group in GROUPS for row in rows_of(group))

    def __len__(self) -> int:
        return sum(len(rows_of(group)) for group in GROUPS)

    def _find(self, rule: str) -> None:
        """Read tables up to the one that has *rule*, first those where it is most likely."""
        theirs = [group for group in GROUPS if any(e.rule == rule for e in GROUPS[group])]
        of_validation = [group for group in GROUPS if not GROUPS[group]]
        for group in dict.fromkeys((*theirs, *of_validation, *GROUPS)):
            self._known.update((row.id, row) for row in rows_of(group))
            if rule in self._known:
                return


RULES: Final = _Rules()
EFFECTS: Final = tuple(effect for group in GROUPS.values() for effect in group)


def _index() -> dict[str, tuple[Effect, ...]]:
    index: dict[str, tuple[Effect, ...]] = {}
    for effect in EFFECTS:
        for program in effect.programs:
            index[program] = (*index.get(program, ()), effect)
    return index


_BY_PROGRAM: Final = _index()


@cache
def _about(traits: int) -> tuple[Effect, ...]:
    """Return the effects that are about one of *traits*: 128 sums at most, few of which occur."""
    return tuple(effect for effect in EFFECTS if effect.when & traits)


def broken_by(command: Command) -> Iterator[Rule]:
    """Yield the rules that *command* breaks, those about its program first: they say more."""
    name, family = command.name, command.family
    for effect in _BY_PROGRAM.get(name, ()):
        if effect.applies(command):
            yield RULES[effect.rule]
    for effect in _about(traits_of(command)):
        if name not in effect.programs and effect.applies(command):
            yield RULES[effect.rule]
    if family == name or family not in _BY_PROGRAM:
        return
    plain = command.called(family)
    for effect in _BY_PROGRAM[family]:
        if effect.applies(plain):
            yield RULES[effect.rule]
