"""Intent files: what people ask for, in many phrasings, and the command that does it.

The format is described in intents/README.md.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

import yaml
from msgspec import Struct

from training import phrasing, slots, templates
from training.phrasing import Phrasing, PhrasingError
from training.templates import CommandTemplate, TemplateError
from training.values import Draw, Value

FOLDER: Final = Path(__file__).with_name("intents")
_KEYS: Final = frozenset("cmd nl slots ordered shells macos last status note".split())
_SHELLS: Final = ("bash", "zsh", "fish")


class IntentError(ValueError):
    """An intent file that cannot be used; the message names file, line, fault and remedy."""


class Form(Struct, frozen=True):
    """The command for one shell and system."""

    shell: str
    os: str
    command: CommandTemplate


class Choices(Struct, frozen=True):
    """A slot of one intent alone: listed values, and types to draw further ones from."""

    listed: tuple[Value, ...]
    types: tuple[Draw, ...] = ()


class Intent(Struct, frozen=True):
    """One thing that people ask for."""

    id: str
    """`file:number`, the number counting the entries of the file from 1."""
    line: int
    forms: tuple[Form, ...]
    """The form for bash on Linux first, where there is one."""
    phrasings: tuple[Phrasing, ...]
    slots: Mapping[str, "Choices | Draw"]
    """Each slot that a phrasing, a command or `last` uses."""
    kinds: Mapping[str, str]
    """Slots that are of a built-in type, each with its type's name."""
    ordered: tuple[str, ...] = ()
    """Slots of which a later one is never less than an earlier one."""
    last: CommandTemplate | None = None
    status: int | None = None

    @property
    def command(self) -> CommandTemplate:
        """The first form's command: that of bash on Linux where there is one."""
        return self.forms[0].command


def load_all(folder: Path = FOLDER) -> tuple[Intent, ...]:
    """Return the intents of all files in *folder*, in the order of the files' names.

    Raises:
        IntentError: One of the files cannot be used.
    """
    return tuple(intent for path in sorted(folder.glob("*.yaml")) for intent in load(path))


def load(path: Path) -> tuple[Intent, ...]:
    """Return the intents of the file at *path*.

    Raises:
        IntentError: The file is no YAML list, or an entry of it has a fault.
    """
    intents: list[Intent] = []
    for number, (line, entry) in enumerate(_entries(path), 1):
        try:
            intents.append(_intent(f"{path.stem}:{number}", line, entry))
        except (PhrasingError, TemplateError, _EntryError) as exc:
            raise IntentError(f"{path}:{line}: entry {number}: {exc}") from exc
    return tuple(intents)


class _EntryError(ValueError):
    """What is wrong with one entry."""


