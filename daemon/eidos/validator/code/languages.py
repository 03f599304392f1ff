"""Which languages there are: how each is written, and what the names in it stand for."""

from collections.abc import Mapping
from typing import Final

import msgspec

from eidos.validator.code.lexicon import LEXICONS, Lexicon
from eidos.validator.code.programs import STDIN
from eidos.validator.code.python_names import PYTHON
from eidos.validator.code.tables import Names
from eidos.validator.code.values import Value, call, known, output_of

_ENV: Final = call("env")


def _environment(*names: str) -> dict[str, Value]:
    return {name: output_of(_ENV, name) for name in names}


def _input(*names: str) -> dict[str, Value]:
    return dict.fromkeys(names, STDIN)


class Language(msgspec.Struct, frozen=True):
    """How a language of calls, texts and blocks is written, and what its names stand for."""

    lexicon: Lexicon
    names: Names


def _language(lexicon: str, table: str, *constants: dict[str, Value]) -> Language:
    merged = {name: value for row in constants for name, value in row.items()}
    return Language(LEXICONS[lexicon], Names(table, merged))


SCRIPTS: Final[Mapping[str, Language]] = {
    "python": Language(LEXICONS["python"], PYTHON),
    "javascript": _language(
        "javascript",
        "javascript",
        _environment("process.env", "Bun.env"),
        _input("process.stdin"),
        {"process.execPath": known("node"), "process.argv0": known("node")},
    ),
    "perl": _language("perl", "perl", _environment("$ENV"), _input("$_", "STDIN")),
    "raku": _language("raku", "perl", _input("$_")),
    "ruby": _language(
        "ruby", "ruby", _environment("ENV"), _input("$_", "STDIN", "$stdin", "ARGF", "$<")
    ),
    "php": _language("php", "php", _environment("$_ENV", "$_SERVER"), _input("STDIN")),
    "lua": _language("lua", "lua", _input("io.stdin")),
    "awk": _language("awk", "awk", _environment("ENVIRON")),
    "r": _language("r", "r"),
    "julia": _language("julia", "julia", _environment("ENV"), _input("stdin")),
    "java": _language("java", "java"),
    "elixir": _language("elixir", "beam"),
    "erlang": _language("erlang", "beam"),
    "octave": _language("octave", "other"),
    "applescript": _language("applescript", "other"),
    "swift": _language("swift", "other"),
}
_NAMES: Final[Mapping[str, str]] = {
    "javascript": "node nodejs js deno bun qjs tsx ts-node jsc",
    "python": "pypy pythonw ipython jython micropython",
    "perl": "suidperl cperl",
    "raku": "perl6 rakudo",
    "ruby": "irb jruby mruby crystal pry",
    "php": "php-cli php-cgi hhvm",
    "lua": "luajit texlua luau",
    "awk": "gawk mawk nawk original-awk goawk bwk",
    "r": "rscript littler",
    "java": "groovy groovysh jshell kotlin kotlinc kscript scala amm bsh",
    "elixir": "iex",
    "erlang": "erl escript",
    "octave": "octave-cli matlab gnuplot ghc runghc ocaml nim dart scilab",
    "applescript": "osascript",
    "tcl": "tclsh wish expect jimsh",
    "powershell": "pwsh pwsh-preview",
    "lisp": "emacs emacsclient guile racket sbcl clisp ecl clojure clj bb csi mit-scheme",
}
ALIASES: Final = {alias: name for name, row in _NAMES.items() for alias in row.split()}
"""The names of interpreters, and the languages that they run."""
INTERPRETERS: Final[Mapping[str, str]] = {
    "javascript": "node",
    "r": "Rscript",
    "java": "groovy",
    "erlang": "erl",
    "applescript": "osascript",
    "tcl": "tclsh",
    "powershell": "pwsh",
    "lisp": "emacs",
}
"""The interpreter to name for a language, where it is not called as the language is."""
