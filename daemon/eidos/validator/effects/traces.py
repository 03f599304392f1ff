"""Logs: what tells afterwards who did what, and what wipes it."""

from collections.abc import Iterator
from itertools import pairwise, takewhile
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.effects.editing import ERASERS, files_erased, files_lost
from eidos.validator.effects.effect import WRITING, Effect
from eidos.validator.effects.finding import RUNNERS, search_of, searches_feeding
from eidos.validator.patterns import Pattern, fits
from eidos.validator.places import targets

# Logs.

_LOG: Final = "/var/log"
_AUDIT_FILES: Final = frozenset(
    {f"{_LOG}/{name}" for name in ("auth.log", "secure", "wtmp", "btmp", "lastlog", "utmp")}
    | {f"{_LOG}/{name}" for name in ("faillog", "tallylog", "sudo.log", "sulog", "utx.log")}
    | {f"{_LOG}/audit/audit.log", f"{_LOG}/audit", "/var/run/utmp", "/run/utmp", "/var/adm/wtmpx"}
    | {"/var/adm/utmpx", "/var/adm/lastlog", "/var/adm/sulog", "/var/account/pacct"}
)
_AUDIT_PATH: Final = Pattern(
    r"/var/log/(?:audit(?:/.*)?|account(?:/.*)?|(?:auth\.log|secure|wtmp|btmp|lastlog)(?:\.\{.*)?)"
    r"|/var/audit(?:/.*)?|/var/db/(?:diagnostics|uuidtext)(?:/.*)?|/var/ossec/logs(?:/.*)?"
)
_LOG_FOLDERS: Final = frozenset({_LOG, "/var/adm", "/var/log/journal", "/run/log/journal"})
_OLD: Final = Pattern(
    r"(?s:.*)(?:\.(?:\d+|gz|xz|bz2|zst|old|bak|\*gz|log\.\*|\[0-9\]\*?|\d\.\w+|\?)|-\d{8}.*|_\d{4}.*)"
)
_LONGEST: Final = 64
TAKING: Final = ERASERS | {"truncate", "-delete", "sh", "bash", "tee", "dd", "mv"}


def _is_audit(word: Word) -> bool:
    """Whether *word* is a log of logins and rights, or a pattern that one of them fits."""
    path = targets.path_of(word)
    if not path.startswith(("/var/", "/run/")) or (_OLD.fullmatch(path) and not word.is_glob):
        return False
    if path in _AUDIT_FILES or _AUDIT_PATH.fullmatch(path):
        return not _OLD.fullmatch(path)
    if path == _LOG:
        return True
    is_pattern = any(sign in path for sign in "*?[") and len(path) <= _LONGEST
    return is_pattern and any(
        fits(file, path) and file.count("/") == path.count("/") for file in _AUDIT_FILES
    )


def _wipes_audit(command: Command) -> bool:
    if not _is_on_finds(command) and any(_is_audit(word) for word in files_lost(command)):
        return True
    if command.name == "log":
        return command.has("erase") and command.has("--all")
    if command.name in {"wevtutil", "wevtutil.exe"}:
        return command.has("cl", "clear-log")
    if command.name == "lastlog":
        return command.has_letter("C") or command.has_long("--clear")
    return any(_takes_all_logs(search_roots) for search_roots in _searches(command))


_CLEANERS: Final = frozenset(
    "wtmpclean utmpclean logtamper zap2 wzap cloak2 vanish2 moonwalk mig-logcleaner logcleaner "
    "chusr clearlogs hidemyass xlogin grootkit".split()
)
"""Programs that take single logins out of the records of who was there."""


def _searches(command: Command) -> Iterator[tuple[Word, ...]]:
    """Yield where a search starts of which all finds are emptied or deleted."""
    if command.name in RUNNERS:
        search = search_of(command)
        takes = search is not None and not TAKING.isdisjoint(search.programs)
        is_wide = search is not None and not search.is_narrow
        if search and takes and (is_wide or _names_live_logs(command) or _takes_newest(command)):
            yield search.roots
    elif command.name in ERASERS or command.name == "truncate":
        for search in searches_feeding(command):
            if not search.is_narrow:
                yield search.roots


def _takes_newest(command: Command) -> bool:
    """Whether find asks for what was changed lately: `-mmin -60`."""
    pairs = pairwise(word.text for word in command.args)
    return any(a in {"-mtime", "-mmin", "-ctime"} and b.startswith("-") for a, b in pairs)


