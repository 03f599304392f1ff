"""Programs and files that pass for something else: false names, false dates, hidden places."""

from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.effects.editing import ERASERS, files_changed
from eidos.validator.effects.effect import UNPLAIN, WRITING, Effect
from eidos.validator.evaluating.options import Grammar, read_options
from eidos.validator.patterns import Pattern
from eidos.validator.places import targets

_KERNEL_THREAD: Final = Pattern(r"\[\w[^\[\]]*\]")
_SYSTEM_NAMES: Final = Pattern(
    r"\[.*\]|(?:/\S*/)?(?:sshd|systemd\S*|init|cron|crond|dbus-daemon|kworker\S*|kthreadd|ksoftirqd\S*"
    r"|rsyslogd|apache2?|httpd|nginx|NetworkManager|udevd|agetty|login|sudo)(?:[\s:].*)?"
)


def _runs_under_false_name(command: Command) -> bool:
    if command.name == "exec":
        options = read_options(command.args, Grammar("a"))
        name = options.value_of(frozenset({"-a"}))
        return name is not None and _SYSTEM_NAMES.fullmatch(name.text) is not None
    folder, _, name = command.words[0].text.rpartition("/")
    return bool(folder) and _KERNEL_THREAD.fullmatch(name) is not None


def _passes_for_kernel(command: Command) -> bool:
    """Whether a program runs under the name of a thread of the kernel, or from a hidden place."""
    if command.name != "exec":
        return _runs_under_false_name(command)
    options = read_options(command.args, Grammar("a"), len(command.args))
    name = options.value_of(frozenset({"-a"}))
    if name is None or _SYSTEM_NAMES.fullmatch(name.text) is None:
        return False
    return _KERNEL_THREAD.fullmatch(name.text) is not None or any(
        _is_hidden(word) for word in options.operands[:1]
    )


_HIDDEN: Final = Pattern(
    r"/(?:dev/shm|run/shm|dev/mqueue)/.+|/(?:var/)?tmp/(?:[^/]+/)*\.[^/].*|/dev/\.[^/].*"
)
_READING_FIRST: Final = frozenset(
    {"sh", "bash", "zsh", "dash", "ksh", "python", "perl", "ruby", "node", "php", "source", "."}
)


def _runs_from_hiding(command: Command) -> bool:
    if not command.words:
        return False
    first = command.words[0]
    called = command.source.partition(" ")[0]  # a copy of a program is judged as that program
    if "/" in first.text and (_is_hidden(first) or _is_hidden(Word(called))):
        return True
    if command.family not in _READING_FIRST:
        return False
    return any(_is_hidden(word) for word in command.operands[:1])


def _is_hidden(word: Word) -> bool:
    path = targets.path_of(word)
    return path.startswith(("/dev/", "/tmp/", "/var/tmp/", "/run/")) and (
        _HIDDEN.fullmatch(path) is not None
    )


_TOUCH: Final = Grammar("dtrA", frozenset({"--date", "--reference", "--time"}))
_SYSTEM_FILES: Final = Pattern(
    r"/usr/(?!local/|src/).+"
    r"|/(?:bin|sbin|boot|etc|lib\w*|opt|root|var/(?:log|lib|spool)|System|Library)"
    r"(?:/.*)?|(?:~|/home/[^/]+)/\.(?:ssh|bash|zsh|profile|config/autostart).*"
)


def _falsifies_date(command: Command) -> bool:
    options = read_options(command.args, _TOUCH, len(command.args))
    stamped = options.has("-d", "-t", "-r", "-A", "--date", "--reference")
    if not stamped:
        return False
    reference = options.value_of(frozenset({"-r", "--reference"}))
    files = (*options.operands, reference) if reference else options.operands
    return any(_SYSTEM_FILES.fullmatch(targets.path_of(word)) for word in files)


_OWN_SCRIPT: Final = Pattern(r"[\"']?\$(?:\{0\}|0|BASH_SOURCE|\{BASH_SOURCE(?:\[0\])?\})[\"']?")


_SHELLS: Final = frozenset({"bash", "sh", "zsh", "fish", "/bin/bash"})
"""What `$0` is at a prompt."""


def _deletes_itself(command: Command) -> bool:
    if any(_OWN_SCRIPT.fullmatch(word.text) for word in command.operands):
        return True
    return "$0" in command.source and any(word.text in _SHELLS for word in command.operands)


_OWN_NAME: Final = Pattern(r"/proc/(?:self|\$\$|\d+)/comm")


def _renames_itself(command: Command) -> bool:
    return any(_OWN_NAME.fullmatch(targets.path_of(word)) for word in files_changed(command))


EFFECTS: Final = (
    Effect("false-name", _renames_itself, when=WRITING),
    Effect("kernel-name", _passes_for_kernel, frozenset({"exec"})),
    Effect("kernel-name", lambda c: c.name[:1] == "[" and _passes_for_kernel(c), when=UNPLAIN),
    Effect("false-name", _runs_under_false_name, frozenset({"exec"})),
    Effect("hidden-run", _runs_from_hiding, _READING_FIRST, UNPLAIN),
    Effect("false-date", _falsifies_date, frozenset({"touch", "gtouch"})),
    Effect("delete-itself", _deletes_itself, ERASERS),
)
