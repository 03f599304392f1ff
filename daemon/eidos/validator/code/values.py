"""What an expression of a program is known to be: text that can be a word, a list, a name.

Text is kept as the parts of a shell word, so that what a program reads (a file, an address) stays
visible in whatever it builds of it: `"rm " + open(f).read()` is `rm $(cat f)`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from eidos.validator.patterns import Pattern
from eidos.validator.script import (
    Background,
    Call,
    Group,
    Loop,
    Part,
    Pipeline,
    RawRedirect,
    RawWord,
    Sequence,
    Statement,
    Substitution,
    Text,
    Unknown,
    Variable,
)

MAX_TEXT: Final = 8192
"""Longer texts are not computed."""
MAX_SHOWN: Final = 256
"""Commands inside commands are written out up to this length: each layer of quotes doubles it."""
MAX_PARTS: Final = 64
"""Nor are those of more parts."""
NOTHING: Final = Sequence(())
_NAME: Final = Pattern(r"[A-Za-z_]\w*")
_PLAIN_WORD: Final = re.compile(r"[\w./:@%+=,~-]+")
"""Compiled at once, since the constants of the languages ask it."""


class Writing(msgspec.Struct):
    """A file that the program has opened to write, and what it has written so far."""

    path: "Value"
    appends: bool
    texts: "list[Value]" = []


class Function(msgspec.Struct, frozen=True):
    """A function of the program: its parameters, and where its body stands for the reader."""

    parameters: tuple[str, ...]
    body: object


class Value(msgspec.Struct, frozen=True):
    """All that is known of a value; of one made without arguments nothing is."""

    parts: tuple[Part, ...] | None = None
    """It is text, or can be written as such."""
    items: "tuple[Value, ...] | None" = None
    entries: "Mapping[str, Value] | None" = None
    """What a table holds under its keys."""
    name: str = ""
    """How a module, function or class is called in full; what a call of f returns is `f()`."""
    number: int | None = None
    is_decoded: bool = False
    """It was made readable: from base64, hexadecimal, character codes."""
    is_listing: bool = False
    """It stands for each file of a folder."""
    is_deep: bool = False
    """It stands for all below a folder."""
    function: Function | None = None
    writing: Writing | None = None

    @property
    def text(self) -> str | None:
        """The text, if all of it is known."""
        if self.parts is None:
            return None if self.number is None else str(self.number)
        if all(isinstance(part, Text) and part.is_quoted for part in self.parts):
            return "".join(part.text for part in self.parts if isinstance(part, Text))
        return None

    @property
    def is_something(self) -> bool:
        """Whether more than a name is known of it."""
        is_made = self.parts is not None or self.items is not None or self.number is not None
        return is_made or self.writing is not None

    @property
    def shape(self) -> tuple[Part, ...]:
        """The parts of a word; what is not known keeps its name as a variable's."""
        if self.parts is not None:
            return self.parts
        if self.number is not None:
            return (Text(str(self.number), is_quoted=True),)
        if self.items is not None:
            return tuple(part for item in self.items for part in item.shape)
        found = _NAME.findall(self.name)
        return (Unknown(f"${found[-1] if found else 'x'}", is_quoted=True),)

    @property
    def script(self) -> Statement | None:
        """The commands whose output this is, and nothing else."""
        match self.parts:
            case (Substitution(script),):
                return script
            case _:
                return None

    @property
    def sources(self) -> tuple[Substitution | Variable, ...]:
        """Every part that comes from outside the program, also in the items of a list or table."""
        inner = (*(self.items or ()), *(self.entries or {}).values())
        own = (part for part in self.parts or () if isinstance(part, Substitution | Variable))
        return (*own, *(source for value in inner for source in value.sources))

    @property
    def is_true(self) -> bool:
        """Whether it is certainly no false value."""
        if self.number is not None:
            return self.number != 0
        return self.name.lower() in {"true", "$true", "t"} or bool(self.items) or bool(self.text)


HOME: Final = Value((Variable("HOME", "$HOME", is_quoted=True),))


LINE: Final = Substitution(
    Call((RawWord((Text("cat", is_quoted=True),), "cat"),)), "$line", is_quoted=True
)
"""What stands on the standard input; among the words of a command, one line of it."""


def known(text: str) -> Value:
    """Return the value of a text that stands in the program."""
    return Value((Text(text, is_quoted=True),))


def pattern(text: str) -> Value:
    """Return the value that stands for each file that matches *text*."""
    is_deep = "**" in text
    return Value((Text(text),), is_listing=True, is_deep=is_deep)


def variable(name: str) -> Value:
    """Return the value of an environment variable."""
    return HOME if name == "HOME" else Value((Variable(name, f"${name}", is_quoted=True),))


