"""The histories of shells: deleted, or no longer kept."""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.effects.editing import ERASERS, files_erased, files_lost
from eidos.validator.effects.effect import ASSIGNING, WRITING, Effect
from eidos.validator.effects.finding import RUNNERS, search_of
from eidos.validator.effects.traces import TAKING
from eidos.validator.patterns import Pattern
from eidos.validator.places import targets

_HISTORY: Final = Pattern(
    r"(?:.*/)?(?:\.(?:bash|zsh|sh|ksh|ash|mysql|psql|python|node_repl|sqlite|rediscli|tcsh|fish)_?"
    r"hist(?:ory)?|\.zhistory|\.history|\.histfile|\.zsh_sessions(?:/.*)?|fish_history"
    r"|\.local/share/(?:fish|atuin)(?:/.*)?|(?:atuin/)?history\.db|\.\*_?hist\w*|\.\*?history"
    r"|ConsoleHost_history\.txt|\.lesshst|\.viminfo|\.wget-hsts)"
)
_HISTFILE: Final = Pattern(r"\$\{?(?:HISTFILE|fish_history)\}?")
_OTHERS: Final = Pattern(r"/root/.*|/home/[^/]+/.*|/var/root/.*|/Users/[^/]+/.*")


def _is_history(word: Word) -> bool:
    if not word.is_known and _HISTFILE.fullmatch(word.text):
        return True
    return "hist" in word.text.lower() and _HISTORY.fullmatch(word.text) is not None


def _shreds_history(command: Command) -> bool:
    """Whether a history goes for good, or one that belongs to somebody else."""
    if command.name in {"shred", "srm", "wipe"}:
        return any(_is_history(word) for word in command.operands)
    if command.name == "rm" and command.has_letter("P"):  # BSD: overwrites it first
        return any(_is_history(word) for word in command.operands)
    if _writes_noise(command):
        return True
    if command.name in RUNNERS:
        return _finds_histories(command) and not _starts_at_home(command)
    return any(
        _is_history(word) and _OTHERS.fullmatch(targets.path_of(word))
        for word in files_erased(command)
    )


_NOISE: Final = ("/dev/zero", "/dev/random", "/dev/urandom")


def _writes_noise(command: Command) -> bool:
    """Whether a history is written over with what no tool reads again."""
    files = [word.text[3:] for word in command.args if word.text.startswith("of=")]
    files += [redirect.target.text for redirect in command.redirects if redirect.writes]
    if command.name in {"cp", "tee"}:
        files += [word.text for word in command.operands[-1:]]
    if not any("hist" in file.lower() and _names_history(file) for file in files):
        return False
    inputs = (word for one in (command, *command.upstream[-2:]) for word in one.args)
    return any(word.text.removeprefix("if=") in _NOISE for word in inputs)


def _names_history(text: str) -> bool:
    return _HISTFILE.fullmatch(text) is not None or _HISTORY.fullmatch(text) is not None


def _is_several(word: Word) -> bool:
    """Whether *word* is more than one number of a line in the history, or one from its end."""
    if word.sources or "HISTCMD" in word.text:
        return True
    return re.fullmatch(r"\d+-\d+|-\d+(?:--?\d+)?", word.text) is not None


def _finds_histories(command: Command) -> bool:
    search = search_of(command)
    if search is None or TAKING.isdisjoint(search.programs):
        return False
    pairs = pairwise(command.args)
    return any(a.text in {"-name", "-iname"} and _is_history(b) for a, b in pairs)


def _starts_at_home(command: Command) -> bool:
    search = search_of(command)
    return search is not None and all(
        targets.path_of(root).startswith("~") or root.text == "." for root in search.roots
    )


def _clears_history(command: Command) -> bool:
    if command.name in RUNNERS:
        return _finds_histories(command)
    match command.name:
        case "history":
            deletes = command.has_letter("d") and any(map(_is_several, command.args))
            clears = command.has_letter("c") or command.has("clear", "clear-session")
            everything = command.has("delete") and command.has("")
            return clears or deletes or everything or command.has("/dev/null")
        case "fc":
            return command.has_letter("pR") or command.has("/dev/null")
        case "chattr":
            return any(map(_is_history, command.operands))
        case _:
            replaced = (redirect.target for redirect in command.redirects if redirect.writes)
            return any(map(_is_history, replaced)) or any(map(_is_history, files_lost(command)))


_HISTORY_VARIABLES: Final = frozenset(
    {"HISTFILE", "HISTSIZE", "HISTFILESIZE", "SAVEHIST", "fish_history", "fish_private_mode"}
)
_NO_HISTORY: Final = {
    "HISTFILE": {"", "/dev/null", "/dev/zero"},
    "HISTSIZE": {"0"},
    "HISTFILESIZE": {"0"},
    "SAVEHIST": {"0"},
    "HISTIGNORE": {"*"},
    "fish_history": {""},
    "fish_private_mode": {"1", "true"},
    "PROMPT_COMMAND": {""},
}


def _turns_history_off(command: Command) -> bool:
    return _HISTORY_SWITCHES[command.name](command)


def _unsets_history(command: Command) -> bool:
    return any(word.text in _UNSET for word in command.operands)


def _is_set_off(command: Command) -> bool:
    texts = [word.text for word in command.args]
    if "+o" in texts:
        return "history" in texts
    return command.has_letter("e") and _unsets_history(command)


_UNSET: Final = _HISTORY_VARIABLES | {"PROMPT_COMMAND"}
_HISTORY_SWITCHES: Final[dict[str, Callable[[Command], bool]]] = {
    "unset": _unsets_history,
    **dict.fromkeys(("typeset", "declare"), lambda c: c.has("+x") and _unsets_history(c)),
    "set": _is_set_off,
    "shopt": lambda c: c.has("history") and c.has_letter("u"),
    "enable": lambda c: c.has("history") and c.has_letter("n"),
    "fish": lambda c: c.has_letter("P") or c.has_long("--private"),
}


def _sets_no_history(command: Command) -> bool:
    return any(
        given.value.is_known and given.value.text in _NO_HISTORY.get(given.name, ())
        for given in command.assignments
    )


def _leaves_without_history(command: Command) -> bool:
    """Whether the shell itself is killed, so that it cannot write its history."""
    texts = {word.text for word in command.args}
    hard = not texts.isdisjoint({"-9", "-KILL", "-SIGKILL", "KILL", "-kill"})
    return hard and not texts.isdisjoint({"$$", "$BASHPID", "${BASHPID}", "$fish_pid", "%self"})


EFFECTS: Final = (
    Effect("shred-history", _shreds_history, ERASERS, WRITING),
    Effect("history-clear", _clears_history, ERASERS, WRITING),
    Effect("shred-history", _shreds_history, RUNNERS),
    Effect("history-clear", _clears_history, RUNNERS | {"history", "fc", "chattr"}),
    Effect("history-off", _turns_history_off, frozenset(_HISTORY_SWITCHES)),
    Effect("history-off", _sets_no_history, when=ASSIGNING),
    Effect("history-off", _leaves_without_history, frozenset({"kill"})),
)
