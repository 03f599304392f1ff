"""Ending processes: all of them, the first of them, or those that nobody can do without."""

import re
from collections.abc import Iterator, Sequence
from posixpath import basename
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.effects.effect import Effect
from eidos.validator.evaluating.options import Grammar, Options, read_options
from eidos.validator.patterns import Pattern
from eidos.validator.places import places, targets

_GENTLE: Final = frozenset(
    {"0", "1", "10", "12", "17", "18", "20", "28", "hup", "usr1", "usr2", "cont", "winch", "chld"}
)
"""Signals that end nothing that minds them: they ask for news, or for reading settings again."""
_SIGNAL: Final = Pattern(r"-(?:\d+|[A-Za-z][A-Za-z0-9]*)")
_NAMED: Final = frozenset({"-s", "-n", "--signal"})
_PKILL: Final = Grammar(
    "dFgGPstuUr",
    frozenset(
        f"--{name}"
        for name in "signal parent pgroup group session terminal euid uid pidfile ns nslist "
        "queue older-than younger-than".split()
    ),
)
_KILLALL: Final = Grammar("suoyZn", frozenset({"--signal", "--user", "--older-than", "--ns"}))
_FILTERING: Final = frozenset(
    {"grep", "egrep", "fgrep", "rg", "pgrep", "head", "tail", "fzf", "sed", "perl", "jq", "peco"}
)
_CHOOSING: Final = frozenset({"awk", "gawk", "mawk", "perl", "python3"})
_AWK_PATTERN: Final = Pattern(r"/.+/|\$\d+\s*[=~!<>]|==")


_RANGE: Final = Pattern(r"\{\d+\.\.\d{3,}\}")
_MANY: Final = 24
"""More processes than anybody names one by one."""


class Kill:
    """What `kill` is told: a signal, and to whom it goes."""

    def __init__(self, command: Command) -> None:
        signal, rest = _signal_of(command.args)
        self.signal = signal.lower().removeprefix("sig")
        self.pids = [word for word in rest if not word.text.startswith("--")]

    @property
    def ends(self) -> bool:
        """Whether processes may end by it, or stand still."""
        return self.signal not in _GENTLE


def _signal_of(args: Sequence[Word]) -> tuple[str, Sequence[Word]]:
    if not args:
        return "", ()
    first = args[0].text
    if first in _NAMED and len(args) > 1:
        return args[1].text, args[2:]
    if attached := _ATTACHED.fullmatch(first):
        return attached[1], args[1:]
    if _SIGNAL.fullmatch(first) and len(args) > 1:
        return first[1:], args[1:]
    return "", args


_ATTACHED: Final = Pattern(r"(?:-[sn](?=\d|[A-Z]+$)|--signal=)(\w+)")
"""`-s0` and `-sKILL`; `-stop` is the signal's own name."""


def _is_sent_to_all(command: Command) -> bool:
    kill = Kill(command)
    if kill.signal in {"0", "l", "L", "cont"}:
        return False
    if any(word.text == "-1" for word in kill.pids):
        return True
    many = len(kill.pids) > _MANY or any(
        _RANGE.fullmatch(word.text) or _is_any_process(word) for word in kill.pids
    )
    return kill.ends and (many or _comes_of_all(command))


def _kills_all(command: Command) -> bool:
    match command.name:
        case "kill":
            return _is_sent_to_all(command)
        case "fuser":
            kills = command.has_letter("k") or command.has_long("--kill")
            return kills and any(
                targets.path_of(w) in places.CORE_FOLDERS for w in command.operands
            )
        case "pkill" | "killall":
            return _matches_all(command)
        case _:
            return False


_ALL_NUMBERS: Final = Pattern(r"(?:/proc/)?(?:\*|(?:\[\d-9\]){1,7}\*?|\?+|<\d*-\d*>)")


def _is_any_process(word: Word) -> bool:
    """Whether *word* is a pattern for the names of all folders of /proc that are processes."""
    return word.is_glob and _ALL_NUMBERS.fullmatch(word.text.rstrip("/")) is not None


_ANY_PROCESS: Final = Pattern(r"\^?[.*?+]*\$?|\^|\.\+|\[a-zA?-?[Zz]?\]\*?")


def _matches_all(command: Command) -> bool:
    options = _read(command)
    operands = options.operands
    if options.has("-l", "--list") or _is_gentle(command):
        return False
    is_pattern = command.name == "pkill" or options.has("-r", "--regexp")
    if operands and is_pattern:
        return any(_ANY_PROCESS.fullmatch(word.text) for word in operands)
    user = options.value_of(frozenset({"-u", "-U", "--euid", "--uid", "--user"}))
    parent = options.value_of(frozenset({"-P", "--parent"}))
    of_root = user is not None and user.text in {"root", "0"}
    return not operands and (of_root or (parent is not None and parent.text in {"0", "1"}))


def _read(command: Command) -> Options:
    grammar = _KILLALL if command.name == "killall" else _PKILL
    args = [word for word in command.args if not _LONG_SIGNAL.fullmatch(word.text)]
    return read_options(args, grammar, len(args))


_LONG_SIGNAL: Final = Pattern(r"-(?:SIG)?[A-Z]{3,}[12]?|-\d{1,2}")
"""`pkill -STOP`: no short options S, T, O and P."""


