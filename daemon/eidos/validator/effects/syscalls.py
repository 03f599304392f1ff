"""What programs ask of the kernel without any command: system calls by number or by name."""

from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.effect import Effect
from eidos.validator.effects.streams import INTERPRETERS, LONGEST_CODE
from eidos.validator.patterns import Pattern

_CALLS: Final = {
    "load-strange-module": ("175", "313", "SYS_init_module", "SYS_finit_module"),
    "jump-kernel": ("246", "320", "SYS_kexec_load", "SYS_kexec_file_load"),
    "power": ("169", "SYS_reboot"),
    "unmount-system": ("155", "166", "SYS_pivot_root", "SYS_umount2"),
}
"""Numbers of x86-64, the machines that most of these programs are written for."""
_NAMED: Final = {
    "load-strange-module": r"\bf?init_module",
    "jump-kernel": r"\bkexec_(?:file_)?load",
    "power": r"(?:\)|\b(?:libc|c|lib|dll|_libc))\.reboot|\breboot\s*\(\s*(?:0x[\dA-Fa-f]{6,}|RB_)",
    "unmount-system": r"(?:\)|libc)\.(?:umount2?|pivot_root)",
}
_FOUND: Final = {
    rule: Pattern(rf"\bsyscall\s*\(?\s*(?:&?(?:{'|'.join(numbers)}))\b|(?:{_NAMED[rule]})\b")
    for rule, numbers in _CALLS.items()
}


def _calls(rule: str, command: Command) -> bool:
    pattern = _FOUND[rule]
    return any(
        ("call" in word.text or "CDLL" in word.text or "libc" in word.text)
        and pattern.search(word.text[:LONGEST_CODE])
        for word in command.args[:8]
    )


def _effect(rule: str) -> Effect:
    return Effect(rule, lambda command: _calls(rule, command), INTERPRETERS)


EFFECTS: Final = tuple(_effect(rule) for rule in _FOUND)
