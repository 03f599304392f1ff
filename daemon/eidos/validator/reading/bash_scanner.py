"""Where the reader of bash and zsh stands in its text, and what it may spend on it."""

import re
from typing import Final

from eidos.protocol import Shell
from eidos.validator.budget import Budget, OverBudget
from eidos.validator.faults import SyntaxFault
from eidos.validator.patterns import Pattern

MAX_CHARS: Final = 8192
MAX_NESTING: Final = 32
"""Blocks and substitutions inside each other; no command of the training corpus has 7."""
_SHOWN_CHARS: Final = 16
_MAYBE_TAKEN: Final = Pattern(r"\(\)|(?<==)\(")
_BLANKS: Final = Pattern(r"(?:[ \t]|\\\n)+")
_BLANK_STARTS: Final = " \t\\"
_AFTER_WORD: Final = " \t\n;&|()<>"  # "" at the end is in it
_COMMENT: Final = Pattern(r"#[^\n]*")
_TO_LINE_END: Final = Pattern(r"""(?:[^\n'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*"|['"\\])*""", re.DOTALL)


class Scanner:
    """A position in a text; every look at the text goes through it."""

    def __init__(self, text: str, shell: Shell, budget: Budget, nesting: int = 0) -> None:
        if len(text) > MAX_CHARS:
            raise OverBudget(f"longer than {MAX_CHARS} characters")
        self.text = text
        self.shell = shell
        self.is_zsh = shell is Shell.ZSH
        self.budget = budget
        self.position: int = 0
        self.nesting: int = nesting
        self.has_comment = False
        self.has_open_here_document = False
        self.has_bang_before_quote = False
        self._line_end = -1
        """The last end of a line that a here-document asked for."""
        self._resumes: dict[int, int] = {}
        """Line breaks after which here-documents stand, and where the text goes on."""

    def fault(self, reason: str, *, is_certain: bool = True) -> SyntaxFault:
        """Return the fault to raise here."""
        return SyntaxFault(reason, is_certain=is_certain)

    @property
    def is_at_end(self) -> bool:
        """Whether the text is used up."""
        return self.position >= len(self.text)

    def starts(self, text: str) -> bool:
        """Whether *text* stands here."""
        return self.text.startswith(text, self.position)

    def accept(self, text: str) -> bool:
        """Pass *text*, if it stands here."""
        if self.text.startswith(text, self.position):
            self.position += len(text)
            return True
        return False

    def look(self, pattern: Pattern) -> re.Match[str] | None:
        """Return the match of *pattern* that begins here, without passing it."""
        return pattern.match(self.text, self.position)

    def is_at_word(self, word: str) -> bool:
        """Whether the reserved *word* stands here alone; zsh takes `if(` for a pattern."""
        if not self.text.startswith(word, self.position):
            return False
        after = self.text[self.position + len(word) : self.position + len(word) + 1]
        return after in _AFTER_WORD and not (self.is_zsh and after == "(")

    def accept_word(self, word: str) -> bool:
        """Pass the reserved *word*, if it stands here alone."""
        if not self.is_at_word(word):
            return False
        self.position += len(word)
        return True

    def take(self, pattern: Pattern) -> re.Match[str] | None:
        """Return the match of *pattern* that begins here, and pass it."""
        match = pattern.match(self.text, self.position)
        if match:
            self.position = match.end()
        return match

    def expect(self, text: str, opened: str) -> None:
        """Pass *text*, which closes what *opened* names.

        Raises:
            SyntaxFault: Something else stands here.
        """
        if not self.accept(text):
            raise self.unexpected(f"the {opened} is not closed")

    def unexpected(self, at_end: str) -> SyntaxFault:
        """Return the fault of what stands here: *at_end* where the text is used up."""
        if self.is_at_end:
            return self.fault(at_end)
        shown = self.text[self.position : self.position + _SHOWN_CHARS].split("\n")[0]
        # bash takes `"f"() …` and `let x=(1+2)`.
        is_certain = _MAYBE_TAKEN.match(self.text, self.position) is None
        return self.fault(f"{shown.split(' ')[0]} does not belong here", is_certain=is_certain)

    def skip_blanks(self) -> None:
        """Pass blanks, joined lines and a comment."""
        text = self.text
        if text[self.position : self.position + 1] in _BLANK_STARTS:  # "" at the end is in it
            self.take(_BLANKS)
        if text[self.position : self.position + 1] == "#" and self.take(_COMMENT):
            self.has_comment = True

    def skip_lines(self) -> None:
        """Pass blanks, comments and line breaks, with the here-documents that follow these."""
        self.skip_blanks()
        while self.accept_line_break():
            self.skip_blanks()

    def accept_line_break(self) -> bool:
        """Pass a line break and the here-documents after it, if one stands here."""
        if not self.starts("\n"):
            return False
        self.position = self._resumes.get(self.position, self.position + 1)
        return True

    def read_here_document(self, delimiter: str, *, strips_tabs: bool) -> str:
        """Return the lines up to *delimiter* that follow the line where the reader stands.

        As in the shell the end of the text ends them too.
        """
        if self.position > self._line_end:
            rest = self.look(_TO_LINE_END)
            self._line_end = rest.end() if rest else self.position
        line_end = self._line_end
        start = self._resumes.get(line_end, line_end + 1)
        lines: list[str] = []
        while start < len(self.text):
            end = self.text.find("\n", start)
            end = len(self.text) if end < 0 else end
            line = self.text[start:end]
            start = end + 1
            line = line.lstrip("\t") if strips_tabs else line
            if line == delimiter:
                break
            self.budget.spend()
            lines.append(f"{line}\n")
        else:
            self.has_open_here_document = True
        self._resumes[line_end] = min(start, len(self.text))
        return "".join(lines)

    def enter(self) -> None:
        """Go one block or substitution deeper; `leave` comes back.

        Raises:
            OverBudget: Nothing sensible is nested so deep.
        """
        self.budget.spend()
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise OverBudget(f"nested deeper than {MAX_NESTING}")

    def leave(self) -> None:
        """Come back from where `enter` went."""
        self.nesting -= 1
