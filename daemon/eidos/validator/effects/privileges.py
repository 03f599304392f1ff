"""Programs that act for whoever starts them: setuid, setgid, capabilities."""

from typing import Final

from eidos.validator.commands import Command, Word, family, program
from eidos.validator.effects.effect import Effect, aims_at
from eidos.validator.effects.granted import INSTALLERS, MODES, granted
from eidos.validator.patterns import Pattern
from eidos.validator.places import targets

_SHELLS: Final = frozenset(
    {"ash", "bash", "busybox", "csh", "dash", "fish", "ksh", "mksh", "rbash", "sh", "tcsh", "zsh"}
)
_INTERPRETERS: Final = _SHELLS | frozenset(
    "awk cp dd docker ed emacs env expect find gawk gdb git irb java less lua make man mawk more mv"
    " nano nmap node perl php pip python ruby rvim sed socat strace systemctl tar taskset"
    " tclsh tee time timeout vi view vim vimdiff wget xargs zip".split()
)
"""Programs that run, read or write whatever they are told to (GTFOBins lists them)."""
_CALLED: Final = Pattern(r"(?:which|command -v|type -p|realpath)\s+([\w.-]+)")
_LAST_RESORT: Final = Pattern(r"/(?:tmp|var/tmp|dev/shm)/.|.*/\.[^/]+$")


def _is_interpreter(word: Word) -> bool:
    called = None if word.is_known else _CALLED.search(word.text)
    name = called[1] if called else program(Word(word.text))
    return family(name) in _INTERPRETERS


def _makes_root_shell(command: Command) -> bool:
    mode, files, _ = granted(command)
    if mode is None or not mode.sets_user:
        return False
    copies = [word for source in command.reads for word in source.args]
    return any(
        _is_interpreter(word) or _LAST_RESORT.match(targets.path_of(word)) for word in files
    ) or aims_at(copies, _is_interpreter)


def _sets_user(command: Command) -> bool:
    mode, files, _ = granted(command)
    if mode is None:
        return False
    return (mode.sets_user and bool(files)) or (mode.sets_group and aims_at(files, _is_program))


def _is_program(word: Word) -> bool:
    return _PROGRAM_FILE.match(targets.path_of(word)) is not None


_PROGRAM_FILE: Final = Pattern(r"/(?:usr/(?:local/)?|opt/[^/]+/)?(?:s?bin|libexec)/.|/usr/lib/.")


def _gives_capability(command: Command) -> str:
    """Return the capabilities that setcap gives; "" when it takes them."""
    if command.has_letter("r") or len(command.operands) < len(("capabilities", "file")):
        return ""
    return command.operands[0].text.lower()


_MIGHTY: Final = Pattern(
    r"cap_(?:setuid|setgid|dac_override|dac_read_search|sys_admin|sys_ptrace|sys_module|chown"
    r"|fowner|setfcap|sys_rawio|bpf|setpcap|sys_chroot|mknod)\b|^all\b|^[=+]?[eip]*[=+][eip]+$"
)


def _makes_mighty_interpreter(command: Command) -> bool:
    capabilities = _gives_capability(command)
    return _MIGHTY.search(capabilities) is not None and aims_at(
        command.operands[1:], _is_interpreter
    )


def _makes_mighty(command: Command) -> bool:
    return _MIGHTY.search(_gives_capability(command)) is not None


_GIVERS: Final = MODES | INSTALLERS
PRIVILEGES: Final[tuple[Effect, ...]] = (
    Effect("setuid-shell", _makes_root_shell, _GIVERS),
    Effect("capable-interpreter", _makes_mighty_interpreter, frozenset({"setcap"})),
    Effect("setuid-program", _sets_user, _GIVERS),
    Effect("capable-program", _makes_mighty, frozenset({"setcap"})),
)
