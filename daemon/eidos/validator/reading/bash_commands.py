"""Simple commands of bash and zsh: words, assignments and redirections."""

import re
from collections.abc import Sequence
from typing import Final

from eidos.validator.faults import SyntaxFault
from eidos.validator.patterns import Pattern
from eidos.validator.reading.bash_parameters import ParameterReader
from eidos.validator.reading.bash_words import hidden
from eidos.validator.script import (
    Call,
    Part,
    RawAssignment,
    RawRedirect,
    RawWord,
    Substitution,
    Text,
)

_ASSIGNMENT: Final = Pattern(r"(?:[A-Za-z_]\w*|\d+)\+?=")
_ELEMENT: Final = Pattern(r"[A-Za-z_]\w*\[")
_ASSIGNS: Final = Pattern(r"\+?=")
_REDIRECT: Final = Pattern(r"(\d+|\{[A-Za-z_]\w*\})?(&>>|&>|<<<|<<-|<<|<>|<&|>>|>&|>\||[<>](?!\())")
_ZSH_REDIRECT: Final = Pattern(
    r"(\d+|\{[A-Za-z_]\w*\})?(?!<\d*-\d*>)"
    r"((?:&>>|&>|>>&|>>|>&|>)[|!]|&>>|&>|<<<|<<-|<<|<>|<&|>>&|>>|>&|[<>](?!\())"
)
_NUMBERED: Final = Pattern(r"\d+[<>]")
"""The number belongs to a redirection of its own."""
_SAME: Final = {"<<-": "<<", ">>&": "&>>"}
_FORCED: Final = {">": ">|", ">>": ">>", "&>": "&>", ">&": "&>", "&>>": "&>>", ">>&": "&>>"}
_PATH_OF_PROGRAM: Final = Pattern(r"=([^\s;&|()<>'\"\\$`{}*?\[]+)(?=[\s;&|)]|\Z)")
_OFTEN_INSTALLED: Final = frozenset(
    """awk bash brew cargo cat cc chmod chown clang cmake cp curl cut date dd df diff docker du
    echo emacs env fd ffmpeg file find fish fzf g++ gcc gdb git go grep gzip head htop java jq kill
    kubectl less ln ls make man mkdir mount mv nano node npm nvim perl php ping pip pip3 podman ps
    psql python python3 rg rm rsync ruby rustc sed sh sleep sort ssh strace sudo systemctl tail tar
    tee tmux top touch tr uname vi vim wc wget which xargs zsh
    """.split()
)
_DECLARING: Final = frozenset(
    {"export", "declare", "typeset", "local", "readonly", "integer", "float"}
)


