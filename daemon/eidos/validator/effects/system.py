"""The system itself: its accounts, its kernel, its packages, its guards, and whether it still runs.

One table of effects for each of these classes; `rules` joins them with the rows of `table/`.
"""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from eidos.validator.commands import Command
from eidos.validator.effects import (
    accounts,
    compiling,
    disguising,
    filling,
    flooding,
    halting,
    histories,
    installs,
    kernel,
    kernel_settings,
    logins,
    mounts,
    multiplying,
    packages,
    passwords,
    protections,
    selections,
    signals,
    syscalls,
    traces,
)
from eidos.validator.effects.effect import Effect

_Effects = tuple[Effect, ...]
_EVEN_GUESSED: Final = frozenset(
    {
        "fork-bomb",
        "fill-disk",
        "fill-memory",
        "kill-all",
        "kill-first",
        "write-logins",
        "wipe-audit",
    }
    | {"remove-essential", "remove-all-packages", "kernel-trigger", "kernel-memory", "cover-system"}
)
"""Rules that may judge what only looks like a command: `openssl passwd` sets no password."""


def _certain(*tables: _Effects) -> _Effects:
    """Return the effects in *tables*, the milder of which ask nothing of guesses."""
    return tuple(
        effect
        if effect.rule in _EVEN_GUESSED
        else replace(effect, applies=_unless_guessed(effect.applies))
        for table in tables
        for effect in table
    )


def _unless_guessed(applies: Callable[[Command], bool]) -> Callable[[Command], bool]:
    return lambda command: not command.is_guess and applies(command)


ACCOUNTS: Final[_Effects] = _certain(logins.EFFECTS, passwords.EFFECTS, accounts.EFFECTS)
KERNEL: Final[_Effects] = _certain(
    kernel_settings.EFFECTS, kernel.EFFECTS, mounts.EFFECTS, syscalls.EFFECTS
)
HALTING: Final[_Effects] = _certain(
    multiplying.EFFECTS,
    compiling.EFFECTS,
    kernel_settings.ENDING,
    filling.EFFECTS,
    signals.EFFECTS,
    halting.EFFECTS,
    flooding.EFFECTS,
)
PACKAGES: Final[_Effects] = _certain(packages.EFFECTS, selections.EFFECTS, installs.EFFECTS)
EVADING: Final[_Effects] = _certain(
    traces.EFFECTS, histories.EFFECTS, protections.EFFECTS, disguising.EFFECTS
)
