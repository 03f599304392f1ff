"""The command of an intent: its text with holes, which `eidos.retrieval.filling` fills."""

import re
from functools import cache
from typing import Final

from msgspec import Struct

from eidos.retrieval import filling
from eidos.retrieval.filling import Hole, Raw

_PIECE: Final = re.compile(
    r"(?P<brace>\{\{|\}\})|\{(?P<slot>[A-Za-z_]+\d*)\}|(?P<escaped>\\[^{])|(?P<open>\$\()|"
    r"(?P<sign>[\"')(])|(?P<cut>[|;&]+\s*|\s+)|[^{}\\$\"')(|;&\s]+|.",
    re.DOTALL,
)
_PREFIXES: Final = frozenset("sudo time nice nohup exec command xargs -exec do then -0 -n1".split())


class TemplateError(ValueError):
    """A command whose braces are neither slots nor doubled; the message says which."""


class CommandTemplate(Struct, frozen=True):
    """A command with holes."""

    text: str
    parts: "tuple[str | Hole, ...]"

    @property
    def holes(self) -> tuple[Hole, ...]:
        """The holes, in order; a slot may have several."""
        return tuple(part for part in self.parts if isinstance(part, Hole))

    def fill(self, sources: dict[str, "str | Raw"], shell: str) -> str:
        """Return the command with each value of *sources* in its holes, quoted as *shell* reads."""
        return filling.fill(self.parts, sources, shell)


class _Reader:
    """Follows the quotes of a command far enough to tell where a hole stands."""

    def __init__(self) -> None:
        self.parts: list[str | Hole] = []
        self.around = [""]  # quotes and "(" around the place, from outside to inside
        self.word = ""
        self.program = ""

    @property
    def quote(self) -> str:
        return self.around[-1] if self.around[-1] in ("'", '"') else ""

    def text(self, piece: str) -> None:
        if self.parts and isinstance(self.parts[-1], str):
            self.parts[-1] += piece
        else:
            self.parts.append(piece)
        self.word += piece

    def hole(self, name: str) -> None:
        before = self.word[-1:]
        glued = bool(self.word) if not self.quote else self.word[-1:] != self.quote
        self.parts.append(Hole(name, self.quote, glued, before, self.program or self.word))
        self.word += name

    def blank(self, piece: str) -> None:
        if not self.program and self.word not in _PREFIXES and "=" not in self.word:
            self.program = self.word
        self.text(piece)
        self.word = ""
        if piece.strip():
            self.program = ""

    def sign(self, sign: str) -> None:
        if self.quote:
            if sign == self.quote:
                self.around.pop()
        elif sign in "\"'":
            self.around.append(sign)
        elif sign == "(":
            self.around.append("(")
        elif sign == ")" and self.around[-1] == "(":
            self.around.pop()
        self.text(sign)


@cache
def parse(text: str) -> CommandTemplate:
    """Return *text* as a template.

    Raises:
        TemplateError: A brace is neither doubled nor around the name of a slot.
    """
    reader = _Reader()
    for piece in _PIECE.finditer(text):
        if piece["brace"]:
            reader.text(piece[0][0])
        elif piece["slot"]:
            reader.hole(piece["slot"])
        elif piece["open"] and reader.quote != "'":
            reader.around.append("(")
            reader.text(piece[0])
            reader.word, reader.program = "", ""
        elif piece["escaped"] and reader.quote == "'" and piece[0][1] == "'":
            reader.text("\\")
            reader.sign("'")
        elif piece["sign"]:
            reader.sign(piece[0])
        elif piece["cut"] and not reader.quote:
            reader.blank(piece[0])
        elif piece[0] in ("{", "}"):
            around = text[max(0, piece.start() - 8) : piece.end() + 8]
            raise TemplateError(
                f"a single brace in {around!r}: write {piece[0] * 2} for a plain one"
            )
        else:
            reader.text(piece[0])
    return CommandTemplate(text, tuple(reader.parts))


def tool(command: str) -> str:
    """Return the first program of *command*, what only runs it for somebody left out."""
    for word in re.findall(r"\S+", command):
        if word not in _PREFIXES and not re.match(r"\w+=", word):
            return word.strip("\"'();").rsplit("/", 1)[-1] or word
    return ""