def _entries(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield the entries of the YAML list at *path*, each with its line."""
    loader = yaml.CSafeLoader(path.read_bytes())
    try:
        root = loader.get_single_node()
        if root is None:
            return
        if not isinstance(root, yaml.SequenceNode):
            raise IntentError(f"{path}: a list of entries is wanted; begin each with '- cmd: '")
        # typeshed leaves open what a node holds
        for node in cast("list[yaml.Node]", root.value):
            yield node.start_mark.line + 1, cast("Any", loader).construct_object(node, deep=True)
    except yaml.YAMLError as exc:
        raise IntentError(f"{path}: no YAML: {exc}") from exc
    finally:
        loader.dispose()


def _intent(name: str, line: int, entry: Any) -> Intent:  # noqa: ANN401 - anything may be in YAML
    if not isinstance(entry, dict):
        raise _EntryError("a mapping with 'cmd' and 'nl' is wanted")
    fields = cast("dict[str, Any]", entry)
    if unknown := set(fields) - _KEYS:
        raise _EntryError(f"unknown key {min(map(str, unknown))!r}; known are {sorted(_KEYS)}")
    last = templates.parse(_text(fields["last"], "last")) if "last" in fields else None
    status = fields.get("status")
    if status is not None and (last is None or type(status) is not int):
        raise _EntryError("'status' is the exit status of 'last': a number, beside a 'last'")
    if last is not None and status is None:
        raise _EntryError("'last' needs a 'status', the exit status that its command ended with")
    forms = tuple(_forms(fields))
    ways = tuple(phrasing.parse(text) for text in _texts(fields.get("nl"), "nl"))
    own = _mapping(fields.get("slots"), "slots")
    used = {slot for way in ways for slot in way.slots}
    for template in (*(form.command for form in forms), *([last] if last else [])):
        used.update(hole.name for hole in template.holes)
    found, kinds = _slots(sorted(used), own)
    ordered = tuple(_texts(fields["ordered"], "ordered")) if "ordered" in fields else ()
    if strange := set(ordered) - set(found):
        raise _EntryError(f"'ordered' names {min(strange)!r}, which nothing uses")
    return Intent(name, line, forms, ways, found, kinds, ordered, last, status)


def _forms(fields: dict[str, Any]) -> Iterator[Form]:
    """Yield the commands of an entry, that for bash on Linux first."""
    shells = _mapping(fields.get("shells"), "shells")
    if "cmd" in fields:
        yield Form("bash", "linux", templates.parse(_text(fields["cmd"], "cmd")))
    elif "bash" not in shells and not shells and "macos" not in fields:
        raise _EntryError("no command: 'cmd' is wanted, or 'shells' or 'macos' without it")
    for shell, command in shells.items():
        if shell not in _SHELLS:
            raise _EntryError(f"'shells' names {shell!r}; known are {', '.join(_SHELLS)}")
        yield Form(shell, "linux", templates.parse(_text(command, f"shells: {shell}")))
    if "macos" in fields:
        yield Form("zsh", "macos", templates.parse(_text(fields["macos"], "macos")))


def _slots(
    used: list[str], own: Mapping[str, Any]
) -> tuple[dict[str, Choices | Draw], dict[str, str]]:
    """Return the slots by name, and the names of the built-in types among them."""
    found: dict[str, Choices | Draw] = {}
    kinds: dict[str, str] = {}
    for name in used:
        key = name if name in own else name.rstrip("0123456789")
        if key in own and isinstance(own[key], str):
            draw = slots.typed(own[key])
            kinds[name] = own[key].split()[0]
            if draw is None:
                raise _EntryError(f"slot {key!r} is of type {own[key]!r}, which is none")
            found[name] = draw
        elif key in own:
            found[name] = _choices(key, own[key])
        elif kind := slots.TYPES.get(slots.base(name)):
            found[name] = kind
            kinds[name] = slots.base(name)
        else:
            raise _EntryError(f"{{{name}}} is no slot; write \\{{{name}}} for plain braces")
    return found, kinds


def _choices(name: str, listed: Any) -> Choices:  # noqa: ANN401 - anything may be in YAML
    """Return a slot's own values: plain ones, pairs, and `type:` entries."""
    if not isinstance(listed, list) or not listed:
        raise _EntryError(f"slot {name!r}: a list of values, or the name of a type, is wanted")
    values: list[Value] = []
    types: list[Draw] = []
    for item in cast("list[Any]", listed):
        if isinstance(item, dict):
            draw = slots.typed(str(cast("dict[str, Any]", item).get("type")))
            if draw is None:
                raise _EntryError(f"slot {name!r}: {item} names no type; write {{type: file}}")
            types.append(draw)
        elif isinstance(item, list):
            pair = cast("list[Any]", item)
            if len(pair) != 2:  # noqa: PLR2004 - phrase and value
                raise _EntryError(f"slot {name!r}: {pair} is not [phrase, value]")
            values.append(Value(_scalar(pair[0], name), _scalar(pair[1], name)))
        else:
            values.append(Value(_scalar(item, name), _scalar(item, name)))
    return Choices(tuple(values), tuple(types))


def _scalar(item: Any, name: str) -> str:  # noqa: ANN401 - anything may be in YAML
    """Return *item* as text; YAML 1.1 turns a bare `yes` or `22:30` into something else."""
    if isinstance(item, bool) or item is None:
        raise _EntryError(f"slot {name!r}: quote the value that YAML reads as {item}")
    return str(item)


def _text(item: Any, key: str) -> str:  # noqa: ANN401 - anything may be in YAML
    if not isinstance(item, str) or not item.strip():
        raise _EntryError(f"{key!r} must be text; quote it")
    return item


def _texts(items: Any, key: str) -> list[str]:  # noqa: ANN401 - anything may be in YAML
    if not isinstance(items, list) or not items:
        raise _EntryError(f"{key!r} must be a list of texts")
    return [_text(item, f"{key}: {item}") for item in cast("list[Any]", items)]


def _mapping(item: Any, key: str) -> dict[str, Any]:  # noqa: ANN401 - anything may be in YAML
    if item is None:
        return {}
    if not isinstance(item, dict):
        raise _EntryError(f"{key!r} must be a mapping")
    return {str(name): value for name, value in cast("dict[Any, Any]", item).items()}
