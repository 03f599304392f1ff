"""Programs in the text of a line that a compiler is given, and that then stop the machine."""

from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.editing import text_put
from eidos.validator.effects.effect import Effect
from eidos.validator.patterns import Pattern

_COMPILERS: Final = frozenset(
    "gcc cc tcc clang g++ c++ clang++ c99 c89 go rustc javac java zig nim crystal kotlinc scala "
    "swift swiftc ghc runghc ocaml dmd rdmd ldc2 gccgo v mcs csc dotnet fpc gfortran as".split()
)
_ENDLESS: Final = Pattern(
    r"\bwhile\s*\(?\s*(?:1|true|TRUE|!0)\b|\bfor\s*\(\s*;\s*;\s*\)|\bfor\s*\{|\bloop\s*\{"
    r"|\b(?:while|for)\s*\([^)]{0,40}\b(?:fork|malloc|calloc)\s*\(|\bforever\b|\bgoto\s+\w"
    r"|\bwhile\s*\(\s*fork|\bdo\b[^;]{0,80};?\s*\}?\s*while\s*\(\s*(?:1|true)"
)
_SELF_CALL: Final = Pattern(r"\bmain\s*\([^)]{0,40}\)\s*\{[^}]{0,80}\bmain\s*\(")
_BREEDS: Final = Pattern(
    r"\bv?fork\s*\(|\bclone3?\s*\(|pthread_create|\bgo\s+(?:func\b|\w+\()|thread::spawn"
    r"|std::thread"
    r"|new\s+Thread|Thread\s*\(|getRuntime\(\)\.exec|ProcessBuilder|Command::new|exec\.Command"
    r"|\bsystem\s*\(|posix_spawn|Process\.[Ss]tart|forkIO|startProcess"
)
_GROWS: Final = Pattern(
    r"\b[mc]alloc\s*\(|\brealloc\s*\(|\bnew\s+(?:byte|int|long|char|double)\b|\bappend\s*\("
    r"|\.(?:push|push_back|add|append|extend)\s*\(|make\(\[\]|mmap\s*\(|Box::leak|mem::forget"
)
_WAITS: Final = Pattern(r"\b(?:u?sleep|Sleep|wait|waitpid|read|accept|break|return|exit|poll)\b")
_LONGEST: Final = 4096


def _source(command: Command) -> str:
    """Return the program that *command* is given, as far as the line itself says it."""
    if not (command.upstream or command.reads or command.redirects):
        return ""
    return text_put(command)[:_LONGEST]


def _breeds(command: Command) -> bool:
    text = _source(command)
    goes_round = _ENDLESS.search(text) and not _WAITS.search(text)
    return bool(goes_round or _SELF_CALL.search(text)) and _BREEDS.search(text) is not None


def _grows(command: Command) -> bool:
    text = _source(command)
    goes_round = _ENDLESS.search(text) and not _WAITS.search(text)
    return bool(goes_round) and _GROWS.search(text) is not None


EFFECTS: Final = (
    Effect("fork-bomb", _breeds, _COMPILERS),
    Effect("fill-memory", _grows, _COMPILERS),
)
