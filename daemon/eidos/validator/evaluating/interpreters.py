"""Programs that read another program: where they read it from, and in which language it is."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from eidos.validator.code.decoding import decode
from eidos.validator.commands import Word, family
from eidos.validator.evaluating.options import Grammar, Option, read_options
from eidos.validator.patterns import Pattern


class Program(msgspec.Struct, frozen=True):
    """What an interpreter runs: texts, files, or what it reads from its standard input."""

    language: str
    texts: tuple[Word, ...] = ()
    file: Word | None = None
    args: tuple[Word, ...] = ()
    """The positional parameters of the program, $0 first if the text is a shell's."""
    is_module: bool = False
    """It runs a program that is installed, such as `python -m json.tool`."""
    is_idle: bool = False
    """It runs nothing: `bash --version`."""

    @property
    def reads_input(self) -> bool:
        """Whether the program is what stands on the standard input."""
        if self.texts or self.is_module or self.is_idle:
            return False
        return self.file is None or self.file.text in INPUT_FILES


class _Interpreter(msgspec.Struct, frozen=True):
    language: str
    options: Grammar
    texts: frozenset[str]
    """Options whose value is the program."""
    modules: frozenset[str] = frozenset()
    """Options whose value names a program that is installed."""
    input: frozenset[str] = frozenset({"-s", "-"})
    """Options that say that the program is on the standard input."""
    files: frozenset[str] = frozenset()
    """Options whose value is the file of the program."""
    text_first: bool = False
    """The first operand is the program itself."""
    input_only: bool = False
    """Its operands are no files: the program is on the standard input."""


INPUT_FILES: Final = frozenset(
    {"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0", "/proc/thread-self/fd/0"}
)
_IDLE: Final = frozenset({"--version", "--help", "-V", "-h"})
_LISTS: Final = frozenset({"-l", "-c", "-r", "-d"})
"""at -l lists jobs."""


def _interpreter(  # noqa: PLR0913 - one row of a table, all but two by keyword
    language: str,
    texts: str = "",
    others: str = "",
    *,
    modules: str = "",
    files: str = "",
    text_first: bool = False,
    input_only: bool = False,
) -> _Interpreter:
    """Return an interpreter by its options with a value: programs, plain ones, modules, files."""
    names = f"{texts} {others} {modules} {files}".split()
    short = "".join(name[1:] for name in names if len(name) == len("-x"))
    long = frozenset(name for name in names if len(name) > len("-x"))
    return _Interpreter(
        language,
        Grammar(short, long),
        frozenset(texts.split()),
        frozenset(modules.split()),
        files=frozenset(files.split()),
        text_first=text_first,
        input_only=input_only,
    )


_PYTHON: Final = _interpreter("python", "-c", "-W -X -Q --check-hash-based-pycs", modules="-m")
_NODE: Final = _interpreter(
    "node", "-e --eval -p --print -pe", "-r --require --import --loader -C --input-type --env-file"
)
_PERL: Final = _interpreter("perl", "-e -E", "-M -m -I -F -D")
_RUBY: Final = _interpreter("ruby", "-e", "-r -I -C -E -K -F")
_PHP: Final = _interpreter("php", "-r -B -R -E", "-d -c -z -t -S", files="-f -F")
_LUA: Final = _interpreter("lua", "-e", "-l")
_AWK: Final = _interpreter(
    "awk", "-e --source", "-F -v --assign --field-separator", files="-f --file", text_first=True
)
_POWERSHELL: Final = _interpreter(
    "powershell",
    "-Command -command -c -C -EncodedCommand -encodedcommand -enc -Enc -e -E -ec",
    "-ExecutionPolicy -executionpolicy -ep -WindowStyle -windowstyle -w -Version -OutputFormat",
    files="-File -file -f",
)
_BY_NAME: Final[dict[str, _Interpreter]] = {
    **dict.fromkeys(("python", "pypy", "jython", "ipython", "micropython", "py"), _PYTHON),
    **dict.fromkeys(("node", "nodejs", "bun", "electron"), _NODE),
    **dict.fromkeys(("perl", "suidperl"), _PERL),
    **dict.fromkeys(("ruby", "jruby", "irb"), _RUBY),
    **dict.fromkeys(("php", "php-cgi"), _PHP),
    **dict.fromkeys(("lua", "luajit"), _LUA),
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk", "original-awk", "goawk"), _AWK),
    **dict.fromkeys(("pwsh", "powershell", "powershell.exe", "pwsh.exe"), _POWERSHELL),
    "deno": _interpreter("node"),
    "tclsh": _interpreter("tcl"),
    "wish": _interpreter("tcl"),
    "expect": _interpreter("tcl", "-c", files="-f -b"),
    "osascript": _interpreter("applescript", "-e", "-l"),
    "R": _interpreter("r", "-e", files="-f --file"),
    "Rscript": _interpreter("r", "-e"),
    "julia": _interpreter("julia", "-e -E --eval --print", "-p -t -L -J --project"),
    "groovy": _interpreter("groovy", "-e", "-cp"),
    "elixir": _interpreter("elixir", "-e --eval", "-r -S --name --sname --cookie"),
    "erl": _interpreter("erlang", "-eval"),
    "guile": _interpreter("guile", "-c", "-L -l", files="-s"),
    "racket": _interpreter("racket", "-e", "-l -t -r"),
    "sbcl": _interpreter("lisp", "--eval", "--load", files="--script"),
    "raku": _interpreter("raku", "-e", "-I -M"),
    "scala": _interpreter("scala", "-e"),
    "octave": _interpreter("octave", "--eval"),
    "gnuplot": _interpreter("gnuplot", "-e"),
    "at": _interpreter("sh", "", "-q -t", files="-f", input_only=True),
    "batch": _interpreter("sh", "", "-q", files="-f", input_only=True),
}
_SHELL: Final = _interpreter("sh", "-c --command", "-O -o --rcfile --init-file -C --init-command")
_STARTUP: Final = frozenset({"--rcfile", "--init-file"})
_SHELL_TEXTS: Final = frozenset({"-c", "--command"})
_FISH_TEXTS: Final = frozenset({"-c", "--command", "-C", "--init-command"})
SHELLS: Final = frozenset(
    {"sh", "bash", "zsh", "dash", "ksh", "mksh", "ash", "fish", "csh", "tcsh", "rbash", "yash"}
    | {"ksh93", "lksh", "pdksh", "rzsh", "posh", "oksh", "hush", "elvish", "nu", "xonsh", "osh"}
)


