"""The kernel and what it starts from: modules, boot loader, firmware, mounts, the clock."""

import re
from collections.abc import Callable
from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.editing import files_changed, text_put
from eidos.validator.effects.effect import WRITING, Effect
from eidos.validator.evaluating.options import Grammar, read_options
from eidos.validator.patterns import Pattern
from eidos.validator.places import targets

_HELP: Final = ("--help", "--version", "-h", "-v", "-?")


# Modules, and other kernels.

_STRANGE: Final = Pattern(
    r"(?:/tmp|/var/tmp|/dev/shm|/run/shm|/run/user|/home/[^/]+/\.|~/\.|~/Downloads)/|/\."
    r"|https?://"
)
_ROOTKITS: Final = Pattern(
    r"rootkit|diamorphine|reptile|suterusu|adore-?ng|knark|azazel|kovid|nuk3gh0st|puszek|enyelkm"
    r"|rkit|hide_?(?:proc|pid|me|mod)|keylog|backdoor|drovorub|facefish|syslogk|pingback",
    re.IGNORECASE,
)
_FETCHERS: Final = frozenset({"curl", "wget", "fetch", "aria2c", "scp", "nc", "ncat", "git"})


def _loads_strange_module(command: Command) -> bool:
    if any(_ROOTKITS.search(text) for text in command.texts):
        return True
    if any(source.name in _FETCHERS for source in command.reads):
        return True
    named = (*command.args, *(w for word in command.args for s in word.sources for w in s.args))
    return any(_STRANGE.search(f"{targets.path_of(word) or word.text}/") for word in named)


def _changes_modules(command: Command) -> bool:
    name = command.name
    if name == "dkms":
        return command.has("remove", "unbuild", "uninstall") and bool(command.operands)
    if name == "kmutil":
        return command.has("load", "unload")
    if name == "modprobe" and (command.has_letter("nDcV") or _only_asks(command)):
        return False
    return bool(command.operands) and not command.has("--help", "--version", "-h")


def _only_asks(command: Command) -> bool:
    return command.has_long("--show-depends", "--dry-run", "--showconfig", "--resolve-alias")


def _jumps(command: Command) -> bool:
    if command.name == "kexec":
        return command.has_letter("ef") or command.has_long("--exec", "--force")
    return command.has("kexec")


def _loads_kernel(command: Command) -> bool:
    return command.has_letter("lp") or command.has_long("--load", "--load-panic")


# What the machine starts from.

_Test = Callable[[Command], bool]


def _given(letters: str = "", words: str = "", longs: str = "") -> _Test:
    """Return whether a command has one of short options, one of words, or one long option."""
    words_asked, longs_asked = words.split(), longs.split()

    def asks(command: Command) -> bool:
        return (
            (bool(letters) and command.has_letter(letters))
            or command.has(*words_asked)
            or command.has_long(*longs_asked)
        )

    return asks


def _starts(*heads: str) -> _Test:
    return lambda command: any(text.startswith(heads) for text in command.texts)


_REMOVES_BOOT: Final[dict[str, _Test]] = {
    "efibootmgr": _given("BO", longs="--delete-bootnum"),
    "bootctl": _given(words="remove"),
    "update-initramfs": lambda c: c.has_letter("d") and c.has("all"),
    "grubby": lambda c: c.has("--remove-kernel=all") or list(c.values("--remove-kernel")) != [],
    "bcdedit": _given(words="/delete -delete"),
    "bcdedit.exe": _given(words="/delete -delete"),
    "nvram": _given("c"),
    "lilo": _given("uU"),
}
_CHANGES_BOOT: Final[dict[str, _Test]] = {
    "efibootmgr": _given("coaAnNtD", longs="--create --bootorder --bootnext"),
    "bootctl": _given(words="install set-default unlink set-oneshot"),
    "update-initramfs": _given("d"),
    "grubby": _starts("--remove", "--update", "--set-d"),
    "bcdedit": _given(words="/set -set /deletevalue"),
    "bcdedit.exe": _given(words="/set -set /deletevalue"),
    "nvram": lambda c: any("=" in text or text == "-d" for text in c.texts),
    "kernel-install": _given(words="remove"),
    "mokutil": _given(longs="--disable-validation --reset --delete"),
    "bless": _given(longs="--setBoot"),
    "efivar": _given("w", longs="--write"),
    "fw_setenv": lambda c: bool(c.operands),
    "nvramtool": _given("wC"),
    "sbctl": _given(words="reset"),
    "tpm2_clear": lambda c: not c.has(*_HELP),
    **dict.fromkeys(
        ("grub-install", "grub2-install", "lilo", "extlinux", "bootrec", "boot0cfg"),
        lambda c: not c.has(*_HELP),
    ),
}


def _removes_boot(command: Command) -> bool:
    return _REMOVES_BOOT[command.name](command)


def _changes_boot(command: Command) -> bool:
    return _CHANGES_BOOT[command.name](command)


