"""Settings of the running kernel: what is written to /proc and /sys, and with sysctl."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from eidos.validator.commands import Command, Word
from eidos.validator.effects.editing import files_changed, text_put, values_put
from eidos.validator.effects.effect import WRITING, Effect
from eidos.validator.patterns import Pattern, fits
from eidos.validator.places import targets


class Setting(NamedTuple):
    """One setting and what it is set to; None: only running would tell."""

    name: str
    value: str | None


_PROC_SYS: Final = "/proc/sys/"
_SYSCTL_FILES: Final = Pattern(r"/(?:etc|run|usr/lib)/sysctl(?:\.conf|\.d/.*)")
_IN_TEXT: Final = Pattern(
    r"([a-z]+[./][\w./*-]+)\s*=\s*(\|?/[^\s'\"]+|[^\s'\"\\/,;|#]+)", re.IGNORECASE
)
_MAX_IN_TEXT: Final = 4096


def settings_made(command: Command) -> Iterator[Setting]:
    """Yield what *command* sets, now or for the next start."""
    if command.name == "sysctl":
        yield from _by_sysctl(command)
        return
    for word in files_changed(command):
        path = _path(word)
        if path.startswith(_PROC_SYS):
            name = path.removeprefix(_PROC_SYS).replace("/", ".")
            yield Setting(name, " ".join(values_put(command)) or None)
        elif _SYSCTL_FILES.fullmatch(path):
            found = _IN_TEXT.finditer(text_put(command)[:_MAX_IN_TEXT])
            yield from (Setting(m[1].replace("/", "."), m[2]) for m in found)


def _by_sysctl(command: Command) -> Iterator[Setting]:
    texts = [word.text for word in command.args]
    for text, following in pairwise([*texts, ""]):
        name, equals, value = text.partition("=")
        if equals and not name.startswith("-"):
            is_open = not value and following and "=" not in following
            yield Setting(name.strip().replace("/", "."), following if is_open else value.strip())


_Test = Callable[[str], bool]


def _is(*values: str) -> _Test:
    return lambda value: value in values


def _is_under(limit: int) -> _Test:
    return lambda value: value.isdigit() and int(value[:18]) < limit


def _is_on(value: str) -> bool:
    return value not in {"0", "-1"}


def _is_huge(value: str) -> bool:
    return re.fullmatch(r"[1-9]\d{7,}", value) is not None


def _is_any(_value: str) -> bool:
    return True


_OFF: Final = _is("0", "-1", "n", "N")
_WEAK_VALUES: Final[tuple[tuple[str, _Test], ...]] = (
    (r"kernel\.(?:randomize_va_space|kptr_restrict|dmesg_restrict|exec-shield)", _OFF),
    (r"kernel\.(?:yama\.ptrace_scope|perf_event_paranoid|unprivileged_bpf_disabled)", _OFF),
    (r"kernel\.(?:kexec_load_disabled|modules_disabled|io_uring_disabled)", _OFF),
    (r"kernel\.apparmor_restrict_\w+|kernel\.tainted|dev\.tty\.ldisc_autoload", _OFF),
    (r"kernel\.unprivileged_userns_\w+|kernel\.sysrq|net\.core\.bpf_jit_kallsyms", _is_on),
    (r"kernel\.(?:panic|panic_on_\w+|softlockup_panic|hung_task_panic)", _is_on),
    (r"kernel\.(?:pid_max|threads-max)|fs\.(?:file-max|nr_open)", _is_under(2000)),
    (r"kernel\.(?:usermodehelper|cap_last_cap|cad_pid)\b.*|kernel\.ftrace_dump\w*", _is_any),
    (r"fs\.protected_(?:hardlinks|symlinks|fifos|regular)", _OFF),
    (r"fs\.suid_dumpable", _is("1", "2")),
    (r"vm\.(?:mmap_min_addr|panic_on_oom|mmap_rnd\w*)", _is("0", "1", "2")),
    (r"vm\.(?:min_free_kbytes|nr_hugepages)", _is_huge),
    (r"net\.ipv4\.tcp_syncookies|net\.ipv[46]\.conf\..*\.rp_filter", _OFF),
    (r"net\.ipv[46]\.conf\..*\.(?:accept_redirects|accept_source_route|bootp_relay)", _is_on),
    (r"net\.ipv4\.icmp_echo_ignore_broadcasts", _OFF),
    (r"net\.core\.bpf_jit_harden|user\.max_\w+", _OFF),
    (r"kern\.(?:securelevel|secure_kernel)|security\.(?:bsd|mac)\..*", _OFF),
)
_WEAKENING: Final = tuple((Pattern(pattern), test) for pattern, test in _WEAK_VALUES)
_HELPERS: Final = Pattern(
    r"kernel\.(?:core_pattern|modprobe|hotplug|poweroff_cmd)|fs\.binfmt_misc\..*"
)
"""Names of programs that the kernel starts as root, on its own."""
_USUAL_HELPERS: Final = Pattern(
    r"\|?(?:/usr)?(?:/s?bin/(?:modprobe|true|false)|/lib/systemd/systemd-coredump"
    r"|/share/apport/apport|/libexec/abrt-hook-ccpp)\b.*|/sbin/poweroff|"
)
_HELPER_FILES: Final = Pattern(
    r"/sys/kernel/uevent_helper|/sys/fs/cgroup(?:/.*)?/(?:release_agent|notify_on_release)"
    r"|/tmp/[^/]+/release_agent|/proc/sys/fs/binfmt_misc/.*"
)


def _sets_helper(command: Command) -> bool:
    if any(_HELPER_FILES.fullmatch(_path(word)) for word in files_changed(command)):
        return True
    for name, value in settings_made(command):
        if not _HELPERS.fullmatch(name):
            continue
        is_program = value is None or value.startswith(("|", "/"))
        if is_program and not _USUAL_HELPERS.fullmatch(value or "/"):
            return True
    return False


def _weakens(command: Command) -> bool:
    return any(_is_weakening(setting) for setting in settings_made(command))


def _is_weakening(setting: Setting) -> bool:
    tests = (test for pattern, test in _WEAKENING if pattern.fullmatch(setting.name))
    value = setting.value
    return any(value is None or test(value) for test in tests)


# Files that act at once when they are written.

_MEMORY: Final = Pattern(
    r"/dev/(?:k?mem|port)|/proc/(?:kcore|kmem|(?:\d+|self|\$\{?\w+\}?|\$\$|\*)/mem)"
    r"|/sys/firmware/efi/efivars/.+|/dev/cpu/[^/]+/msr"
)
_TRIGGER: Final = Pattern(r"/proc/sysrq-trigger")
_RISKY: Final = Pattern(
    r"/sys/kernel/debug/(?!tracing/|dri/|usb/|dynamic_debug/|sched/|bdi/).*|/sys/kernel/livepatch/.*"
    r"|/sys/(?:class/thermal|devices/virtual/thermal)/.*/(?:mode|emul_temp|trip_point\w*)"
    r"|/sys/(?:class/hwmon|devices/platform)/.*/pwm\d\w*|/dev/watchdog\d*"
    r"|/sys/(?:block|class/block)/[^/]+/device/(?:delete|state)|/sys/bus/scsi/.*/delete"
    r"|/sys/bus/(?!usb/)[^/]+/drivers/[^/]+/unbind|/sys/.*/remove|/proc/acpi/.*|/proc/scsi/scsi"
    r"|/sys/fs/cgroup/(?:.*/)?cgroup\.(?:kill|freeze)|/proc/mtrr"
    r"|/sys/devices/system/(?:cpu|memory|node)/.*(?:online|state|offline(?:_page)?|control)"
    r"|/sys/class/net/[^/]+/(?:carrier|flags)|/sys/class/(?:block|nvme)/.*/reset_controller"
    r"|/sys/power/(?:state|disk)|/dev/nvram|/sys/module/\w+/parameters/.*disable.*"
)
_ZERO_READERS: Final = frozenset({"mem", "disk", "freeze", "standby"})
_SWITCHED_ON: Final = Pattern(r"/sys/devices/system/.*|/sys/class/net/.*/carrier")
_ON: Final = frozenset({"1", "online", "auto", "online_movable"})
_STANDING_STILL: Final = Pattern(
    r"/sys/fs/cgroup(?:/(?:unified|systemd))?(?:/(?:user|system|init|machine)\.(?:slice|scope))?"
    r"/cgroup\.(?:kill|freeze)"
)


_ACTING: Final = (
    *("/proc/sysrq-trigger", "/proc/kcore", "/dev/mem", "/dev/kmem", "/dev/port"),
    *("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/sys/kernel/uevent_helper"),
    *("/proc/sys/kernel/randomize_va_space", "/sys/fs/cgroup/cgroup.kill"),
)
_LONGEST: Final = 64


def _path(word: Word) -> str:
    """Return the path of *word*; of a pattern, the file that acts at once and that it fits."""
    path = targets.path_of(word)
    if word.is_glob and path.startswith(("/proc", "/sys", "/dev")) and len(path) <= _LONGEST:
        return next((known for known in _ACTING if _fits(known, path)), path)
    return path


def _fits(path: str, pattern: str) -> bool:
    return path.count("/") == pattern.count("/") and fits(path, pattern)


def _triggers(command: Command) -> bool:
    return any(_TRIGGER.fullmatch(_path(word)) for word in files_changed(command))


def _writes_memory(command: Command) -> bool:
    if command.name in {"devmem", "devmem2", "busybox-devmem"}:
        return len(command.operands) > 2  # noqa: PLR2004 - address, width, value
    return any(_MEMORY.fullmatch(_path(word)) for word in files_changed(command))


def _ends_everything(command: Command) -> bool:
    """Whether all that the system, or all that users run is ended, or stands still."""
    return any(_STANDING_STILL.fullmatch(_path(word)) for word in files_changed(command))


def _writes_risky(command: Command) -> bool:
    for word in files_changed(command):
        path = _path(word)
        if not _RISKY.fullmatch(path):
            continue
        values = values_put(command)
        if path.startswith("/sys/power/") and not _ZERO_READERS.isdisjoint(values):
            continue
        if _SWITCHED_ON.fullmatch(path) and not _ON.isdisjoint(values):
            continue
        return True
    return False


ENDING: Final = (Effect("kill-all", _ends_everything, when=WRITING),)
_SYSCTL: Final = frozenset({"sysctl"})
EFFECTS: Final = (
    Effect("kernel-trigger", _triggers, when=WRITING),
    Effect("kernel-memory", _writes_memory, when=WRITING),
    Effect("kernel-memory", _writes_memory, frozenset({"devmem", "devmem2"})),
    Effect("kernel-helper", _sets_helper, when=WRITING),
    Effect("kernel-helper", _sets_helper, _SYSCTL),
    Effect("kernel-setting", _weakens, when=WRITING),
    Effect("kernel-setting", _weakens, _SYSCTL),
    Effect("kernel-device", _writes_risky, when=WRITING),
)