def is_interpreter(name: str) -> bool:
    """Whether the program *name* runs a program that it reads."""
    return name in SHELLS or name in _BY_NAME or family(name) in _BY_NAME


def program_of(name: str, args: Sequence[Word]) -> Program | None:
    """Return what the interpreter *name* runs when it is called with *args*; None: it is none."""
    if name in SHELLS:
        return _shell_program(name if name in {"fish", "zsh"} else "sh", args)
    interpreter = _BY_NAME.get(name) or _BY_NAME.get(family(name))
    if interpreter is None:
        return None
    if name == "deno":
        return _deno_program(args)
    return _program(interpreter, args)


def _shell_program(language: str, args: Sequence[Word]) -> Program:
    """Read the options of a shell; after -c the first operand is the script, however far away."""
    names = _FISH_TEXTS if language == "fish" else _SHELL_TEXTS
    grammar = Grammar("Cd" if language == "fish" else "O", _SHELL.options.long - _SHELL_TEXTS)
    while args and args[0].text.startswith("+") and len(args[0].text) > 1:
        args = args[2:] if args[0].text == "+O" else args[1:]
    options = read_options(_without_plus(args), grammar)
    rest = tuple(_without_plus(args))[options.end :]
    if any(option.name in _SHELL_TEXTS for option in options.given):
        attached = _values(options.given, names)
        if options.has("--command"):
            return Program(language, attached, args=rest)
        return Program(language, (*attached, *rest[:1]), args=rest[1:])
    texts = _values(options.given, names)
    if not rest and (startup := options.value_of(_STARTUP)) is not None:
        return Program(language, texts, startup)
    if options.has("-s") or not rest:
        idle = options.has(*_IDLE) and not options.has("-s")
        return Program(language, texts, args=(Word(language), *rest), is_idle=idle)
    return Program(language, texts, rest[0], rest)


def _without_plus(args: Sequence[Word]) -> Sequence[Word]:
    """Drop `-o NAME` and `+o NAME`, whose letter may end a cluster: `-euo pipefail`."""
    kept: list[Word] = []
    position = 0
    while position < len(args):
        text = args[position].text
        if text[:1] not in {"-", "+"} or text in {"-", "--"}:
            return [*kept, *args[position:]]
        if text.startswith("+") or (text[1:2] != "-" and "o" in text[1:]):
            if text[1:] != "o" and text.startswith("-"):
                kept.append(Word(text.replace("o", "")))
            position += 2 if "o" in text or text == "+O" else 1
            continue
        kept.append(args[position])
        position += 1
    return kept


def _values(given: Sequence[Option], names: frozenset[str]) -> tuple[Word, ...]:
    return tuple(value for name, value in given if name in names and value is not None)


def _program(interpreter: _Interpreter, args: Sequence[Word]) -> Program:
    language = interpreter.language
    options = read_options(args, interpreter.options)
    rest = tuple(args[options.end :])
    texts = _values(options.given, interpreter.texts)
    if language == "powershell":
        texts = tuple(
            _decoded(value) if _ENCODED.fullmatch(name) else value
            for name, value in options.given
            if name in interpreter.texts and value is not None
        )
    if texts:
        return Program(language, texts, args=rest)
    if options.has(*interpreter.modules):
        return Program(language, args=rest, is_module=True)
    if files := _values(options.given, interpreter.files):
        return Program(language, file=files[0], args=(files[0], *rest))
    if interpreter.text_first:
        return Program(language, rest[:1], args=rest[1:], is_idle=not rest)
    if not rest or interpreter.input_only:
        idle = _LISTS if interpreter.input_only else _IDLE
        return Program(language, is_idle=options.has(*idle))
    return Program(language, file=rest[0], args=rest)


_ENCODED: Final = Pattern(r"(?i)-e(?:c|nc|ncodedcommand)?")


def _decoded(word: Word) -> Word:
    """Return the script that PowerShell is given in base64 and UTF-16."""
    text = decode(word.text, "base64")
    return replace(word, text=decode(text, "utf-16") or "") if text else word


def _deno_program(args: Sequence[Word]) -> Program:
    words = [word for word in args if not word.text.startswith("-") or word.text == "-"]
    if words and words[0].text == "eval":
        return Program("node", tuple(words[1:2]), args=tuple(words[2:]))
    if words and words[0].text == "run":
        return Program("node", file=words[1] if len(words) > 1 else None, args=tuple(words[2:]))
    return Program("node", is_idle=True)
