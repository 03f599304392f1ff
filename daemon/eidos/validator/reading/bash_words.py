"""Words of bash and zsh: quotes, escapes, patterns and substitutions, as written."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from eidos.protocol import Shell
from eidos.validator.patterns import Pattern
from eidos.validator.reading.bash_scanner import Scanner
from eidos.validator.reading.escapes import decode_ansi_c
from eidos.validator.reading.zsh_patterns import (
    alternatives,
    asks_for_some,
    code_of_qualifiers,
    is_qualifier,
)
from eidos.validator.script import Part, RawWord, Statement, Substitution, Text, Variable

Kind = Literal["text", "input", "output"]
_PLAIN_WORD: Final = Pattern(r"[^\s;&|()<>'\"\\$`{}]+(?=[ \t\n;|&)]|\Z)")
_PLAIN: Final = Pattern(r"[^\s;&|()<>'\"\\$`]+")
_ZSH_PLAIN: Final = Pattern(r"[^\s;&|()<>'\"\\$`{}]+")
_PLAIN_IN_STRING: Final = Pattern(r'[^"\\$`]+')
_PLAIN_IN_HERE_DOCUMENT: Final = Pattern(r"[^\\$`]+")
_BANG_AT_END: Final = Pattern(r'(?<!\\)!"\Z')
_SINGLE: Final = Pattern(r"'([^']*)'")
_ANSI_C: Final = Pattern(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL)
_BACKTICKS: Final = Pattern(r"`((?:[^`\\]|\\.)*)`", re.DOTALL)
_ESCAPED_IN_BACKTICKS: Final = Pattern(r"\\([$`\\])")
_ESCAPED_IN_QUOTED_BACKTICKS: Final = Pattern(r"\\([$`\\\"])")
_NUMBERS: Final = Pattern(r"<\d*-\d*>")
_CLOSING_BRACE: Final = Pattern(r"\}(?=[\s;&|()<>]|\Z)")
_EXTENDED: Final = Pattern(r"[?*+@!]\Z")
_FOREIGN: Final = {
    Shell.BASH: Pattern(r"\s"),
    Shell.ZSH: Pattern(r"[;&<>]"),
    Shell.FISH: Pattern(r"\s"),  # what fish prints may be read once more, as bash would
}
"""What each shell does not take into the parentheses of a pattern."""
_ENCLOSED: Final = {
    opener + end: Pattern(rf"[^'\"\\$`<>{re.escape(opener + end)}]+")
    for opener, end in (("", "}"), ("{", "}"), ("(", ")"), ("[", "]"))
}
"""Runs of plain characters inside brackets, by what begins and ends them."""
_ESCAPABLE_IN_STRING: Final = '$`"\\'
_WORD_ENDS: Final = " \t\n;|&)"  # so is "", the end of the text


class WordReader(Scanner, ABC):
    """Reads words; what stands inside `$( )` is for `read_script`, `${ }` and `$(( ))` below."""

    @abstractmethod
    def read_script(self, end: str) -> Statement:
        """Read the statements up to *end*, and pass it."""

    @abstractmethod
    def read_dollar(self, *, is_quoted: bool) -> Sequence[Part]:
        """Read what a `$` begins."""

    @abstractmethod
    def read_text(self, text: str) -> Statement:
        """Read another text that the shell would run, within the same budget."""

    def read_word(self) -> RawWord:
        """Read the word that begins here; it is empty where none does."""
        self.budget.spend()
        if plain := self.take(_PLAIN_WORD):
            return RawWord((Text(plain[0]),), plain[0])
        start = self.position
        parts: list[Part] = []
        braces = 0
        while not self.is_at_end:
            char = self.text[self.position]
            if self.is_zsh and char in "{}":
                if char == "}" and not braces and self._closes_block(start):
                    break
                braces += 1 if char == "{" else -(braces > 0)
                self.position += 1
                self.budget.spend()
                parts.append(Text(char))
            elif not self._read_part(parts):
                break
        return RawWord(tuple(parts), self.text[start : self.position])

    def read_enclosed(
        self, end: str, opener: str = "", *, is_quoted: bool = False, takes_files: bool = True
    ) -> list[Part]:
        """Read up to the *end* that no *opener* in between asked for, and pass it.

        Only quotes, escapes and substitutions mean something there.
        """
        self.enter()
        parts: list[Part] = []
        plain_run = _ENCLOSED[opener + end]
        opened = 0
        while True:
            if plain := self.take(plain_run):
                parts.append(Text(plain[0], is_quoted))
                continue
            char = self.text[self.position : self.position + 1]
            if char == end and not opened:
                break
            if not char:
                raise self.fault(f"a {end} is missing")
            opened += (char == opener) - (char == end)
            quotes = is_quoted and char == "'"
            files = char in "<>" and not takes_files
            if char in {opener, end} or quotes or files or not self.read_quoting(parts, is_quoted):
                self.position += 1
                parts.append(Text(char, is_quoted))
            self.budget.spend()
        self.position += 1
        self.leave()
        return parts

    def read_quoting(self, parts: list[Part], is_quoted: bool) -> bool:
        """Add what a quote, a backslash, `$`, a backtick or `<(` begins here, if one does."""
        char = self.text[self.position]
        match char:
            case "'":
                parts.append(self._read_single())
            case '"':
                self.position += 1
                self.read_string(parts)
            case "\\":
                self._read_escaped(parts, is_quoted)
            case "$":
                parts.extend(self.read_dollar(is_quoted=is_quoted))
            case "`":
                parts.append(self._read_backticks(is_quoted))
            case "<" | ">" if self.starts(f"{char}("):
                kind: Kind = "input" if char == "<" else "output"
                parts.append(self.read_substitution(f"{char}(", kind))
            case _:
                return False
        return True

    def read_string(self, parts: list[Part]) -> None:
        """Add what stands up to the closing double quote, and pass it."""
        before = len(parts)
        while not self.accept('"'):
            if self.is_at_end:
                raise self.fault('a " is not closed')
            self._read_in_string(parts, _PLAIN_IN_STRING)
        if _BANG_AT_END.search(self.text, self.position - 3, self.position):
            self.has_bang_before_quote = True
        if len(parts) == before:
            parts.append(Text("", is_quoted=True))

    def read_document(self) -> RawWord:
        """Read the whole text as the body of a here-document whose delimiter is not quoted."""
        parts: list[Part] = []
        while not self.is_at_end:
            self._read_in_string(parts, _PLAIN_IN_HERE_DOCUMENT)
        return RawWord(tuple(parts), self.text)

    def read_substitution(
        self, opening: str, kind: Kind = "text", *, is_quoted: bool = False
    ) -> Substitution:
        """Read a script in parentheses, which *opening* begins."""
        start = self.position
        self.position += len(opening)
        self.enter()
        script = self.read_script(")")
        self.leave()
        source = self.text[start : self.position]
        return Substitution(script, source, kind, is_quoted)

    def _read_part(self, parts: list[Part]) -> bool:
        """Add the next part of a word outside quotes, if one stands here."""
        if plain := self.take(_ZSH_PLAIN if self.is_zsh else _PLAIN):
            parts.append(Text(plain[0]))
            return True
        self.budget.spend()
        char = self.text[self.position]
        if char == "(":
            return self._read_group(parts)
        if self.is_zsh and char == "<" and self.take(_NUMBERS):
            parts.append(Text("*"))
            return True
        return self.read_quoting(parts, is_quoted=False)

    def _read_in_string(self, parts: list[Part], plain: Pattern) -> None:
        if match := self.take(plain):
            parts.append(Text(match[0], is_quoted=True))
            return
        self.budget.spend()
        char = self.text[self.position]
        if char == "$":
            parts.extend(self.read_dollar(is_quoted=True))
        elif char == "`":
            parts.append(self._read_backticks(is_quoted=True))
        else:
            self._read_escaped(parts, is_in_string=True)

    def _read_single(self) -> Text:
        match = self.take(_SINGLE)
        if match is None:
            raise self.fault("a ' is not closed")
        return Text(match[1], is_quoted=True)

    def read_ansi_c(self) -> Text:
        """Read `$'…'`."""
        match = self.take(_ANSI_C)
        if match is None:
            raise self.fault("a ' is not closed")
        return Text(decode_ansi_c(match[1]), is_quoted=True)

    def _read_escaped(self, parts: list[Part], is_in_string: bool) -> None:
        char = self.text[self.position + 1 : self.position + 2]
        if not char:
            raise self.fault("the backslash at the end asks for another line")
        self.position += 2
        if char == "\n":
            return
        keeps_backslash = is_in_string and char not in _ESCAPABLE_IN_STRING
        parts.append(Text(f"\\{char}" if keeps_backslash else char, is_quoted=True))

    def _read_backticks(self, is_quoted: bool) -> Substitution:
        match = self.take(_BACKTICKS)
        if match is None:
            raise self.fault("a ` is not closed")
        escaped = _ESCAPED_IN_QUOTED_BACKTICKS if is_quoted else _ESCAPED_IN_BACKTICKS
        script = self.read_text(escaped.sub(r"\1", match[1]))
        return Substitution(script, match[0], is_quoted=is_quoted)

    def _read_group(self, parts: list[Part]) -> bool:
        """Add a pattern in parentheses: of bash `@(a|b)` and its kin, of zsh any."""
        last = parts[-1] if parts else None
        is_text = isinstance(last, Text) and not last.is_quoted
        sign = _EXTENDED.search(last.text) if is_text and isinstance(last, Text) else None
        if not self.is_zsh and sign is None:
            return False
        if self.starts("()"):
            return False
        self.position += 1
        inside = self.read_enclosed(")", "(")
        if any(map(_FOREIGN[self.shell].search, map(_plain_text, inside))):
            raise self.fault("a pattern has signs in it that end it", is_certain=False)
        if self.is_zsh and parts and self._is_at_word_end() and is_qualifier(inside):
            parts += self._qualifying(inside)
            if isinstance(last, Text) and last.text == "*" and asks_for_some(inside):
                parts.append(Text(f"({''.join(map(_plain_text, inside))})"))
            return True
        if isinstance(last, Text) and sign is not None:
            parts[-1] = Text(last.text[:-1])
        if sign is None or sign[0] == "@":
            parts += alternatives(inside)
        else:
            parts += [Text("*"), *hidden(inside)]
        return True

    def _closes_block(self, start: int) -> bool:
        """Whether the brace here ends a block of zsh: alone, or after the word that began."""
        return self.position > start or self.look(_CLOSING_BRACE) is not None

    def _is_at_word_end(self) -> bool:
        return self.text[self.position : self.position + 1] in _WORD_ENDS

    def _qualifying(self, inside: Sequence[Part]) -> list[Substitution]:
        """Return the code that zsh runs for every file that a pattern finds."""
        scripts = [self.read_text(code) for code in code_of_qualifiers(inside)]
        return [*(Substitution(script, "", "input") for script in scripts), *hidden(inside)]


def hidden(parts: Iterable[Part]) -> list[Substitution]:
    """Return the scripts in *parts*, which run but become no part of the word."""
    found: list[Substitution] = []
    for part in parts:
        if isinstance(part, Substitution):
            found.append(Substitution(part.script, "", "input"))
        elif isinstance(part, Variable) and part.operand:
            found += hidden(part.operand.parts)
    return found


def _plain_text(part: Part) -> str:
    return part.text if isinstance(part, Text) and not part.is_quoted else ""
