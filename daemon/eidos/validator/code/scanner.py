"""A program taken apart into tokens, by the facts in its language's lexicon."""

import re
from functools import cache
from typing import Final

from eidos.validator.budget import Budget, OverBudget
from eidos.validator.code.lexicon import Lexicon, Quote
from eidos.validator.code.literals import Pieces, read_text, regex_end
from eidos.validator.code.tokens import MAX_TOKENS, VALUE_ENDS, Kind, Token, Tokens, pair
from eidos.validator.patterns import Pattern

_PAIRS: Final = {"(": ")", "[": "]", "{": "}", "<": ">"}
_NUMBER: Final = Pattern(
    r"0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+(?![\d.])"
    r"|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?"
)
_SIGN: Final = Pattern(
    r"===|!==|<=>|\*\*=|<<=|>>=|\.\.\.|\*\*|->|=>|::|\?\.|&\.|&&|\|\||\|&|\|>|<<|>>|==|!=|<=|>="
    r"|=~|!~|\+\+|--|\+=|-=|\.=|\*=|/=|\|=|\^=|%=|//|~=|\.\.|<>|:=|<-|."
)
_BLANK: Final = Pattern(r"[^\S\n]+|\\\n")
_REGEX_AFTER: Final = frozenset(
    "return and or not if unless while until split grep when in of print puts match join x".split()
)
_SPECIAL_VARIABLE: Final = Pattern(
    r"\$\{\^?\w+\}|[$@%&*](?:::)?[A-Za-z_]\w*(?:::\w+)*|@@\w+|\$\d+|\$#?\w+"
    r"|\$[&!@<>;,./\\|\"'`+$~^-]|@_"
)
_HERE: Final = Pattern(r"<<[~-]?['\"]?([A-Z]\w*)['\"]?")
_ANGLE: Final = Pattern(r"<([\w$:]*|[^<>\n=;]*[*~/.][^<>\n=;]*)>")


def scan(text: str, lexicon: Lexicon, budget: Budget) -> Tokens:
    """Return the tokens of *text*; whatever is never closed ends with the text.

    Raises:
        OverBudget: There are too many, or they are nested too deeply.
    """
    tokens = Tokens(text)
    scanner = _Scanner(text, lexicon, tokens.row)
    while scanner.step():
        budget.spend(2 + 8 * len(tokens.row[-1].pieces if tokens.row else ()))
        if len(tokens.row) > MAX_TOKENS:
            raise OverBudget("code that is too long")
    tokens.row.append(Token("end", "", (), len(text), len(text)))
    pair(tokens, lexicon)
    return tokens


@cache
def _openings(lexicon: Lexicon) -> tuple[tuple[str, ...], frozenset[str], re.Pattern[str]]:
    """Return what texts begin with, the first signs of that, and the pattern of a name."""
    quotes = tuple(sorted(lexicon.quotes, key=len, reverse=True))
    dots = "." if "." in lexicon.name_ends else ""
    dollar = "" if "$" in lexicon.sigils or "$" in lexicon.members else "$"
    start = r"(?:[^\W\d]|\$)" if dollar else r"[^\W\d]"
    name = rf"{start}[\w{dots}{dollar}]*"
    ends = "".join(char for char in lexicon.name_ends if char != ".")
    pattern = name + (f"(?:[{re.escape(ends)}](?![=~]))?" if ends else "")
    return quotes, frozenset(opening[0] for opening in quotes), re.compile(pattern)


