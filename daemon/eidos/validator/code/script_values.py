"""The values of the expressions in a program of tokens: operators from left to right."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace

from eidos.validator.code.arithmetic import added, arithmetic, number_in, repeated
from eidos.validator.code.files import write_to
from eidos.validator.code.paths import matching
from eidos.validator.code.programs import STDIN, run_text
from eidos.validator.code.script_cursor import Body
from eidos.validator.code.script_names import Names
from eidos.validator.code.tokens import Token
from eidos.validator.code.trace import Site
from eidos.validator.code.values import (
    Function,
    Value,
    carried,
    concatenated,
    known,
    narrowed,
)

DECLARES: Final = frozenset("my our local const let var val mut public private static".split())
ASSIGN: Final = frozenset({"=", ":=", "<-", "+=", ".=", "||="})
_ENDS: Final = frozenset({",", ";", ")", "]", "}", "{", ":"})
_MODIFIERS: Final = frozenset(
    "if unless while until for foreach then do end else elsif elseif elif catch finally rescue of "
    "as from with in and or".split()
)
_PIPES: Final = frozenset({"|", "|&", "<"})
_MAX_DEPTH: Final = 60
_PICKS: Final = frozenset(
    "endsWith startsWith ends_with starts_with end_with? start_with? endswith startswith match "
    "match? includes include? test eq str_ends_with str_starts_with preg_match grepl "
    "=~ == === find fnmatch".split()
)
_REFUSALS: Final = frozenset({"!", "!=", "!==", "unless", "not", "ne", "reject", "!~", "~="})


class Values(Names):
    """Expressions; `operand` is for the reader of calls to define."""

    levels = 0
    stops: frozenset[str] = frozenset()
    """Operators that end an expression where the reader is, such as awk's `>` behind print."""

    def operand(self) -> Value:
        """Return the value that comes next, with all that is called on it."""
        raise NotImplementedError

    def expression(self) -> Value:
        """Return the value of the expression that comes next."""
        self.levels += 1
        if self.levels > _MAX_DEPTH:
            self.at += 1
            self.levels -= 1
            return Value()
        start = self.at
        value = self.operand()
        while not self._is_over():
            before = self.at
            value = self._operator(start, value)
            if self.at == before:
                break
        self.levels -= 1
        return value

    def _is_over(self) -> bool:
        token = self.next
        if token.kind == "sign":
            return token.text in _ENDS or token.text in self.stops
        if token.kind == "name":
            return token.text in _MODIFIERS and token.text not in self.lexicon.operators
        return token.kind == "end"

    def _operator(self, start: int, left: Value) -> Value:
        token = self.next
        sign = token.text
        if token.kind != "sign":
            return self._side_by_side(token, left)
        if sign in ASSIGN:
            return self.assignment(start, left)
        if sign in {"=>", "->"} and self.at == start + 1:
            return left
        self.take()
        if sign in _PIPES and self.lexicon.is_awk:
            return self.pipe(sign, left)
        reader = _OPERATORS.get(sign)
        return reader(self, left) if reader else self._combined(sign, left, self.operand())

    def _combined(self, sign: str, left: Value, right: Value) -> Value:
        if sign in self.lexicon.joins:
            return added(left, right, self.trace)
        if sign == "*" and (left.text or left.items) and left.number is None:
            return repeated(self.trace, left, right)
        if sign in {"||", "??"}:
            return left if left.parts is not None else right
        if left.number is not None and right.number is not None:
            return arithmetic(self.trace, sign, left, right)
        if left.name and right.name and sign in {"|", "+"}:
            return Value(name=f"{left.name}|{right.name}")
        return carried((left, right))

    def _side_by_side(self, token: Token, left: Value) -> Value:
        """Read what follows a value without a sign between: an operator that is a word, a text."""
        if token.kind == "name" and token.text in self.lexicon.operators:
            self.take()
            right = self.operand()
            return (
                repeated(self.trace, left, right) if token.text == "x" else carried((left, right))
            )
        self.trace.budget.spend(len(left.shape))
        joins = self.lexicon.is_awk or (token.kind == "text" and left.text is not None)
        return concatenated(left, self.operand()) if joins else left

    def choice(self, _condition: Value) -> Value:
        """Read what `?` chooses from, the first that is known."""
        first = self.expression()
        if self.is_sign(":"):
            self.take()
            second = self.expression()
            return first if first.parts is not None else second
        return first

    def paired(self, _key: Value) -> Value:
        """Read the value behind `=>`."""
        return self.expression()

    def counted(self, left: Value) -> Value:
        """Read nothing behind `++`."""
        return left

    def piped(self, left: Value) -> Value:
        """Read `x |> f(y)`, which calls f with x before y."""
        name = self.take().text
        while self.next.kind == "sign" and self.next.text in self.lexicon.members:
            self.take()
            name += f".{self.take().text}"
        args: tuple[Value, ...] = ()
        if self.is_sign("("):
            close = self.close()
            self.take()
            args, _ = self.arguments(close)
            self.at = close + 1
        return self.apply(Site(name, (left, *args)))

    def arguments(self, close: int) -> tuple[tuple[Value, ...], dict[str, Value]]:
        """Return what stands up to the token *close*: in a row, and under names."""
        raise NotImplementedError

    def pipe(self, sign: str, left: Value) -> Value:
        """Read what is behind awk's `|`, its sign gone past; for its own reader to say."""
        del sign
        return carried((left, self.operand()))

    def shifted(self, left: Value) -> Value:
        """Read what `<<` writes to a file, or shifts."""
        right = self.operand()
        if left.name.endswith(".new()") and left.parts is not None:
            return self.apply(Site(f"{left.name}.append", (right,), {}, left))
        write_to(self.trace, left, right)
        if left.number is not None:
            return arithmetic(self.trace, "<<", left, right)
        return left if left.writing is not None else carried((left, right))

    # Literals.

    def literal(self, token: Token) -> Value:
        """Return the value of a text, number, pattern or command."""
        match token.kind:
            case "number":
                return number_in(token.text)
            case "command":
                return run_text(self.trace, self.text_value(token), token.text)
            case "angle":
                return self._angle(token.text)
            case "regex":
                for _, code in token.pieces:
                    self.inner_value(code)
                if token.text in {"tr", "y"} and "$_" in self.names:
                    self.names["$_"] = replace(self.names["$_"], is_decoded=True)
                return Value(name="pattern")
            case _:
                value = self.text_value(token)
                if token.text:
                    return Value(items=tuple(known(word) for word in (value.text or "").split()))
                return value

    def _angle(self, text: str) -> Value:
        if text.startswith("$"):
            return carried((self.names.get(text, STDIN),))
        files = self.names.get("$ARGV")
        if not text and files is not None:
            return self.apply(Site("slurp", (files,)))
        if text and not text.isidentifier():
            return matching(self.trace, Site("glob", (known(text),)))
        return self.names.get(text, STDIN)

    # Functions and tests.

    def function_value(self, parameters: tuple[str, ...], start: int, end: int) -> Value:
        """Return a function whose body stands between two tokens."""
        return Value(function=Function(parameters, Body(self.tokens, start, end)))

    def narrow(self, start: int, end: int) -> None:
        """Take the names in a test that picks files by their names for single files."""
        row = self.tokens.row[start:end]
        words = {token.text for token in row if token.kind in {"name", "sign"}}
        has_pattern = any(token.kind == "regex" for token in row)
        if not (has_pattern or words & _PICKS) or words & _REFUSALS:
            return
        for name in words:
            value = self.names.get(name)
            if value is not None and value.is_listing:
                self.names[name] = narrowed(value, name.lstrip("$"))


_OPERATORS: Final[Mapping[str, Callable[[Values, Value], Value]]] = {
    "?": Values.choice,
    "=>": Values.paired,
    "|>": Values.piped,
    "<<": Values.shifted,
    "++": Values.counted,
    "--": Values.counted,
}
