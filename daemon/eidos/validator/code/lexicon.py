"""How the texts, names and signs of each language are written: one row of facts for each."""

from collections.abc import Mapping
from enum import Enum
from typing import Final

import msgspec
from msgspec.structs import replace


class Inside(Enum):
    """What is code inside a text."""

    NOTHING = ""
    DOLLAR = r"\$\{|\{(?=\$)|@\{\[|\$\w+(?:(?:->)?(?:\{[\w'\"]+\}|\[[\w'\"]+\]))*"
    """`$x`, `${x}`, `{$x}`, `$h{key}`."""
    HASH = r"#\{"
    """`#{x}`"""
    BRACE = r"\$\{"
    """`${x}`"""
    ROUND = r"\$\(|\$\w+"
    """`$(x)`, `$x`"""
    SWIFT = r"\\\("
    """`\\(x)`"""


class Quote(msgspec.Struct, frozen=True):
    """How a text ends, and what stands for something else in it."""

    close: str
    inside: Inside = Inside.NOTHING
    has_escapes: bool = True
    is_command: bool = False
    """It is run, and becomes its output."""


class Lexicon(msgspec.Struct, frozen=True, eq=False):
    """The signs of a language."""

    quotes: Mapping[str, Quote]
    """By what they begin with."""
    comments: tuple[str, ...] = ("//",)
    """What they begin with that end with their line."""
    blocks: tuple[tuple[str, str], ...] = (("/*", "*/"),)
    """How longer comments begin and end."""
    joins: frozenset[str] = frozenset({"+"})
    """The operators that write one text after another."""
    members: frozenset[str] = frozenset({".", "?."})
    """What stands between a thing and its member."""
    sigils: str = ""
    """Signs that names of variables begin with."""
    name_ends: str = ""
    """Signs that may end a name."""
    has_regex: bool = False
    """`/x/` is a pattern where a value is expected."""
    regex_words: frozenset[str] = frozenset()
    """Words before a text in delimiters of one's choice: `m{x}`, `s/x/y/`."""
    text_words: Mapping[str, Quote] = {}
    """The same for texts: `q(x)`, `%w[a b]`."""
    operators: frozenset[str] = frozenset({"and", "or", "xor", "instanceof"})
    """Those that are words."""
    has_angles: bool = False
    """`<STDIN>` and `<*.c>` are values."""
    has_bare_calls: bool = False
    """A function's arguments may stand without parentheses."""
    has_blocks: bool = False
    """A block behind a call is a function that is handed to it."""
    has_modifiers: bool = False
    """`x while y`, `x for y`."""
    openers: frozenset[str] = frozenset()
    """Words whose block ends with `end`."""
    has_handles: bool = False
    """`open(F, …)` gives F its value."""
    is_awk: bool = False
    """Values that stand side by side are one text; `print` has redirections."""