class _Scanner:
    def __init__(self, text: str, lexicon: Lexicon, row: list[Token]) -> None:
        self.text = text
        self.lexicon = lexicon
        self.row = row
        self.at = 0
        self.is_spaced = False
        self.quotes, self.first, self.name = _openings(lexicon)

    def step(self) -> bool:
        """Read one token, or a blank or comment; whether there is more."""
        blank = _BLANK.match(self.text, self.at)
        if blank:
            self.at = blank.end()
            self.is_spaced = True
        if self.at >= len(self.text):
            return False
        if not (self._comment() or self._literal() or self._word()):
            sign = _SIGN.match(self.text, self.at)
            text = sign[0] if sign else self.text[self.at]
            self._add("sign", ";" if text == "\n" else text, self.at + len(text))
        return True

    def _add(self, kind: Kind, text: str, end: int, pieces: Pieces = ()) -> None:
        self.row.append(Token(kind, text, pieces, self.at, end, self.is_spaced))
        self.at = end
        self.is_spaced = False

    def _comment(self) -> bool:
        text, at = self.text, self.at
        for opening, closing in self.lexicon.blocks:
            if text.startswith(opening, at):
                end = text.find(closing, at + len(opening))
                self.at = len(text) if end < 0 else end + len(closing)
                return True
        if not text.startswith(self.lexicon.comments, at) or self._after_sigil():
            return False
        end = text.find("\n", at)
        self.at = len(text) if end < 0 else end
        return True

    def _after_sigil(self) -> bool:
        return self.at > 0 and self.text[self.at - 1] == "$" and "$" in self.lexicon.sigils

    @property
    def _wants_value(self) -> bool:
        """Whether a value may begin here, so that `/` and `<` are no operators."""
        if not self.row:
            return True
        last = self.row[-1]
        if last.kind == "sign":
            return last.text not in VALUE_ENDS or (self.lexicon.is_awk and last.text == "}")
        if last.kind != "name" or last.text.startswith("$"):
            return False
        follows_blank = self.is_spaced and not self.text[self.at + 1 : self.at + 2].isspace()
        return last.text in _REGEX_AFTER or (self.lexicon.has_bare_calls and follows_blank)

    def _literal(self) -> bool:
        text, at, lexicon = self.text, self.at, self.lexicon
        char = text[at]
        if char in self.first:
            for opening in self.quotes:
                if text.startswith(opening, at):
                    self._quoted(lexicon.quotes[opening], at + len(opening))
                    return True
        if char.isdigit():
            number = _NUMBER.match(text, at)
            self._add("number", number[0] if number else char, number.end() if number else at + 1)
            return True
        if char == "/" and lexicon.has_regex and self._wants_value:
            return self._regex()
        if char == "<" and self._here_document():
            return True
        if char == "<" and lexicon.has_angles and self._wants_value:
            angle = _ANGLE.match(text, at)
            if angle:
                self._add("angle", angle[1], angle.end())
                return True
        return char == "%" and "%w" in lexicon.text_words and self._percent()

    def _quoted(self, quote: Quote, start: int) -> None:
        pieces, end = read_text(self.text, start, quote)
        self._add("command" if quote.is_command else "text", "", end, pieces)

    def _here_document(self) -> bool:
        """Read `<<~X`, a text whose lines follow this one up to X."""
        opening = _HERE.match(self.text, self.at)
        if opening is None or not self.lexicon.has_modifiers:
            return False
        start = self.text.find("\n", opening.end())
        end = self.text.find(f"\n{opening[1]}", start + 1) if start >= 0 else -1
        if end < 0:
            return False
        text = self.text[start + 1 : end]
        self.text = (
            self.text[:start]
            + " " * (end + 1 + len(opening[1]) - start)
            + self.text[end + 1 + len(opening[1]) :]
        )
        self._add("text", "", opening.end(), ((False, text),))
        return True

    def _regex(self) -> bool:
        end = regex_end(self.text, self.at + 1, "/")
        if end is None:
            return False
        self._add("regex", self.text[self.at + 1 : end], end + 1)
        while self.at < len(self.text) and self.text[self.at].isalpha():
            self.at += 1
        return True

    def _percent(self) -> bool:
        """Read ruby's `%w[a b]`."""
        match = re.compile(r"%[qQwWixr]?(?=[(\[{<|!/])").match(self.text, self.at)
        if match is None or not self._wants_value:
            return False
        return self._delimited(match[0], match.end())

    def _word(self) -> bool:
        lexicon = self.lexicon
        char = self.text[self.at]
        if char in lexicon.sigils and char:
            is_operator = char in "%&*" and not self._wants_value
            variable = None if is_operator else _SPECIAL_VARIABLE.match(self.text, self.at)
            if variable:
                bare = variable[0].lstrip("$@%&*#").strip("{}^") or variable[0][1:]
                is_call = char == "&"
                self._add("name", bare if is_call or char == "*" else f"${bare}", variable.end())
                return True
        name = self.name.match(self.text, self.at)
        if name is None:
            return False
        word = name[0]
        if (word in lexicon.text_words or word in lexicon.regex_words) and self._is_operator(word):
            return self._delimited(word, name.end())
        self._add("name", word, name.end())
        return True

    def _is_operator(self, word: str) -> bool:
        """Whether the word is one like perl's `q`, with a text in delimiters behind it."""
        end = self.at + len(word)
        rest = self.text[end : end + 3]
        sign = rest.lstrip(" ")[:1]
        last = self.row[-1] if self.row else None
        follows_member = last is not None and last.text in {"->", "{", "sub"}
        is_hash_key = rest.lstrip(" ").startswith(("=>", "=", ",", ";", ")", "}")) or not sign
        return not (follows_member or is_hash_key or sign.isalnum() or sign in "_ \n$")

    def _delimited(self, word: str, at: int) -> bool:
        while at < len(self.text) and self.text[at].isspace():
            at += 1
        opening = self.text[at : at + 1]
        closing = _PAIRS.get(opening, opening)
        if word in self.lexicon.regex_words:
            return self._substitution(word, at, closing)
        quote = self.lexicon.text_words[word]
        plain = Quote(closing, quote.inside, quote.has_escapes, quote.is_command)
        pieces, end = read_text(self.text, at + 1, plain, opening)
        kind: Kind = "command" if quote.is_command else "text"
        self._add(kind, word if word[-1] in "wWi" else "", end, pieces)
        return True

    def _substitution(self, word: str, at: int, closing: str) -> bool:
        """Read `s/x/y/`; with the flag e, what is put in is code."""
        end = regex_end(self.text, at + 1, closing)
        if end is None:
            return False
        code = ""
        if word in {"s", "tr", "y"}:
            start = end + 1
            if closing != self.text[at]:
                while start < len(self.text) and self.text[start].isspace():
                    start += 1
                start += 1
            last = regex_end(self.text, start, closing)
            code, end = self.text[start : last or start], (last or start)
        flags = re.compile(r"[a-z]*").match(self.text, end + 1)
        is_code = word == "s" and flags is not None and "e" in flags[0]
        pieces = ((True, code),) if is_code else ()
        self._add("regex", word, flags.end() if flags else end + 1, pieces)
        return True
