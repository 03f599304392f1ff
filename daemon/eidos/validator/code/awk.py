"""awk: its pipes and redirections, which belong to print and getline."""

from typing import Final

from eidos.validator.code.files import opened, read_file, write_to
from eidos.validator.code.network import connect, receive, send
from eidos.validator.code.programs import STDIN, run_text
from eidos.validator.code.scripts import Script
from eidos.validator.code.trace import Site
from eidos.validator.code.values import Value, concatenated, known

_REDIRECTS: Final = frozenset({">", ">>", "|", "|&"})
_SHELLS: Final = frozenset("sh bash zsh dash ksh /bin/sh /bin/bash".split())
_TERMINAL: Final = frozenset({"/dev/stderr", "/dev/stdout", "/dev/tty", "-"})


class Awk(Script):
    """One awk program."""

    def statement(self) -> Value:
        """Read one statement, or a pattern with its action."""
        if self.is_word("print", "printf"):
            return self._print()
        return super().statement()

    def named(self, word: str) -> Value:
        """Return what a name stands for; `getline x < "file"` reads a file into x."""
        if word != "getline":
            return super().named(word)
        name = self.take().text if self.next.kind == "name" else "$0"
        if not self.is_sign("<"):
            return STDIN
        self.take()
        self.names[name] = read_file(self.trace, Site("getline", (self.operand(),)))
        return Value()

    def _print(self) -> Value:
        self.take()
        end = self.statement_end(self.at)
        if self.is_sign("(") and self._is_redirect(self.close() + 1, end):
            values = [self.operand()]
        else:
            self.stops = _REDIRECTS
            values = list(self.arguments(end)[0])
            self.stops = frozenset()
        if self.is_sign(*_REDIRECTS):
            sign = self.take().text
            target = self.expression()
            self._redirect(sign, target, concatenated(*values) if values else STDIN)
        return Value()

    def _is_redirect(self, at: int, end: int) -> bool:
        return at >= end or self.token(at).text in _REDIRECTS

    def _redirect(self, sign: str, target: Value, text: Value) -> None:
        place = target.text or ""
        if place.startswith("/inet"):
            self._connect(place)
            send(self.trace, Site("print", (text,)))
        elif sign in {">", ">>"}:
            if place not in _TERMINAL:
                write_to(self.trace, opened(self.trace, target, appends=sign == ">>"), text)
        elif place in _SHELLS:
            run_text(self.trace, text)
        else:
            run_text(self.trace, target)

    def _connect(self, place: str) -> None:
        host, port, *_ = [*place.split("/")[4:6], "", ""]
        connect(self.trace, Site("/inet", (known(host), known(port))))

    def pipe(self, sign: str, left: Value) -> Value:
        """Read `"command" | getline x`, and `getline x < "file"`."""
        if not self.is_word("getline"):
            del sign
            self.operand()
            return Value()
        self.take()
        place = left.text or ""
        if place.startswith("/inet"):
            self._connect(place)
            found = receive(self.trace, Site("getline"))
        else:
            found = run_text(self.trace, left)
        if self.next.kind == "name":
            self.names[self.take().text] = found
        return Value()