_D, _S, _T = '"', "'", "`"
_PLAIN: Final = Quote(_S, has_escapes=False)
_SCRIPT: Final = Lexicon(
    {_D: Quote(_D), _S: Quote(_S), _T: Quote(_T, Inside.BRACE)},
    has_regex=True,
    sigils="",
    name_ends="",
)
_PERL: Final = Lexicon(
    {
        _D: Quote(_D, Inside.DOLLAR),
        _S: _PLAIN,
        _T: Quote(_T, Inside.DOLLAR, is_command=True),
    },
    comments=("#",),
    blocks=(),
    joins=frozenset({"."}),
    members=frozenset({"->", "::"}),
    sigils="$@%&*",
    has_regex=True,
    regex_words=frozenset({"m", "s", "tr", "y", "qr"}),
    text_words={
        "q": Quote("", has_escapes=False),
        "qq": Quote("", Inside.DOLLAR),
        "qw": Quote("", has_escapes=False),
        "qx": Quote("", Inside.DOLLAR, is_command=True),
    },
    operators=frozenset("and or xor x eq ne lt gt le ge cmp".split()),
    has_angles=True,
    has_handles=True,
    has_bare_calls=True,
    has_modifiers=True,
)
_RUBY: Final = Lexicon(
    {
        _D: Quote(_D, Inside.HASH),
        _S: _PLAIN,
        _T: Quote(_T, Inside.HASH, is_command=True),
    },
    comments=("#",),
    blocks=(),
    joins=frozenset({"+"}),
    members=frozenset({".", "::", "&."}),
    sigils="$@",
    name_ends="?!",
    has_regex=True,
    text_words={
        "%q": Quote("", has_escapes=False),
        "%Q": Quote("", Inside.HASH),
        "%w": Quote("", has_escapes=False),
        "%W": Quote("", Inside.HASH),
        "%i": Quote("", has_escapes=False),
        "%x": Quote("", Inside.HASH, is_command=True),
        "%r": Quote("", Inside.HASH),
        "%": Quote("", Inside.HASH),
    },
    has_bare_calls=True,
    has_blocks=True,
    has_modifiers=True,
    openers=frozenset("def do begin class module case if unless while until for".split()),
)
_JAVA: Final = Lexicon(
    {
        '"""': Quote('"""', Inside.DOLLAR),
        "'''": Quote("'''"),
        _D: Quote(_D, Inside.DOLLAR),
        _S: Quote(_S),
    },
    has_bare_calls=True,
    has_blocks=True,
)
_LUA: Final = Lexicon(
    {
        _D: Quote(_D),
        _S: Quote(_S),
        "[[": Quote("]]", has_escapes=False),
        "[=[": Quote("]=]", has_escapes=False),
    },
    comments=("--",),
    blocks=(("--[[", "]]"),),
    joins=frozenset({".."}),
    members=frozenset({".", ":"}),
    has_bare_calls=True,
    openers=frozenset("function do if".split()),
)
LEXICONS: Final[Mapping[str, Lexicon]] = {
    "javascript": _SCRIPT,
    "perl": _PERL,
    "ruby": _RUBY,
    "crystal": _RUBY,
    "elixir": replace(_RUBY, joins=frozenset({"<>", "+", "++"}), sigils="", openers=frozenset()),
    "raku": replace(_PERL, joins=frozenset({"~"}), members=frozenset({".", "::"})),
    "php": replace(
        _PERL,
        comments=("#", "//"),
        blocks=(("/*", "*/"),),
        sigils="$",
        regex_words=frozenset(),
        text_words={},
        has_regex=False,
        has_angles=False,
        has_handles=False,
        has_modifiers=False,
    ),
    "lua": _LUA,
    "java": _JAVA,
    "awk": Lexicon(
        {_D: Quote(_D)},
        comments=("#",),
        blocks=(),
        joins=frozenset(),
        sigils="$",
        has_regex=True,
        is_awk=True,
    ),
    "r": Lexicon(
        {_D: Quote(_D), _S: Quote(_S)},
        comments=("#",),
        blocks=(),
        joins=frozenset(),
        members=frozenset({"::", "$", ":::"}),
        name_ends=".",
    ),
    "octave": Lexicon(
        {_D: Quote(_D), _S: Quote(_S)}, comments=("%", "#"), blocks=(), joins=frozenset()
    ),
    "julia": Lexicon(
        {
            '"""': Quote('"""', Inside.ROUND),
            _D: Quote(_D, Inside.ROUND),
            _S: Quote(_S),
            _T: Quote(_T, Inside.ROUND),
        },
        comments=("#",),
        blocks=(("#=", "=#"),),
        joins=frozenset({"*"}),
        name_ends="!",
        openers=frozenset("function if for while begin do let try struct module quote".split()),
    ),
    "python": Lexicon(
        {'"""': Quote('"""'), "'''": Quote("'''"), _D: Quote(_D), _S: Quote(_S)},
        comments=("#",),
        blocks=(),
        has_bare_calls=True,
    ),
    "applescript": Lexicon(
        {_D: Quote(_D)},
        comments=("--",),
        blocks=(("(*", "*)"),),
        joins=frozenset({"&"}),
        has_bare_calls=True,
    ),
    "swift": Lexicon({_D: Quote(_D, Inside.SWIFT)}),
    "erlang": Lexicon(
        {_D: Quote(_D), _S: Quote(_S)},
        comments=("%",),
        blocks=(),
        joins=frozenset({"++"}),
        members=frozenset({":"}),
    ),
}