class CommandReader(ParameterReader):
    """Reads one command that is no block."""

    def read_call(self) -> Call | None:
        """Read a simple command; None where none begins."""
        start = end = self.position
        words: list[RawWord] = []
        assignments: list[RawAssignment] = []
        redirects: list[RawRedirect] = []
        takes_assignments = True
        while not self.is_at_end:
            if redirect := self.read_redirect():
                redirects.append(redirect)
            elif takes_assignments and (assigned := self._read_assignment()):
                word, assignment = assigned
                assignments.append(assignment)
                if words:
                    words.append(word)
            elif word := self._read_argument(is_name=not words):
                words.append(word)
                takes_assignments = _declares(words)
            else:
                break
            end = self.position
            self.skip_blanks()
        if not (words or assignments or redirects):
            return None
        source = self.text[start:end]
        return Call(tuple(words), tuple(assignments), tuple(redirects), source)

    def read_redirect(self) -> RawRedirect | None:
        """Read a redirection, if one stands here."""
        match = self.take(_ZSH_REDIRECT if self.is_zsh else _REDIRECT)
        if match is None:
            return None
        fd, operator = match[1] or "", match[2]
        self.skip_blanks()
        target = RawWord((), "") if self.look(_NUMBERED) else self.read_word()
        if not target.parts:
            raise self.unexpected(f"nothing follows {operator}")
        if operator in {"<<", "<<-"}:
            target = self._read_here_document(target, strips_tabs=operator == "<<-")
        if operator[-1] in "|!":
            operator = _FORCED[operator[:-1]]
        return RawRedirect(_SAME.get(operator, operator), target, fd.strip("{}"))

    def read_redirects(self) -> tuple[RawRedirect, ...]:
        """Read the redirections that stand here."""
        redirects: list[RawRedirect] = []
        self.skip_blanks()
        while redirect := self.read_redirect():
            redirects.append(redirect)
            self.skip_blanks()
        return tuple(redirects)

    def read_values(self) -> tuple[RawWord, ...]:
        """Read words up to a closing parenthesis, and pass it."""
        values: list[RawWord] = []
        self.skip_lines()
        while not self.accept(")"):
            word = self.read_word()
            if not word.parts:
                raise self.unexpected("a parenthesis is not closed")
            values.append(word)
            self.skip_lines()
        return tuple(values)

    def read_document_of(self, text: str) -> RawWord:
        """Read the body of a here-document whose delimiter is not quoted."""
        return type(self)(text, self.shell, self.budget, self.nesting).read_document()

    def _read_here_document(self, target: RawWord, *, strips_tabs: bool) -> RawWord:
        is_quoted = any(isinstance(part, Text) and part.is_quoted for part in target.parts)
        delimiter = "".join(map(_text_of, target.parts))
        body = self.read_here_document(delimiter, strips_tabs=strips_tabs)
        if is_quoted:
            return RawWord((Text(body, is_quoted=True),), body)
        return self.read_document_of(body)

    def _read_argument(self, *, is_name: bool) -> RawWord | None:
        if script := self._read_file_of_output():
            return script
        if self.starts("(") and (is_name or not self.is_zsh):
            return None
        if self.is_zsh and (path := self.take(_PATH_OF_PROGRAM)):
            return self._path_of(path[1], path[0], is_name=is_name)
        word = self.read_word()
        return word if word.parts else None

    def _read_file_of_output(self) -> RawWord | None:
        """Read `=(script)` of zsh, a file that holds the output of a script."""
        if not (self.is_zsh and self.starts("=(")):
            return None
        script = self.read_substitution("=(", "input")
        return RawWord((script,), script.source)

    def _path_of(self, name: str, source: str, *, is_name: bool) -> RawWord:
        """Return the path that zsh puts for `=name`."""
        if name.startswith("="):
            raise self.fault("zsh takes == for the path of a program; it wants =")
        if not is_name and name not in _OFTEN_INSTALLED:
            reason = "zsh takes =name for the path of a program"
            raise self.fault(reason, is_certain=False)
        return RawWord((Text(f"/usr/bin/{name}"),), source)

    def _read_assignment(self) -> tuple[RawWord, RawAssignment] | None:
        """Read `name=value`, also as the word that a declaring command is given."""
        start = self.position
        scripts: list[Substitution] = []
        sign = self.take(_ASSIGNMENT) or self._read_element(scripts)
        if sign is None:
            self.position = start
            return None
        head = self.text[start : self.position]
        is_array = self.starts("(")
        values = self._read_value(scripts)
        source = self.text[start : self.position]
        parts: tuple[Part, ...] = (Text(head), *(part for word in values for part in word.parts))
        is_append = head[-2:] == "+="
        name = head.rstrip("+=")
        return RawWord(parts, source), RawAssignment(name, values, is_append, is_array)

    def _read_element(self, scripts: list[Substitution]) -> re.Match[str] | None:
        """Read `name[subscript]=`; None where no bracket or no sign follows."""
        if not self.take(_ELEMENT):
            return None
        try:
            inside = self.read_enclosed("]", "[", takes_files=False)
        except SyntaxFault:
            if not self.is_zsh:
                raise
            self.leave()
            return None
        scripts += hidden(inside)
        return self.take(_ASSIGNS)

    def _read_value(self, scripts: Sequence[Substitution]) -> tuple[RawWord, ...]:
        if self.accept("("):
            return self.read_values()
        word = self._read_file_of_output() or self.read_word()
        return (RawWord((*scripts, *word.parts), word.source),)


def _declares(words: list[RawWord]) -> bool:
    return words[0].source in _DECLARING


def _text_of(part: Part) -> str:
    return part.text if isinstance(part, Text) else part.source
