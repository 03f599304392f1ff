"""What is to become of packages, as dpkg and apt are told beforehand."""

from collections.abc import Iterator
from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.choosing import chooses_packages
from eidos.validator.effects.editing import text_put
from eidos.validator.effects.effect import Effect
from eidos.validator.effects.package_names import is_essential, is_pattern
from eidos.validator.patterns import Pattern

_LONGEST: Final = 4096
_REMOVED: Final = Pattern(r"([\w.+:*-]+)(?:\s|\\[tn])+(?:deinstall|purge)\b")
_REMOVING: Final = Pattern(r"deinstall|purge")
_LISTERS: Final = frozenset({"dpkg", "dpkg-query", "apt-mark", "aptitude", "apt"})


def _feeding(command: Command) -> Iterator[Command]:
    yield from command.upstream
    yield from command.reads
    yield from (source for word in command.args for source in word.sources)


def _marks_essential(command: Command) -> bool:
    """Whether `dpkg --set-selections` reads that an essential package is to go."""
    if not command.has("--set-selections"):
        return False
    text = text_put(command)[:_LONGEST]
    return any(is_essential(match[1]) for match in _REMOVED.finditer(text))


def _marks_all(command: Command) -> bool:
    if command.name == "dpkg":
        marks = command.has("--set-selections")
        removes = marks and _REMOVING.search(text_put(command)[:_LONGEST]) is not None
        return removes and _comes_of_all(command)
    return False


def _comes_of_all(command: Command) -> bool:
    feeding = list(_feeding(command))
    lists = any(one.name in _LISTERS and _lists(one) for one in feeding)
    return lists and not any(map(chooses_packages, feeding))


def _lists(command: Command) -> bool:
    return command.has("--get-selections", "-l", "-W", "--show", "--list", "list") or any(
        word.text.startswith("show") for word in command.operands
    )


def _frees_all(command: Command) -> bool:
    """Whether all packages are marked as ones that nobody asked for, for autoremove to take."""
    if not command.has("auto", "markauto"):
        return False
    return any(is_pattern(word.text) for word in command.operands[1:]) or _comes_of_all(command)


EFFECTS: Final = (
    Effect("remove-essential", _marks_essential, frozenset({"dpkg"})),
    Effect("remove-all-packages", _marks_all, frozenset({"dpkg"})),
    Effect("ignore-dependencies", _frees_all, frozenset({"apt-mark", "aptitude"})),
)
