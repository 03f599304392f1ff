"""Services that a command stops, switches off, or kills, in the words of each service manager."""

from collections.abc import Callable, Iterator
from posixpath import basename
from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.signals import processes_ended

_STOPPING: Final = frozenset(
    "stop disable mask kill off remove down del delete unload bootout force-stop fast-stop "
    "onestop forcestop freeze exit stop-unit --del".split()
)
_ASKS_AGAIN: Final = frozenset({"HUP", "SIGHUP", "--SIGNAL=HUP", "USR1", "--SIGNAL=SIGHUP"})
_INIT_SCRIPTS: Final = ("/etc/init.d/", "/etc/rc.d/", "/usr/local/etc/rc.d/")
_SUFFIXES: Final = (".service", ".socket", ".target", ".timer", ".plist", ".slice", ".scope")


def services_stopped(command: Command) -> Iterator[str]:
    """Yield the names of the services that *command* stops, in small letters, without suffixes."""
    reader = _READERS.get(command.name)
    if reader is not None:
        yield from (_bare(text) for text in reader(command))
    elif runs_init_script(command) and command.has(*_STOPPING):
        yield _bare(command.words[0].text)


def runs_init_script(command: Command) -> bool:
    """Whether *command* is the script of a service, which says by its path which."""
    return bool(command.words) and command.words[0].text.startswith(_INIT_SCRIPTS)


def _bare(text: str) -> str:
    name = basename(text.rstrip("/")).lower()
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def _after_verb(command: Command) -> Iterator[str]:
    """`systemctl stop NAME…`."""
    operands = [word.text for word in command.operands]
    if not _ASKS_AGAIN.isdisjoint(word.text.upper() for word in command.args):
        return
    for position, text in enumerate(operands):
        if text in _STOPPING:
            yield from operands[position + 1 :]
            return


def _before_verb(command: Command) -> Iterator[str]:
    """`service NAME stop`."""
    operands = [word.text for word in command.operands]
    if _STOPPING.intersection(operands[1:]):
        yield operands[0]


def _beside_verb(command: Command) -> Iterator[str]:
    """`update-rc.d -f NAME remove`, `rc-update del NAME`, `chkconfig --del NAME`."""
    if not _STOPPING.isdisjoint(word.text for word in command.args):
        yield from (word.text for word in command.operands if word.text not in _STOPPING)


_READERS: Final[dict[str, Callable[[Command], Iterator[str]]]] = {
    **dict.fromkeys(("systemctl", "launchctl", "sv", "initctl", "dinitctl"), _after_verb),
    **dict.fromkeys(("supervisorctl", "net", "sc", "sc.exe", "svcadm", "rcctl"), _after_verb),
    **dict.fromkeys(("service", "rc-service", "invoke-rc.d"), _before_verb),
    **dict.fromkeys(("update-rc.d", "rc-update", "insserv", "chkconfig"), _beside_verb),
    **dict.fromkeys(("kill", "pkill", "killall", "skill"), processes_ended),
}
STOPPERS: Final = frozenset(_READERS)
