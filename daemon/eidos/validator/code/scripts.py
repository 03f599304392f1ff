"""Programs of tokens, statement by statement: tests, functions, imports, modifiers."""

from collections.abc import Callable, Mapping
from typing import Final

from eidos.validator.code.scanner import scan
from eidos.validator.code.script_functions import Functions
from eidos.validator.code.script_values import DECLARES
from eidos.validator.code.trace import Site
from eidos.validator.code.values import Value, carried, known

_MODIFIERS: Final = frozenset({"while", "until", "for", "foreach", "if", "unless"})


class Script(Functions):
    """One program in a language of calls, texts and blocks."""

    def read(self, text: str) -> None:
        """Leave what *text* does in the trace."""
        outer = self.tokens, self.at
        self.tokens, self.at = scan(text, self.lexicon, self.trace.budget), 0
        try:
            self.block(len(self.tokens.row) - 1)
        finally:
            self.tokens, self.at = outer

    def block(self, end: int) -> Value:
        """Read statements up to the token *end*, and return the value of the last."""
        value = Value()
        while self.at < end and self.next.kind != "end":
            before = self.at
            value = self.statement()
            if self.at == before:
                self.at += 1
        return value

    def statement(self) -> Value:
        """Read one statement."""
        while self.is_word(*DECLARES) and self.look(1).kind != "end":
            self.take()
        token = self.next
        if token.kind == "sign" and token.text == "{" and self.look(-1).text not in DECLARES:
            return self.braced()
        if token.kind != "name" or self._is_plain_name():
            return self._modified()
        reader = _STATEMENTS.get(token.text)
        return reader(self) if reader is not None else self._modified()

    def _is_plain_name(self) -> bool:
        """Whether a word that could begin a statement is the name of something here."""
        after = self.look(1)
        return after.kind == "sign" and after.text in {"=", ".", ",", ")", "->", "::", ":"}

    def _modified(self) -> Value:
        start = self.at
        if self.next.kind == "name" and self.look(1).text == "," and self._unpacked():
            return Value()
        at = self._modifier() if self.lexicon.has_modifiers else None
        if at is None:
            return self.expression()
        word = self.token(at).text
        if word in {"while", "until"}:
            self.repeat_modified(word, start, at)
        elif word in {"for", "foreach"}:
            self.each_modified(start, at)
        else:
            end = self.statement_end(at + 1)
            if word == "if":
                self.narrow(at + 1, end)
            value = self.expression()
            self.at = max(self.at, at + 1)
            self.expression()
            return value
        return Value()

    def _unpacked(self) -> bool:
        """Read `a, b = c, d`, if that comes next."""
        names: list[str] = []
        at = self.at
        while self.token(at).kind == "name" and self.token(at + 1).text == ",":
            names.append(self.token(at).text)
            at += 2
        if self.token(at).kind != "name" or self.token(at + 1).text != "=":
            return False
        names.append(self.token(at).text)
        self.at = at + 2
        values, _ = self.arguments(self.statement_end(self.at))
        values = values[0].items or values if len(values) == 1 else values
        for position, name in enumerate(names):
            self.bind(name, values[position] if position < len(values) else carried(values))
        return True

    def _modifier(self) -> int | None:
        """Return where in this statement a modifier stands."""
        at = self.at
        end = self.statement_end(at)
        while at < end:
            token = self.token(at)
            is_member = self.token(at - 1).text in self.lexicon.members
            is_word = token.kind == "name" and token.text in _MODIFIERS and not is_member
            if is_word and at != self.at:
                return None if at in self.tokens.pairs else at
            at = self.tokens.pairs.get(at, at) + 1
        return None

    def test(self) -> Value:
        """Read `if` and its condition; its branches are the statements that follow."""
        self.take()
        start = self.at
        if self.is_sign("(") and not self.lexicon.openers:
            end = self.close()
            self.take()
            self.arguments(end)
            self.at = end + 1
        else:
            self.expression()
        self.narrow(start, self.at)
        return Value()

    def imported(self) -> Value:
        """Read `import {a} from "m"`, `import m as n`, `from m import a`."""
        if self.look(1).kind == "sign" and self.look(1).text == "(":
            return self._modified()
        start, self.at = self.at, self.statement_end(self.at)
        tokens = self.tokens.row[start : self.at]
        texts = [self.text_value(token).text or "" for token in tokens if token.kind == "text"]
        words = [token.text for token in tokens if token.kind == "name"]
        if texts:
            self._import_module(texts[0], words, is_member=any(t.text == "{" for t in tokens))
        elif words[0] == "from" and "import" in words:
            at = words.index("import")
            for name in words[at + 1 :]:
                self.names[name] = Value(name=".".join((*words[1:at], name)))
        return Value()

    def _import_module(self, text: str, words: list[str], *, is_member: bool) -> None:
        module = text.removeprefix("node:")
        if "://" in module:
            self.apply(Site("import", (known(module),)))
        for name in words[1:]:
            self.names[name] = Value(name=f"{module}.{name}" if is_member else module)

    def definition(self) -> Value:
        """Read `def f(a) … end`, or groovy's `def x = …`."""
        if self.look(1).kind != "name":
            return self._modified()
        opening = self.at
        if self.look(2).kind == "sign" and self.look(2).text == "=":
            self.take()
            return self.expression()
        if "def" in self.lexicon.openers or self._is_before_brace(opening + 2):
            return self.function()
        self.at = opening + 1
        return self.expression()

    def _is_before_brace(self, at: int) -> bool:
        at = self.tokens.pairs.get(at, at) + 1
        return self.token(at).text == "{"

    def loop_statement(self) -> Value:
        """Read a loop."""
        return self.loop(self.next.text)

    def directive(self) -> Value:
        """Go past what only names a library."""
        self.at = self.statement_end(self.at)
        return Value()


_WORDS: Final[Mapping[str, Callable[[Script], Value]]] = {
    "while until for foreach loop repeat forever": Script.loop_statement,
    "if unless elif elsif elseif": Script.test,
    "use package using namespace no": Script.directive,
    "import from": Script.imported,
    "def defp": Script.definition,
}
_STATEMENTS: Final = {word: reader for words, reader in _WORDS.items() for word in words.split()}
