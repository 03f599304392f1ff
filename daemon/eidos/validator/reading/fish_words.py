"""Words of fish: quotes, escapes, variables, braces and command substitutions, as written."""

import re
from collections.abc import Callable
from typing import Final

from eidos.validator.faults import SyntaxFault
from eidos.validator.patterns import Pattern
from eidos.validator.reading.fish_braces import Braces
from eidos.validator.reading.fish_escapes import decode_escape, decode_single
from eidos.validator.reading.fish_tokens import Tokenizer
from eidos.validator.script import (
    Call,
    Part,
    Pipeline,
    RawWord,
    Statement,
    Substitution,
    Text,
    Unknown,
    Variable,
)

ReadScript = Callable[[int, int], Statement]
"""Reads the commands between two places of the text."""


def read_word(tokenizer: Tokenizer, read_script: ReadScript, start: int, end: int) -> RawWord:
    """Return the word that stands between *start* and *end*; its limits are the tokenizer's.

    Raises:
        SyntaxFault: It holds what fish refuses, or what does not mean in fish what it says.
    """
    source = tokenizer.text[start:end]
    if _SIMPLE_WORD.fullmatch(source):
        return RawWord((Text(source),), source)
    return RawWord(_Word(tokenizer, read_script, start, end).read(), source)