def output_of(script: Statement, name: str = "") -> Value:
    """Return what *script* prints."""
    text = shown(script)
    source = f"$({text})" if len(text) <= MAX_SHOWN else "$output"
    return Value((Substitution(script, source, is_quoted=True),), name=name)


def carried(values: Iterable[Value], name: str = "") -> Value:
    """Return the unknown result of a computation: what *values* were read from stays in it."""
    sources = tuple(source for value in values for source in value.sources)
    return Value(sources or None, name=name)


def concatenated(*values: Value) -> Value:
    """Return *values* written one after the other."""
    parts: list[Part] = []
    size = 0
    for part in (part for value in values for part in value.shape):
        last = parts[-1] if parts else None
        if isinstance(part, Text) and not part.text:
            continue
        if isinstance(part, Text) and isinstance(last, Text) and last.is_quoted == part.is_quoted:
            parts[-1] = Text(last.text + part.text, part.is_quoted)
        else:
            parts.append(part)
        size += len(part.text) if isinstance(part, Text) else 1
        if size > MAX_TEXT or len(parts) > MAX_PARTS:
            return carried(values)
    first = next((value for value in values if value.text != ""), Value())
    return Value(
        tuple(parts),
        name=first.name if first.name.endswith("()") else "",
        is_decoded=first.is_decoded,
        is_listing=any(value.is_listing for value in values),
        is_deep=any(value.is_deep for value in values),
    )


def path_of(*values: Value) -> Value:
    """Return the path that *values* are joined to; an absolute one begins anew."""
    joined = values[0] if values else Value()
    for value in values[1:]:
        text = value.text
        if text is not None and text.startswith("/"):
            joined = value
            continue
        last = joined.shape[-1] if joined.shape else None
        ends = isinstance(last, Text) and last.text.endswith("/")
        joined = concatenated(joined, *(() if ends else (known("/"),)), value)
    return joined


def narrowed(value: Value, name: str) -> Value:
    """Return *value*, which stood for each file of a folder, as the one that a test picks."""
    parts: list[Part] = []
    for part in value.shape:
        if isinstance(part, Text) and not part.is_quoted and part.text.endswith("*"):
            folder = part.text.rstrip("*")
            parts += [Text(folder, is_quoted=True)] if folder else []
            parts.append(Unknown(f"${name}", is_quoted=True))
        else:
            parts.append(part)
    return replace(value, parts=tuple(parts), is_listing=False, is_deep=False)


def elements(value: Value) -> tuple[Value, ...]:
    """Return what a loop over *value* meets."""
    if value.items is not None:
        return value.items
    if value.is_listing or value.writing is not None:
        return (value,)
    if value.number is not None:
        return (value,)
    text = value.text
    if text:
        return tuple(known(char) for char in text)
    return (carried((value,)),)


# Words and texts of the commands.


def word(value: Value) -> RawWord:
    """Return *value* as a word; `~/x` means the home directory, as whoever wrote it hoped."""
    parts = value.shape
    match parts:
        case (Text(text, is_quoted=True), *rest) if text == "~" or text.startswith("~/"):
            home = Variable("HOME", "$HOME", is_quoted=True)
            parts = (home, *((Text(text[1:], is_quoted=True),) if text[1:] else ()), *rest)
        case _:
            pass
    parts = tuple(Unknown("$line") if part == LINE else part for part in parts)
    return RawWord(parts, shell_text(parts))


def call(*words: str | Value, redirects: tuple[RawRedirect, ...] = (), source: str = "") -> Call:
    """Return a command of *words*, of which strings stand for themselves."""
    values = (known(text) if isinstance(text, str) else text for text in words)
    return Call(tuple(word(value) for value in values), redirects=redirects, source=source)


def shell_text(parts: Iterable[Part]) -> str:
    """Return *parts* as they would be written in a script, known text as it is."""
    return "".join(part.text if isinstance(part, Text) else part.source for part in parts)


def shown(statement: Statement) -> str:
    """Return *statement* as a shell would read it, as far as programs here make such."""
    match statement:
        case Call():
            words = [_quoted(word) for word in statement.words]
            redirects = [f"{r.operator} {_quoted(r.target)}" for r in statement.redirects]
            return " ".join([*words, *redirects])
        case Pipeline(stages):
            return " | ".join(shown(stage) for stage in stages)
        case Sequence(statements):
            return "; ".join(shown(inner) for inner in statements)
        case Background(body) | Loop(body) | Group(body):
            return f"{{ {shown(body)}; }}"
        case _:
            return ""


def _quoted(raw: RawWord) -> str:
    is_plain = all(not isinstance(part, Text) or not part.is_quoted for part in raw.parts)
    if is_plain or _PLAIN_WORD.fullmatch(raw.source):
        return raw.source
    if all(isinstance(part, Text) for part in raw.parts):
        return "'" + raw.source.replace("'", "'\\''") + "'"
    return f'"{raw.source}"'
