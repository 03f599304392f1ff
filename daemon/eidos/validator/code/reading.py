"""The way into the readers of programs: which language is read by which."""

from collections.abc import Callable, Mapping
from typing import Final

from eidos.validator.budget import Budget, OverBudget
from eidos.validator.code.applescript import AppleScript
from eidos.validator.code.awk import Awk
from eidos.validator.code.languages import ALIASES, INTERPRETERS, SCRIPTS, Language
from eidos.validator.code.lists import Lisp
from eidos.validator.code.powershell import PowerShell
from eidos.validator.code.python import Python
from eidos.validator.code.scripts import Script
from eidos.validator.code.tcl import Tcl
from eidos.validator.code.trace import Trace
from eidos.validator.code.values import NOTHING
from eidos.validator.patterns import Pattern
from eidos.validator.script import Statement

MAX_CODE: Final = 4096
_VERSION: Final = Pattern(r"[-\d.]+$")


def read_code(language: str, text: str, budget: Budget) -> Statement:
    """Return the commands that the program *text* amounts to, nothing when it does no harm.

    *language* is the name of the interpreter, with or without a version. A program that is no
    valid one of its language is searched for what it would do all the same.

    Raises:
        OverBudget: The program is too long, too deep or too slow to be read.
    """
    if len(text) > MAX_CODE:
        raise OverBudget(f"code that is longer than {MAX_CODE} characters")
    try:
        return _read(_VERSION.sub("", language.lower()), text, budget)
    except RecursionError as exc:
        raise OverBudget("code that is too deeply nested") from exc


def _read(name: str, text: str, budget: Budget) -> Statement:
    language = ALIASES.get(name, name)
    trace = Trace(language, INTERPRETERS.get(language, language), budget)
    reader = _READERS.get(language)
    if reader is not None:
        trace.read = reader(trace).read
    elif language in SCRIPTS:
        trace.read = _script(trace, SCRIPTS[language])
    else:
        return NOTHING
    trace.read(text)
    return trace.finish()


def _script(trace: Trace, language: Language) -> Callable[[str], None]:
    """Return the reader of a language of calls, texts and blocks.

    Python has a better one, which reads only what is valid; what is not may be of Python 2.
    """
    make = _SPECIAL.get(trace.language, Script)
    script = make(trace, language.lexicon, language.names)
    if trace.language != "python":
        return script.read
    python = Python(trace)
    return lambda text: None if python.read(text) else script.read(text)


_READERS: Final[Mapping[str, Callable[[Trace], Tcl | PowerShell | Lisp]]] = {
    "tcl": Tcl,
    "powershell": PowerShell,
    "lisp": Lisp,
}
_SPECIAL: Final[Mapping[str, type[Script]]] = {"awk": Awk, "applescript": AppleScript}
