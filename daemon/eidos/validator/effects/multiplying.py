"""Processes that start more of themselves, until the machine stands still."""

from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.effect import REPEATED, Effect
from eidos.validator.effects.streams import flowing_into, is_endless
from eidos.validator.patterns import Pattern

_SELF: Final = Pattern(r"(?:\./)?[\"']?\$(?:\{0\}|0|BASH_SOURCE|\{BASH_SOURCE(?:\[0\])?\})[\"']?")
_SELF_PATHS: Final = frozenset({"/proc/self/exe", "/proc/$$/exe"})
_SHELLS: Final = frozenset({"sh", "bash", "zsh", "dash", "ksh", "fish", "ash"})
_DETACHING: Final = frozenset(
    {"xdg-open", "open", "gio", "gnome-terminal", "konsole", "xfce4-terminal", "at", "batch"}
)
"""Programs that return at once, and leave one more process behind."""


def _multiplies(command: Command) -> bool:
    if _calls_itself(command):
        walks = command.in_loop and bool(command.args)  # a function that goes down a tree
        return command.is_background or (command.is_parallel and not walks)
    if command.in_endless_loop and _leaves_process(command):
        return True
    if not (command.is_parallel or command.is_background):
        return False
    return _is_own_program(command) or _is_own_script(command)


_PAST_FUNCTIONS: Final = frozenset(
    "command builtin env exec sudo doas nohup nice ionice timeout stdbuf setsid find xargs busybox "
    "strace unbuffer chroot runuser systemd-run watch".split()
)
"""Wrappers that know no functions of the shell: inside `ls() { command ls; }` nothing recurs."""


def _calls_itself(command: Command) -> bool:
    wrappers = command.wrappers[-1:]
    return command.name in command.inside and _PAST_FUNCTIONS.isdisjoint(wrappers)


def _leaves_process(command: Command) -> bool:
    if command.is_background:
        return command.name not in _HARMLESS
    if command.name in {"docker", "podman"}:
        return command.has("run") and command.has_letter("d")
    return command.name in _DETACHING


_HARMLESS: Final = frozenset({"", "wait", "[", "test", "cd"})


_GENERATIONS: Final = 3


def _is_own_script(command: Command) -> bool:
    """Whether a script that the line wrote starts itself again and again, beside itself."""
    again = command.wrappers.count(command.name)
    return command.name in _SHELLS and again >= _GENERATIONS and bool(command.program_from)


def _is_own_program(command: Command) -> bool:
    """Whether the script starts itself: `$0`, or a shell that reads `$0`."""
    if not command.words:
        return False
    first = command.words[0]
    if _SELF.fullmatch(first.text) or first.text in _SELF_PATHS:
        return True
    if command.name not in _SHELLS:
        return False
    if any(_SELF.fullmatch(word.text) for word in command.args):
        return True
    return not command.args and "$0" in command.source.replace("{0}", "0")


def _recurses(command: Command) -> bool:
    return _calls_itself(command) and not command.args


def _multiplies_through_xargs(command: Command) -> bool:
    """Whether programs are started without end, beside each other, for endless input."""
    if not any(map(is_endless, flowing_into(command))):
        return False
    jobs = [word.text for word in command.values("-P", "--max-procs", "-j", "--jobs")]
    return command.name == "parallel" or any(text != "1" for text in jobs)


def _lifts_limits(command: Command) -> bool:
    if command.name == "ulimit":
        return command.has("unlimited") and command.has_letter("uvmpd")
    return any(_NO_LIMIT.match(word.text) for word in command.args)


_NO_LIMIT: Final = Pattern(r"--(?:nproc|as|rss)=unlimited")

EFFECTS: Final = (
    Effect("fork-bomb", _multiplies, when=REPEATED),
    Effect("fork-bomb", _multiplies_through_xargs, frozenset({"xargs", "parallel"})),
    Effect("fork-bomb", lambda c: c.in_endless_loop, frozenset({"fork"})),
    Effect("endless-recursion", _recurses, when=REPEATED),
    Effect("lift-limits", _lifts_limits, frozenset({"ulimit", "prlimit"})),
)
