"""The names of a Python program and what they stand for where its reader has come to."""

import ast
from collections.abc import Sequence
from typing import Final

from eidos.validator.code.calling import Caller
from eidos.validator.code.values import Value, carried, narrowed

_MAX_SOURCE: Final = 160
_PICKS: Final = frozenset(
    {"endswith", "startswith", "match", "search", "fullmatch", "fnmatch", "findall"}
)
_COMPARES: Final = (ast.In, ast.Eq, ast.Gt, ast.Lt, ast.GtE, ast.LtE)
_MAX_TEST: Final = 64


class Scope(Caller):
    """One program's names; `value` and `statement` are for the readers below to define."""

    lines: Sequence[str] = ()

    def value(self, node: ast.expr | None) -> Value:
        """Return what *node* is known to be."""
        raise NotImplementedError

    def statement(self, node: ast.stmt) -> Value:
        """Read one statement, and return the value if it returns one."""
        raise NotImplementedError

    def bind(self, target: ast.expr, value: Value) -> None:
        """Give the names in *target* their values."""
        match target:
            case ast.Name(name):
                self.names[name] = value if value != Value() else Value(name=f"${name}")
            case ast.Tuple(targets) | ast.List(targets):
                items = value.items or ()
                is_row = len(items) == len(targets)
                for position, inner in enumerate(targets):
                    self.bind(inner, items[position] if is_row else self._shared(value))
            case ast.Subscript(base, key):
                name = self.value(key).text
                if self.value(base).name == "os.environ" and name:
                    self.trace.set_variable(name, value)
            case ast.Attribute(base, member):
                self.names[f"{self.value(base).name}.{member}"] = value
            case _:
                pass

    @staticmethod
    def _shared(value: Value) -> Value:
        return value if value.is_listing else carried((value,))

    def narrow(self, tests: list[ast.expr]) -> None:
        """Take the names that *tests* pick by their text for single files from here on."""
        for test in tests:
            nodes = [node for node, _ in zip(ast.walk(test), range(_MAX_TEST), strict=False)]
            if any(isinstance(node, ast.Not | ast.NotIn | ast.NotEq) for node in nodes):
                continue
            if not any(_picks(node) for node in nodes):
                continue
            for name in {node.id for node in nodes if isinstance(node, ast.Name)}:
                value = self.names.get(name)
                if value is not None and value.is_listing:
                    self.names[name] = narrowed(value, name)

    def source(self, node: ast.expr) -> str:
        """Return the part of the text that *node* stands for."""
        line = self.lines[node.lineno - 1] if node.lineno <= len(self.lines) else ""
        is_one_line = node.end_lineno == node.lineno and line.isascii()
        text = line[node.col_offset : node.end_col_offset] if is_one_line else line
        return text[:_MAX_SOURCE]


def _picks(node: ast.AST) -> bool:
    match node:
        case ast.Compare(ops=ops):
            return any(isinstance(op, _COMPARES) for op in ops)
        case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)):
            return name in _PICKS
        case _:
            return False


def parameters_of(args: ast.arguments) -> tuple[str, ...]:
    """Return the names of a function's parameters, in the order in which they are given."""
    return tuple(arg.arg for arg in (*args.posonlyargs, *args.args))