_BOOT_SETTINGS: Final = Pattern(
    r"/etc/(?:default/grub(?:\.d/.*)?|grub\.d/.*|kernel/cmdline|cmdline\.d/.*|lilo\.conf)"
    r"|/boot/(?:firmware/)?cmdline\.txt|/boot/.*(?:\.cfg|\.conf|grubenv)"
    r"|/proc/cmdline|/etc/kernel/install\.d/.*"
)
_LOOSE_START: Final = Pattern(
    r"mitigations=off|\bno(?:pti|kaslr|smep|smap|exec)\b|(?:spectre_v2|spec_store_bypass_disable|pti"
    r"|l1tf|mds|tsx_async_abort|noexec)=off|nospectre_v[12]|(?:selinux|apparmor|audit|enforcing)=0"
    r"|lockdown=none|module\.sig_enforce=0|init=\\?/\S+|rd\.break|systemd\.unit=(?:rescue|emergency)"
    r"|security=none|iommu=off|ima_appraise=off|lsm=(?=['\"\s]|$)"
)


def _loosens_start(command: Command) -> bool:
    if command.name in {"grubby", "rpm-ostree", "kernelstub"}:
        return any(_LOOSE_START.search(text) for text in command.texts)
    changed = any(_BOOT_SETTINGS.fullmatch(targets.path_of(w)) for w in files_changed(command))
    return changed and _LOOSE_START.search(text_put(command)) is not None


# Clock, device files, probes.


def _sets_clock(command: Command) -> bool:
    match command.name:
        case "date" | "gdate":
            args = [word for word in command.args if not word.text.startswith("-I")]
            options = read_options(args, _DATE, len(args))
            if options.has("-j"):  # BSD and macOS: only convert
                return False
            operands = options.operands[:1]
            return options.has("-s", "--set") or any(_MMDDHHMM.fullmatch(w.text) for w in operands)
        case "hwclock":
            return command.has_long("--set") or command.has("--date")
        case "timedatectl":
            return command.has("set-time")
        case "systemsetup":
            return command.has("-setdate", "-settime", "-setusingnetworktime")
        case _:
            return command.has("settime") or any(t.startswith("-s") for t in command.texts)


_DATE: Final = Grammar("dfrsvz", frozenset({"--date", "--reference", "--file", "--set"}))
_MMDDHHMM: Final = Pattern(r"(?:0\d|1[0-2])[0-3]\d[0-2]\d[0-5]\d(?:\d\d){0,2}(?:\.\d\d)?")
_HARMLESS_NODES: Final = frozenset(
    {("1", "3"), ("1", "5"), ("1", "7"), ("1", "8"), ("1", "9"), ("5", "0"), ("5", "1"), ("5", "2")}
)
_NODE_WORDS: Final = 4


def _makes_device(command: Command) -> bool:
    texts = [word.text for word in command.operands][-_NODE_WORDS:]
    if len(texts) < _NODE_WORDS or texts[1] not in {"b", "c", "u"}:
        return False
    return (texts[2], texts[3]) not in _HARMLESS_NODES


def _changes_machine(command: Command) -> bool:
    match command.name:
        case "bpftool":
            return command.has("load", "loadall", "attach", "detach", "pin")
        case "setpci":
            return any(re.search(r"\w=", text) for text in command.texts)
        case "chcpu" | "chmem":
            return command.has_letter("dg") or command.has_long("--disable", "--deconfigure")
        case "i2cset" | "i2ctransfer":
            return len(command.operands) > 2 and not command.has(*_HELP)  # noqa: PLR2004
        case "stap":
            return command.has_letter("g")
        case _:
            return bool(command.operands)


def _of(names: str) -> frozenset[str]:
    return frozenset(names.split())


_LOADERS: Final = _of("insmod modprobe kextload kmutil kextutil")
EFFECTS: Final = (
    Effect("load-strange-module", _loads_strange_module, _LOADERS),
    Effect("jump-kernel", _jumps, _of("kexec")),
    Effect("remove-boot", _removes_boot, frozenset(_REMOVES_BOOT)),
    Effect(
        "change-modules",
        _changes_modules,
        _of("insmod modprobe rmmod dkms kextload kextunload kldload kldunload kmutil"),
    ),
    Effect("load-kernel", _loads_kernel, _of("kexec")),
    Effect("change-boot", _changes_boot, frozenset(_CHANGES_BOOT)),
    Effect("loosen-start", _loosens_start, when=WRITING),
    Effect("loosen-start", _loosens_start, _of("grubby rpm-ostree kernelstub")),
    Effect(
        "set-clock", _sets_clock, _of("date gdate hwclock timedatectl systemsetup chronyc adjtimex")
    ),
    Effect("make-device", _makes_device, _of("mknod")),
    Effect(
        "change-machine",
        _changes_machine,
        _of("bpftool setpci stap wrmsr isaset superiotool ectool chcpu chmem i2cset i2ctransfer"),
    ),
)
