"""The values of Python's operators, literals and comprehensions."""

import ast
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from eidos.validator.code import texts
from eidos.validator.code.arithmetic import added, arithmetic, repeated, whole
from eidos.validator.code.python_scope import Scope
from eidos.validator.code.values import (
    Value,
    carried,
    concatenated,
    elements,
    known,
    path_of,
    variable,
)

MAX_TURNS: Final = 256
"""Of a comprehension over a known list; decoders are written so."""
PATH: Final = "pathlib.Path()"
_KEYS_ARE_NAMES: Final = (
    "__dict__",
    "__globals__",
    "globals()",
    "vars()",
    "sys.modules",
    "__builtins__",
)
_SIGNS: Final[dict[type[ast.operator], str]] = {
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.BitXor: "^",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.Pow: "**",
}


class Operators(Scope):
    """The expressions that call nothing."""

    def values(self, nodes: Sequence[ast.expr]) -> tuple[Value, ...]:
        """Return what each of *nodes* is, a starred list as its items."""
        found: list[Value] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                starred = self.value(node.value)
                found += starred.items if starred.items is not None else (starred,)
            else:
                found.append(self.value(node))
        return tuple(found)

    def constant(self, node: ast.Constant) -> Value:
        """Return a literal; bytes are the characters of the same numbers."""
        match node.value:
            case bool(truth):
                return Value(name=str(truth))
            case int(number):
                return whole(number)
            case str(text):
                return known(text)
            case bytes(data):
                return known(data.decode("latin-1"))
            case float(number) if number.is_integer():
                return whole(int(number))
            case _:
                return Value()

    def row(self, node: ast.List | ast.Tuple | ast.Set) -> Value:
        """Return a list."""
        return Value(items=self.values(node.elts))

    def table(self, node: ast.Dict) -> Value:
        """Return a table of values under their keys."""
        keys = [self.value(key).text or str(at) for at, key in enumerate(node.keys)]
        return Value(entries=dict(zip(keys, self.values(node.values), strict=True)))

    def comprehension(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Value:
        """Return the list that a comprehension makes."""
        with self.trace.captured() as done:
            found = [self.value(node.elt) for _ in self._turns(node.generators)]
            is_endless = any(self.is_endless(part.iter) for part in node.generators)
        self.trace.add_loop(done, is_endless=is_endless)
        if len(found) == 1 and found[0].is_listing:
            return found[0]
        return Value(items=tuple(found))

    def _turns(self, generators: Sequence[ast.comprehension]) -> Iterator[None]:
        first, *rest = generators
        for element in elements(self.value(first.iter))[:MAX_TURNS]:
            self.bind(first.target, element)
            for test in first.ifs:
                self.value(test)
            self.narrow(first.ifs)
            if rest:
                yield from self._turns(rest)
            else:
                yield

    @staticmethod
    def is_endless(node: ast.expr) -> bool:
        """Whether a loop over *node* has no end, or none that anybody waits for."""
        many = 10_000
        match node:
            case ast.Call(func=ast.Name(id="iter"), args=[_, _]):
                return True
            case ast.Call(func=ast.Name(id="range" | "xrange"), args=[*_, last]):
                return isinstance(last, ast.BinOp) or (
                    isinstance(last, ast.Constant)
                    and isinstance(last.value, int)
                    and last.value >= many
                )
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                return name in {"count", "cycle", "repeat"}
            case _:
                return False

    # Operators.

    def binary(self, node: ast.BinOp) -> Value:
        """Return what a row of the same operator makes of its operands, from the left."""
        operands: list[ast.expr] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp) and type(left.op) is type(node.op):
            operands.append(left.right)
            left = left.left
        result = self.value(left)
        if isinstance(node.op, ast.Add):
            return self._sum(result, [self.value(part) for part in reversed(operands)])
        for part in reversed(operands):
            result = self._combined(node.op, result, self.value(part))
        return result

    def _sum(self, first: Value, rest: list[Value]) -> Value:
        if all(value.items is None and value.number is None for value in (first, *rest)):
            return concatenated(first, *rest)
        for value in rest:
            first = added(first, value, self.trace)
        return first

    def _combined(self, op: ast.operator, left: Value, right: Value) -> Value:
        is_filled = isinstance(op, ast.Mod) and left.number is None
        if is_filled:
            named = right.entries
            return texts.filled(left, (right,), named)
        if isinstance(op, ast.Div) and PATH in (left.name, right.name):
            return replace(path_of(left, right), name=PATH)
        if isinstance(op, ast.Mult) and (left.number is None or right.number is None):
            is_left = left.number is not None
            return repeated(self.trace, right if is_left else left, left if is_left else right)
        if left.name and right.name and isinstance(op, ast.BitOr):
            return Value(name=f"{left.name}|{right.name}")
        return arithmetic(self.trace, _SIGNS.get(type(op), ""), left, right)

    def unary(self, node: ast.UnaryOp) -> Value:
        """Return a number with its sign."""
        value = self.value(node.operand)
        if isinstance(node.op, ast.USub) and value.number is not None:
            return Value(number=-value.number)
        if isinstance(node.op, ast.Not):
            return Value(name=str(value.number == 0 or value.name == "False"))
        return value if isinstance(node.op, ast.UAdd) else Value()

    def joined(self, node: ast.JoinedStr) -> Value:
        """Return an f-string with what is known in its places."""
        parts = [
            self.value(part.value if isinstance(part, ast.FormattedValue) else part)
            for part in node.values
        ]
        return concatenated(*parts) if parts else known("")

    def choice(self, node: ast.IfExp | ast.BoolOp) -> Value:
        """Return one of the values that a condition chooses from, the first that is known."""
        is_choice = isinstance(node, ast.IfExp)
        if is_choice:
            self.value(node.test)
        found = self.values([node.body, node.orelse] if is_choice else node.values)
        return next((value for value in found if value.parts is not None), carried(found))

    # Items.

    def subscript(self, node: ast.Subscript) -> Value:
        """Return an item, or a part of a text or list."""
        base = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            return self._slice(base, node.slice)
        key = self.value(node.slice)
        return self._keyed(base, key) if key.number is None else self._item(base, key.number)

    @staticmethod
    def _keyed(base: Value, key: Value) -> Value:
        text = key.text
        if text is not None and base.name == "os.environ":
            return variable(text)
        if text is not None and base.name.endswith(_KEYS_ARE_NAMES):
            return Value(name=text)
        if text is not None and base.entries is not None:
            return base.entries.get(text, Value())
        return base if base.sources or base.is_listing else Value(name=base.name)

    @staticmethod
    def _item(base: Value, number: int) -> Value:
        row: Sequence[Value] | None = base.items
        text = base.text
        if row is None and text is not None:
            row = [known(char) for char in text]
        if row and -len(row) <= number < len(row):
            return row[number]
        return base if base.sources or base.is_listing else Value(name=base.name)

    def _slice(self, base: Value, node: ast.Slice) -> Value:
        bounds = [self.value(part).number for part in (node.lower, node.upper, node.step)]
        if node.step is not None and not bounds[2]:
            return base
        part = slice(*bounds)
        if base.items is not None:
            return replace(base, items=base.items[part])
        text = base.text
        if text is None:
            return base
        is_reversed = (bounds[2] or 1) < 0
        return replace(known(text[part]), is_decoded=is_reversed or base.is_decoded)
