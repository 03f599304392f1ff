"""The loops in a program of tokens: what they go through, and whether they ever end."""

from typing import Final

from eidos.validator.code.script_operands import Operands
from eidos.validator.code.trace import FORK
from eidos.validator.code.values import Value, Writing, call, elements
from eidos.validator.script import Statement

MAX_LOOPS: Final = 16
_EXITS: Final = frozenset("break last exit die return raise throw abort leave".split())
_WAITS: Final = frozenset(
    "sleep usleep gets read readline getline recv accept wait print echo puts printf write".split()
)
_BETWEEN: Final = frozenset({"in", "of", "as", "=", ":", "<-"})
_FALSE: Final = frozenset({"false", "nil", "null", "0"})
_DECLARES: Final = frozenset("my our local const let var await each auto".split())
_GROWS: Final = frozenset({"push", "append", "concat", "<<", ".=", "insert", "rep"})


class Head:
    """What stands between the word that begins a loop and its body."""

    def __init__(self, names: list[str], values: list[Value], *, is_endless: bool = False) -> None:
        self.names = tuple(name for name in names if name not in _BETWEEN) or ("$_",)
        self.values = values
        self.is_endless = is_endless


class Loops(Operands):
    """Loops, and statements with a loop behind them."""

    def statement(self) -> Value:
        """Read one statement."""
        raise NotImplementedError

    def loop(self, word: str) -> Value:
        """Read a loop that begins with *word*."""
        opening = self.at
        self.take()
        if word == "repeat" and not self.is_sign("{"):
            return self._until()
        if word in {"loop", "repeat", "forever"}:
            self._turn(Head([], [Value()], is_endless=True), opening, [])
            return Value()
        with self.trace.captured() as found:
            head = self._head(word)
        head.is_endless |= FORK in found
        self._turn(head, opening, found)
        return Value()

    def _until(self) -> Value:
        """Read `repeat … until x`."""
        at = self.at
        while self.token(at).kind != "end" and self.token(at).text != "until":
            at = self.tokens.pairs.get(at, at) + 1
        start = self.at
        with self.trace.captured() as found:
            self.block(at)
            self.at = at + 1
            is_endless = self.is_endless("until", self.expression())
        self.trace.add_loop(found, is_endless=is_endless and not self._leaves(start, at))
        return Value()

    def _head(self, word: str) -> Head:
        names: list[str] = []
        while self.is_word(*_DECLARES) or (
            self.next.text.startswith("$") and self.look(1).text == "("
        ):
            names.append(self.take().text)
        is_round = self.is_sign("(")
        close = self.close() if is_round else self._head_end()
        if is_round:
            self.take()
        head = self._inner_head(word, names, close)
        self.at = close + is_round
        return head

    def _inner_head(self, word: str, names: list[str], close: int) -> Head:
        row = self.tokens.row
        signs = [
            at for at in range(self.at, close) if row[at].kind == "sign" and row[at].text == ";"
        ]
        if word in {"while", "until"}:
            condition = self.expression()
            if self.lexicon.has_angles and condition.sources:
                self.names["$_"] = condition
                return Head([], [condition])
            return Head([], [Value()], is_endless=self.is_endless(word, condition))
        if len(signs) >= 2:  # noqa: PLR2004 - for (a; b; c)
            return self._counted(signs)
        middle = next((at for at in range(self.at, close) if self._is_between(at)), None)
        if middle is None:
            return Head(names, self._values(close))
        if self.token(middle).text == "as":
            values = self._values(middle)
            start, end = middle + 1, close
        else:
            start, end = self.at, middle
            self.at = middle + 1
            values = self._values(close)
        found = [token.text for token in row[start:end] if token.kind == "name"]
        return Head([name for name in found if name not in _DECLARES], values)

    def _is_between(self, at: int) -> bool:
        token = self.token(at)
        return token.kind in {"name", "sign"} and token.text in _BETWEEN

    def _values(self, close: int) -> list[Value]:
        args, _ = self.arguments(close)
        flat = [element for value in args for element in elements(value)]
        return flat[:MAX_LOOPS]

    def _counted(self, signs: list[int]) -> Head:
        self.arguments(signs[0])
        self.at = signs[0] + 1
        is_endless = self.at == signs[1] or self.expression().is_true
        self.at = signs[1] + 1
        self.expression()
        return Head([], [Value()], is_endless=is_endless)

    def _head_end(self) -> int:
        """Return where the head of a loop without parentheses ends."""
        row, at = self.tokens.row, self.at
        while at < len(row) - 1:
            token = row[at]
            is_end = token.text in {"do", ";", "{", "then"} and token.kind in {"name", "sign"}
            if is_end:
                break
            at = self.tokens.pairs.get(at, at) + 1
        return at

    @staticmethod
    def is_endless(word: str, condition: Value) -> bool:
        """Whether a loop with *condition* behind *word* never ends by it."""
        if word == "until":
            return condition.number == 0 or condition.name.lower() in _FALSE
        return condition.is_true

    def _turn(self, head: Head, opening: int, tested: list[Statement | Writing]) -> None:
        """Read the body of a loop for each of its values."""
        start, end = self._body(opening)
        with self.trace.captured() as found:
            for value in head.values:
                self.bind_all(head.names, value)
                self.at = start
                if end is None:
                    self.statement()
                else:
                    self.block(end)
            last = self.at if end is None else end
            found.extend(tested)
            is_endless = head.is_endless and not self._leaves(start, last)
            if is_endless and not found:
                found.extend(self._busy(start, last))
        self.trace.add_loop(found, is_endless=is_endless)
        self.at = last + (end is not None)

    def _leaves(self, start: int, end: int) -> bool:
        row = self.tokens.row[start:end]
        return any(token.kind == "name" and token.text in _EXITS for token in row)

    def _busy(self, start: int, end: int) -> list[Statement]:
        """Return what an endless loop amounts to that does nothing and waits for nothing."""
        words = {token.text for token in self.tokens.row[start:end]}
        if words & _GROWS:
            return [call("stress", "--vm", "1")]
        return [] if words & _WAITS or "(" in words else [call(":")]

    def bind_all(self, names: tuple[str, ...], value: Value) -> None:
        """Give the names of a loop one of its values, or the parts of it."""
        items = value.items or ()
        for position, name in enumerate(names):
            self.names[name] = items[position] if len(items) == len(names) > 1 else value

    def _body(self, opening: int) -> tuple[int, int | None]:
        """Return where the body of a loop begins and ends; None: it is one statement."""
        end = self.tokens.pairs.get(opening)
        if self.is_sign("{"):
            return self.at + 1, self.close()
        if self.is_word("do"):
            own = self.tokens.pairs.get(self.at)
            return self.at + 1, own if own is not None else end
        return self.at, end

    # Loops behind their bodies.

    def repeat_modified(self, word: str, start: int, condition: int) -> None:
        """Read `x while y`, whose body is at *start*."""
        with self.trace.captured() as found:
            self.at = condition + 1
            is_endless = self.is_endless(word, self.expression()) or FORK in found
            after = self.at
            self.at = start
            self.expression()
            if is_endless and not found:
                found.extend(self._busy(start, condition))
        self.trace.add_loop(found, is_endless=is_endless)
        self.at = after

    def each_modified(self, start: int, condition: int) -> None:
        """Read `x for y`, whose body is at *start*."""
        self.at = condition + 1
        args, _ = self.arguments(self.statement_end(self.at))
        after = self.at
        for value in [element for list_ in args for element in elements(list_)][:MAX_LOOPS]:
            self.bind_all(("$_",), value)
            self.at = start
            self.expression()
        self.at = after