def _is_gentle(command: Command) -> bool:
    signals = [w.text[1:] for w in command.args if _SIGNAL.fullmatch(w.text)]
    signals += [word.text for word in command.values("--signal", "-s")]
    return any(s.lower().removeprefix("sig") in _GENTLE for s in signals)


def _comes_of_all(command: Command) -> bool:
    """Whether the processes that are killed are all that `ps` shows."""
    feeding = [*command.upstream, *(s for word in command.args for s in word.sources)]
    if not _CHOOSING.isdisjoint(command.wrappers):
        return False
    if not any(_lists_all(source) for source in feeding):
        return False
    return not any(_is_filter(source) for source in feeding)


def _lists_all(command: Command) -> bool:
    if command.has("-user", "-uid", "-mtime", "-mmin", "-name", "-newer", "-path"):
        return False
    if command.name in {"ls", "find", "echo"}:
        return any(targets.path_of(word).startswith("/proc") for word in command.args)
    return command.name in {"ps", "seq"} or _is_pgrep_of_all(command)


def _is_pgrep_of_all(command: Command) -> bool:
    return command.name == "pgrep" and any(_ANY_PROCESS.fullmatch(w.text) for w in command.operands)


_ANY_NUMBER: Final = Pattern(r"[\^$]*\[?[0-9\\d:-]+\]?[+*$\\]*|\[\[:digit:\]\][+*]?")


def _is_filter(command: Command) -> bool:
    if command.name in {"awk", "gawk", "mawk"}:
        return any(_AWK_PATTERN.search(word.text) for word in command.args)
    if command.name in {"grep", "egrep"} and command.upstream[-1:]:
        is_wide = command.has_letter("v") or command.has_long("--invert-match")
        return not is_wide and not any(_ANY_NUMBER.fullmatch(w.text) for w in command.operands)
    if command.name in {"tail", "sed"} and _skips_heading(command):
        return False
    if command.name == "ps":
        return command.has_letter("CpuUtgG") or command.has("-u", "--user", "--ppid", "-c")
    return command.name in _FILTERING and not _is_pgrep_of_all(command)


_HEADING: Final = Pattern(r"\+\d|(?:-n)?\+\d|1d|1,\dd|\$!p|s/.*|2,\$p")


def _skips_heading(command: Command) -> bool:
    texts = [word.text for word in command.args if word.text not in {"-n", "-e", "-E", "-r"}]
    return bool(texts) and all(_HEADING.fullmatch(text) for text in texts)


_FIRST: Final = frozenset({"systemd", "init", "launchd", "/sbin/init", "^systemd$", "^init$"})


def _kills_first(command: Command) -> bool:
    if command.name == "kill":
        kill = Kill(command)
        return kill.ends and any(word.text == "1" for word in kill.pids)
    return not _is_gentle(command) and any(word.text in _FIRST for word in command.operands)


_SESSIONS: Final = Pattern(r"user@\d.*|user-\d.*\.slice|session-.*\.scope")


def _kills_many(command: Command) -> bool:
    match command.name:
        case "killall5":
            return True
        case "pkill" | "killall" | "skill" | "slay":
            options = _read(command)
            named = command.name == "slay" or options.has(
                "-u", "-U", "--euid", "--uid", "--user", "-t"
            )
            return named and (command.name in {"skill", "slay"} or not options.operands)
        case "systemctl":
            stops = command.has("stop", "kill", "freeze")
            return stops and any(_SESSIONS.fullmatch(word.text) for word in command.operands)
        case "loginctl":
            return command.has("terminate-user", "kill-user", "terminate-seat", "terminate-session")
        case _:
            kill = Kill(command)
            return bool(kill.signal in {"9", "kill"}) and any(w.text == "0" for w in kill.pids)


def processes_ended(command: Command) -> Iterator[str]:
    """Yield the names of the programs that *command* ends, in small letters."""
    if command.name in {"pkill", "killall", "skill"}:
        if not _is_gentle(command):
            yield from (_bare(word.text) for word in command.operands)
        return
    if not Kill(command).ends:
        return
    sources = [*command.upstream, *(s for word in command.args for s in word.sources)]
    yield from (_bare(word.text) for source in sources for word in source.args)
    unknown = (word.text for word in command.args if not word.is_known)
    yield from (name.lower() for text in unknown for name in _WORD.findall(text))


_WORD: Final = Pattern(r"[A-Za-z]+")


def _bare(text: str) -> str:
    """Return `auditd` for `[a]uditd`, `^auditd$`, `/usr/sbin/auditd` and `/run/auditd.pid`."""
    name = re.sub(r"[\[\]^$\\]", "", basename(text.rstrip("/"))).lower()
    return name.removesuffix(".pid").removesuffix(".service")


EFFECTS: Final = (
    Effect("kill-all", _kills_all, frozenset({"kill", "pkill", "killall", "fuser"})),
    Effect("kill-first", _kills_first, frozenset({"kill", "pkill", "killall"})),
    Effect(
        "kill-many",
        _kills_many,
        frozenset(
            {"kill", "killall5", "pkill", "killall", "skill", "slay", "loginctl", "systemctl"}
        ),
    ),
)