def _names_live_logs(command: Command) -> bool:
    """Whether find asks for nothing but a name that the live logs have: `-name '*.log'`."""
    texts = [word.text for word in takewhile(_is_test, command.args)]
    asks = {text for text in texts if text.startswith("-") and len(text) > len("-x")}
    names = [b for a, b in pairwise(texts) if a in {"-name", "-iname"}]
    return asks <= _PLAIN_TESTS and any(_LIVE_NAMES.fullmatch(name) for name in names)


def _is_test(word: Word) -> bool:
    return not word.text.startswith("-exec")


_LIVE_NAMES: Final = Pattern(
    r"\*\.?log\*?|(?:auth\.log|secure|[bw]tmp|lastlog|audit\.log|\*auth|\*tmp)\*?"
)
_PLAIN_TESTS: Final = frozenset(
    {"-name", "-iname", "-type", "-delete", "-exec", "-execdir", "-print", "-rf", "-size"}
)


def _takes_all_logs(roots: tuple[Word, ...]) -> bool:
    return any(targets.folder_of(root) in _LOG_FOLDERS for root in roots)


_SYSTEM_LOG: Final = Pattern(
    r"/var/log/(?:syslog|messages|kern\.log|daemon\.log|user\.log|mail\.(?:log|err)|cron(?:\.log)?"
    r"|debug|boot\.log|dmesg|dpkg\.log|system\.log|ufw\.log|fail2ban\.log|maillog|sudo.*"
    r"|journal(?:/.*)?)|/run/log/journal(?:/.*)?|/var/adm/messages"
    r"|/var/lib/(?:docker/containers|containers|kubelet)/.*\.log(?:[.*].*)?"
)


def _loses_log(command: Command) -> bool:
    if _is_on_finds(command):
        return False
    if any(_SYSTEM_LOG.fullmatch(targets.path_of(word)) for word in files_lost(command)):
        return True
    lost = files_lost if command.name in {"sed", "perl"} else files_erased
    words = tuple(lost(command))
    if any(_is_container_log(word) for word in words):
        return True
    erased = (targets.path_of(word) for word in words)
    return any(path.startswith("/var/log/") and not _OLD.fullmatch(path) for path in erased)


def _is_container_log(word: Word) -> bool:
    """Whether *word* is where docker or podman says that it writes: `$(docker inspect …)`."""
    return any("LogPath" in each.text for source in word.sources for each in source.args)


def _is_on_finds(command: Command) -> bool:
    """Whether a search says what it works on, and is judged itself."""
    return not RUNNERS.isdisjoint(command.wrappers)


_AGE: Final = Pattern(r"(\d+)\s*([a-zA-Z]*)")
_SHORT_UNITS: Final = frozenset(
    {"", "s", "sec", "second", "seconds", "m", "min", "minute", "minutes", "us", "ms", "h", "hour"}
    | {"hours", "hr"}
)
_SMALL_UNITS: Final = frozenset({"", "b", "k", "kb", "kib", "m", "mb", "mib"})
_SMALL_MEGABYTES: Final = 10


_VACUUM: Final = ("--vacuum-time", "--vacuum-size", "--vacuum-files")


def _shortens_journal(command: Command) -> bool:
    given = {name: value.text for name in _VACUUM for value in command.values(name)}
    time, size = given.get("--vacuum-time"), given.get("--vacuum-size")
    if time is not None and (match := _AGE.match(time)):
        return match[2].lower() in _SHORT_UNITS or match[1] == "0"
    if size is not None and (match := _AGE.match(size)):
        unit = match[2].lower()
        small = unit not in {"m", "mb", "mib"} or int(match[1][:9]) < _SMALL_MEGABYTES
        return unit in _SMALL_UNITS and small
    return given.get("--vacuum-files") in {"0", "1"}


def _clears_messages(command: Command) -> bool:
    return command.has_letter("cC") or command.has_long("--clear", "--read-clear")


_KEEPERS: Final = frozenset({"log", "wevtutil", "wevtutil.exe", "lastlog"})
EFFECTS: Final = (
    Effect("wipe-audit", _wipes_audit, ERASERS, WRITING),
    Effect("wipe-audit", _wipes_audit, RUNNERS | _KEEPERS),
    Effect("wipe-audit", lambda c: not c.has("--help", "-h", "--version"), _CLEANERS),
    Effect(
        "wipe-audit",
        lambda c: any(map(_is_audit, c.values("-o", "--output"))),
        frozenset({"utmpdump"}),
    ),
    Effect("empty-log", _loses_log, ERASERS, WRITING),
    Effect("shorten-journal", _shortens_journal, frozenset({"journalctl"})),
    Effect("clear-messages", _clears_messages, frozenset({"dmesg"})),
)