_SIMPLE_WORD: Final = Pattern(r"[\w./:=@%+^~*?,!-]+")
_PLAIN: Final = Pattern(r"[^\\'\"$(){},\[\] \t\r\n`]+")
_QUOTED: Final = {"'": Pattern(r"[^']*"), '"': Pattern(r'[^"]*')}
_PLAIN_IN_QUOTES: Final = Pattern(r'[^"\\$]+')
_SINGLE: Final = Pattern(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_VARIABLE: Final = Pattern(r"(\$+)(\w+)")
_NUMBER: Final = Pattern(r"\[ *(-?[1-9][0-9]{0,8}) *\]")
_WHOLE: Final = Pattern(r"\[ *1? *\.\. *(?:-1)? *\]")
_BLANKS: Final = Pattern(r"[ \t\r\n]+")
_SLICE_SIGNS: Final = Pattern(r"[\[\]'\"\\(]")
_WANTS_NAME: Final = "fish wants a variable name after every $"
_BACKTICKS: Final = "fish has no backticks; it has: (command)"
_AFTER_DOLLAR: Final = {
    "?": "fish has no $?; it has: $status",
    "@": "fish has no $@; it has: $argv",
    "*": "fish has no $*; it has: $argv",
    "#": "fish has no $#; it has: (count $argv)",
    "!": "fish has no $!; it has: $last_pid",
    "$": "fish has no $$; it has: $fish_pid",
    "{": "fish has no ${ … }; it has: {$name}",
    "'": "fish has no $'…'",
}
_POSITIONAL: Final = "fish has no positional variables like $1; it has: $argv[1]"


class _Word:
    """Reads the parts of one word from left to right."""

    def __init__(self, tokenizer: Tokenizer, read_script: ReadScript, start: int, end: int) -> None:
        self._tokenizer = tokenizer
        self._text = tokenizer.text
        self._read_script = read_script
        self._position = start
        self._end = end
        self._parts: list[Part] = []
        self._braces = Braces(self._text)

    def read(self) -> tuple[Part, ...]:
        """Return all parts."""
        while self._position < self._end:
            if plain := _PLAIN.match(self._text, self._position, self._end):
                self._add(Text(plain[0]), plain.end())
                continue
            self._tokenizer.budget.spend()
            char = self._text[self._position]
            _READERS.get(char, _Word.other)(self)
        return tuple(self._parts)

    def _add(self, part: Text, end: int) -> None:
        """Add *part*, joined with the text before it where that is of its kind, and go to *end*."""
        last = self._parts[-1] if self._parts and not self._braces.is_open else None
        if isinstance(last, Text) and last.is_quoted == part.is_quoted:
            self._parts[-1] = Text(last.text + part.text, part.is_quoted)
        else:
            self._parts.append(part)
        self._position = end

    def other(self) -> None:
        self._add(Text(self._text[self._position]), self._position + 1)

    def blanks(self) -> None:
        """Blanks next to the braces and commas of `{a, b}` are no part of the words it makes."""
        start = self._position
        blanks = _BLANKS.match(self._text, start, self._end)
        stop = blanks.end() if blanks else start + 1
        is_dropped = self._text[start - 1] in "{," or self._text[stop : stop + 1] in {",", "}"}
        is_dropped = is_dropped and self._braces.is_open
        self._add(Text("" if is_dropped else self._text[start:stop]), stop)

    def literal(self) -> None:
        """Square brackets are no pattern in fish."""
        self._add(Text(self._text[self._position], is_quoted=True), self._position + 1)

    def comma(self) -> None:
        self._braces.separate()
        self._add(Text(","), self._position + 1)

    def open_brace(self) -> None:
        self._braces.open(len(self._parts), self._position)
        self._parts.append(Text("{"))
        self._position += 1

    def close_brace(self) -> None:
        is_dropped, opening = self._braces.close(self._position)
        if is_dropped:
            self._parts[opening] = Text("")
        self._parts.append(Text("" if is_dropped else "}"))
        self._position += 1

    def refuse_backtick(self) -> None:
        raise SyntaxFault(_BACKTICKS)

    def escape(self) -> None:
        text, end = decode_escape(self._text, self._position, self._end)
        self._add(Text(text, is_quoted=True), end)

    def single(self) -> None:
        quoted = _SINGLE.match(self._text, self._position, self._end)
        if quoted is None:
            raise SyntaxFault("a quote in this line is not closed")
        self._add(Text(decode_single(quoted[1]), is_quoted=True), quoted.end())

    def double(self) -> None:
        self._add(Text("", is_quoted=True), self._position + 1)
        is_behind_substitution = False
        while self._position < self._end and self._text[self._position] != '"':
            position = self._position
            if plain := _PLAIN_IN_QUOTES.match(self._text, position, self._end):
                self._add(Text(plain[0], is_quoted=True), plain.end())
            elif self._text[position] == "$":
                is_behind_substitution |= self._text.startswith("$(", position)
                self.dollar(is_quoted=True)
            else:
                self._escape_in_quotes(is_checked=is_behind_substitution)
            self._tokenizer.budget.spend()
        self._position += 1

    def _escape_in_quotes(self, *, is_checked: bool) -> None:
        """Behind a `$( )` fish 3.6 minds escapes as if they stood outside the quotes."""
        position = self._position
        char = self._text[position + 1 : position + 2]
        if is_checked:
            decode_escape(self._text, position, self._end)
        decoded = {"\n": "", **dict.fromkeys('\\"$', char)}.get(char, f"\\{char}")
        self._add(Text(decoded, is_quoted=True), position + 2)

    def dollar(self, *, is_quoted: bool = False) -> None:
        start = self._position
        if self._text.startswith("$(", start, self._end):
            self._substitution(start + 1, is_quoted=is_quoted)
            return
        match = _VARIABLE.match(self._text, start, self._end)
        if match is None:
            following = self._text[start + 1 : min(start + 2, self._end)]
            raise SyntaxFault(_AFTER_DOLLAR.get(following, _WANTS_NAME))
        if match[2].isdigit():
            raise SyntaxFault(_POSITIONAL)
        self._braces.note_variable()
        self._position = match.end()
        indices, inside = self._slices(is_quoted=is_quoted)
        source = self._text[start : self._position]
        is_indirect = len(match[1]) > 1
        if len(match[1]) > len("$$") or (is_indirect and indices):
            self._parts.append(Unknown(source, is_quoted))
        else:
            operator = "!" if is_indirect else _subscript(indices)
            operand = RawWord(inside, indices[1:-1]) if indices else None
            self._parts.append(Variable(match[2], source, operator, is_quoted, operand))
        self._parts += _hidden(inside)

    def parenthesis(self) -> None:
        if self._position in self._tokenizer.pairs:
            self._substitution(self._position, is_quoted=False)
        else:
            self.other()

    def _substitution(self, opening: int, *, is_quoted: bool) -> None:
        if self._text.startswith("((", opening):
            raise SyntaxFault("fish has no (( … )); it has: (math …) and test")
        pair = self._tokenizer.pairs.get(opening)
        if pair is None or pair.end >= self._end:
            raise SyntaxFault("a ( in this line is not closed")
        script = self._read_script(opening + 1, pair.end)
        self._position = pair.end + 1
        source = self._text[opening : self._position]
        self._parts.append(_substitution_of(script, source, is_quoted=is_quoted))
        inside = self._slices(is_quoted=is_quoted)[1]
        self._parts += _hidden(inside)

    def _slices(self, *, is_quoted: bool) -> tuple[str, tuple[Part, ...]]:
        """Pass the indices behind a variable or a substitution; return them, and their parts."""
        start = self._position
        inside: list[Part] = []
        while self._text.startswith("[", self._position, self._end):
            closing = self._end_of_slice(is_quoted=is_quoted)
            if closing < 0:
                break
            word = _Word(self._tokenizer, self._read_script, self._position + 1, closing)
            inside += word.read()
            self._position = closing + 1
        return self._text[start : self._position], tuple(inside)

    def _end_of_slice(self, *, is_quoted: bool) -> int:
        """Return where the ] is that closes the [ here; -1 if there is none."""
        depth, position = 1, self._position + 1
        while sign := _SLICE_SIGNS.search(self._text, position, self._end):
            self._tokenizer.budget.spend()
            char, position = sign[0], sign.end()
            if char == "]" and depth == 1:
                return sign.start()
            if char == '"' and is_quoted:
                return -1
            if char in _QUOTED and (quoted := _QUOTED[char].match(self._text, position, self._end)):
                position = quoted.end() + 1
            elif char == "(" and (pair := self._tokenizer.pairs.get(sign.start())):
                position = pair.end + 1
            position += char == "\\"
            depth += {"[": 1, "]": -1}.get(char, 0)
        return -1


def _subscript(indices: str) -> str:
    """Return *indices* as `script` has them: fish counts from 1, everybody else from 0."""
    if number := _NUMBER.fullmatch(indices):
        return f"[{int(number[1]) - (number[1][0] != '-')}]"
    return "[@]" if _WHOLE.fullmatch(indices) else indices


def _substitution_of(script: Statement, source: str, *, is_quoted: bool) -> Substitution:
    """Return the substitution; with `| psub` at its end it names a file that holds the output.

    Its source is what bash would write, `$( )` or `<( )`, so that nobody else need know fish's.
    """
    if isinstance(script, Pipeline):
        *stages, last = script.stages
        if isinstance(last, Call) and last.words[0].source == "psub":
            writer = Pipeline(tuple(stages)) if len(stages) > 1 else stages[0]
            return Substitution(writer, f"<{source}", "input", is_quoted)
    return Substitution(script, f"${source}", is_quoted=is_quoted)


def _hidden(inside: tuple[Part, ...]) -> list[Part]:
    """Return the substitutions in an index: they run, but are no part of the word."""
    return [
        Substitution(part.script, "", "input") for part in inside if isinstance(part, Substitution)
    ]


_READERS: Final[dict[str, Callable[[_Word], None]]] = {
    "\\": _Word.escape,
    "'": _Word.single,
    '"': _Word.double,
    "$": _Word.dollar,
    "(": _Word.parenthesis,
    "{": _Word.open_brace,
    "}": _Word.close_brace,
    ",": _Word.comma,
    "[": _Word.literal,
    "]": _Word.literal,
    "`": _Word.refuse_backtick,
    **dict.fromkeys(" \t\r\n", _Word.blanks),
}
