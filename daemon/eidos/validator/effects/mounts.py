"""What `mount` lays over the system, and what `umount` takes from it."""

from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.effect import Effect
from eidos.validator.evaluating.options import Grammar, read_options
from eidos.validator.patterns import Pattern
from eidos.validator.places import places, targets

_MOUNT: Final = Grammar("otLUONpc", frozenset({"--options", "--types", "--label", "--uuid"}))
_BINDS: Final = {
    "-B": "bind",
    "--bind": "bind",
    "-R": "rbind",
    "--rbind": "rbind",
    "-M": "move",
    "--move": "move",
}
_OWN_MOUNTS: Final = frozenset(
    {"/boot", "/boot/efi", "/efi", "/esp", "/dev", "/proc", "/sys", "/run", "/home", "/media"}
    | {"/mnt", "/opt", "/srv", "/var", "/var/lib", "/var/log", "/snap", "/usr/local", "/Volumes"}
)
"""System folders that are file systems of their own on many machines."""
_COVERS: Final = frozenset({"bind", "rbind", "move"})
_PROGRAM_TREES: Final = Pattern(
    r"/(?:usr/)?(?:s?bin|lib(?:32|64|exec)?)/.+|/etc/.+|/proc/sys.*|/root/\.ssh.*|/boot/.+"
)
_HIDDEN_PROCESS: Final = Pattern(r"/proc/(?:\d+|self|\$\{?\w+\}?|\$\$|\$\(.*\)|\*)(?:/.*)?")


class Mount:
    """What `mount` is told: with which options, what, and where."""

    def __init__(self, command: Command) -> None:
        given = read_options(command.args, _MOUNT, len(command.args))
        values = (o.value.text for o in given.given if o.name in {"-o", "--options"} and o.value)
        named = {option for text in values for option in text.split(",")}
        self.options = named | {_BINDS[o.name] for o in given.given if o.name in _BINDS}
        self.is_change = "remount" in named or given.has("-u", "--update")
        self.operands = given.operands

    @property
    def point(self) -> str:
        """Where something is mounted; "" when nothing new is."""
        where = self.operands[1:][-1:]
        return targets.path_of(where[0]) if where and not self.is_change else ""


def _covers_system(command: Command) -> bool:
    mount = Mount(command)
    point = mount.point
    if not point:
        return False
    covers = not _COVERS.isdisjoint(mount.options)
    if point in places.CORE_FOLDERS:
        return covers or point not in _OWN_MOUNTS
    return covers and _PROGRAM_TREES.fullmatch(point) is not None


def _hides_process(command: Command) -> bool:
    point = Mount(command).point
    return point.startswith("/proc/") and _HIDDEN_PROCESS.fullmatch(point) is not None


_STANDING: Final = frozenset({"rw", "ro", "exec", "suid", "dev"})
_REMOUNTED: Final = places.CORE_FOLDERS | {"/tmp", "/var/tmp", "/dev/shm", "/system"}


def _remounts(command: Command) -> bool:
    mount = Mount(command)
    is_by_letter = command.has_letter("u") and command.has_letter("wr")  # macOS: `mount -uw /`
    if not mount.is_change or not (is_by_letter or not _STANDING.isdisjoint(mount.options)):
        return False
    return any(targets.path_of(word) in _REMOUNTED for word in mount.operands)


def _unmounts_system(command: Command) -> bool:
    if command.name in {"pivot_root", "switch_root"}:
        return bool(command.operands)
    if command.has_letter("a") or command.has_long("--all"):
        return not command.has_letter("tO")
    return any(targets.path_of(word) in places.CORE_FOLDERS for word in command.operands)


EFFECTS: Final = (
    Effect("cover-system", _covers_system, frozenset({"mount", "mount_nullfs", "bindfs"})),
    Effect("hide-process", _hides_process, frozenset({"mount"})),
    Effect("remount-system", _remounts, frozenset({"mount"})),
    Effect("unmount-system", _unmounts_system, frozenset({"umount", "pivot_root", "switch_root"})),
)
