"""Python, read by its own parser: what its statements do, in the order of the text."""

import ast
import threading
import warnings
from collections.abc import Callable
from typing import Any, Final, cast

from eidos.validator.budget import OverBudget
from eidos.validator.code.python_calls import Calls
from eidos.validator.code.python_scope import parameters_of
from eidos.validator.code.trace import FORK
from eidos.validator.code.values import Function, Value, call, carried, elements
from eidos.validator.patterns import Pattern

MAX_TOKENS: Final = 1500
"""CPython's parser takes up to 6 us for each; the densest program of a person has 400."""
MAX_NESTING: Final = 60
MAX_LOOPS: Final = 32
"""Turns of a loop over a known list."""
_TOKENS: Final = Pattern(r"\w+|[^\w\s]")
_FAULTS: Final = (SyntaxError, ValueError, RecursionError, MemoryError)
_PARSING: Final = threading.Lock()
"""The parser warns about odd escapes; the filters that silence it belong to all threads."""


def parse(text: str) -> ast.Module | None:
    """Return the syntax tree of *text*, None when it is no Python.

    Raises:
        OverBudget: It is too large or too deep to be parsed in a few milliseconds.
    """
    depth = deepest = tokens = 0
    for token in _TOKENS.finditer(text):
        tokens += 1
        char = text[token.start()]
        depth += (char in "([{") - (char in ")]}")
        deepest = max(deepest, depth)
    if tokens > MAX_TOKENS or deepest > MAX_NESTING:
        raise OverBudget("code that is too long or too deeply nested")
    with _PARSING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except _FAULTS:
            return None


class Python(Calls):
    """One Python program."""

    def read(self, text: str) -> bool:
        """Leave what *text* does in the trace; whether it was Python at all."""
        tree = parse(text.strip())
        if tree is None:
            return False
        outer, self.lines = self.lines, text.strip().split("\n")
        self.block(tree.body)
        self.lines = outer
        return True

    def value(self, node: ast.expr | None) -> Value:
        """Return what *node* is known to be."""
        if node is None:
            return Value()
        self.trace.budget.spend(2)
        reader = _EXPRESSIONS.get(type(node))
        if reader is not None:
            return reader(self, node)
        inner = [n for n in ast.iter_child_nodes(node) if isinstance(n, ast.expr)]
        return carried([self.value(child) for child in inner])

    def block(self, nodes: list[ast.stmt]) -> None:
        """Read statements one after the other."""
        for node in nodes:
            self.statement(node)

    def statement(self, node: ast.stmt) -> Value:
        """Read one statement, and return the value if it returns one."""
        self.trace.budget.spend(4)
        reader = _STATEMENTS.get(type(node))
        if reader is not None:
            return reader(self, node) or Value()
        for child in ast.iter_child_nodes(node):
            match child:
                case ast.expr():
                    self.value(child)
                case ast.stmt():
                    self.statement(child)
                case ast.ExceptHandler(body=body) | ast.match_case(body=body):
                    self.block(body)
                case _:
                    pass
        return Value()

    def expression(self, node: ast.Expr) -> Value:
        """Read an expression that stands alone."""
        return self.value(node.value)

    def returned(self, node: ast.Return) -> Value:
        """Return what a function returns."""
        return self.value(node.value)

    def imported(self, node: ast.Import) -> None:
        """Remember what a module is called here."""
        for alias in node.names:
            top = alias.name.partition(".")[0]
            self.names[alias.asname or top] = Value(name=alias.name if alias.asname else top)

    def import_from(self, node: ast.ImportFrom) -> None:
        """Remember what a module's names are called here."""
        for alias in node.names:
            if alias.name == "*":
                self._import_all(f"{node.module}.")
            else:
                self.names[alias.asname or alias.name] = Value(name=f"{node.module}.{alias.name}")

    def _import_all(self, prefix: str) -> None:
        for name in self.library.functions:
            if name.startswith(prefix):
                member = name.removeprefix(prefix).partition(".")[0].removesuffix("()")
                self.names[member] = Value(name=prefix + member)

    def assign(self, node: ast.Assign | ast.AnnAssign) -> None:
        """Bind names."""
        value = self.value(node.value)
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            self.bind(target, value)

    def walrus(self, node: ast.NamedExpr) -> Value:
        """Bind a name in an expression."""
        value = self.value(node.value)
        self.bind(node.target, value)
        return value

    def augment(self, node: ast.AugAssign) -> None:
        """Bind a name to itself and more."""
        combined = ast.copy_location(ast.BinOp(node.target, node.op, node.value), node)
        self.bind(node.target, self.value(combined))

    def with_block(self, node: ast.With) -> None:
        """Read a block with what it opens."""
        for item in node.items:
            value = self.value(item.context_expr)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value)
        self.block(node.body)

    def if_block(self, node: ast.If) -> None:
        """Read both branches; in the first, the test has picked what it names."""
        self.value(node.test)
        before = dict(self.names)
        self.narrow([node.test])
        picked = {name: v for name, v in before.items() if v is not self.names.get(name)}
        self.block(node.body)
        self.names |= picked
        self.block(node.orelse)

    def define(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Remember a function until it is called; a decorator may call it."""
        function = Value(function=Function(parameters_of(node.args), node.body))
        self.names[node.name] = function
        if node.decorator_list:
            self.values(node.decorator_list)
            self.invoke(function, ())

    def define_class(self, node: ast.ClassDef) -> None:
        """Read a class, with the methods that run when it is made."""
        self.values(node.bases)
        self.block(node.body)
        for name in ("__init__", "__del__", "run"):
            method = self.names.pop(name, None)
            if method is not None:
                self.invoke(method, ())

    # Loops.

    def for_loop(self, node: ast.For | ast.AsyncFor) -> None:
        """Read a body for each value of a known list, else once."""
        values = elements(self.value(node.iter))[:MAX_LOOPS]
        is_endless = self.is_endless(node.iter) and not _leaves(node.body)
        with self.trace.captured() as found:
            for value in values:
                self.bind(node.target, value)
                self.block(node.body)
        self.trace.add_loop(found, is_endless=is_endless)
        self.block(node.orelse)

    def while_loop(self, node: ast.While) -> None:
        """Read a body, which has no end if its condition never fails."""
        with self.trace.captured() as found:
            is_true = self.value(node.test).is_true or FORK in found
            self.block(node.body)
            is_endless = is_true and not _leaves(node.body)
            if is_endless and not found:
                found.extend(_busy(node))
        self.trace.add_loop(found, is_endless=is_endless)


def _leaves(body: list[ast.stmt]) -> bool:
    """Whether something in *body* ends the loop around it."""
    return any(
        isinstance(node, ast.Break | ast.Return | ast.Raise)
        or (isinstance(node, ast.Attribute | ast.Name) and _ends(node))
        for statement in body
        for node in ast.walk(statement)
    )


def _ends(node: ast.Attribute | ast.Name) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id
    return name in {"exit", "_exit", "quit"}


def _busy(node: ast.While) -> list[Any]:
    """Return what an endless loop amounts to that waits for nothing."""
    nodes = [inner for statement in node.body for inner in ast.walk(statement)]
    calls = [inner for inner in nodes if isinstance(inner, ast.Call)]
    names = {c.func.attr if isinstance(c.func, ast.Attribute) else "" for c in calls}
    if calls and names <= {"append", "extend"}:
        return [call("stress", "--vm", "1")]
    return [] if calls else [call(":")]


_EXPRESSIONS: Final = cast(
    "dict[type[ast.expr], Callable[[Python, ast.expr], Value]]",
    {
        ast.Constant: Python.constant,
        ast.Name: Python.name,
        ast.Attribute: Python.attribute,
        ast.Call: Python.call,
        ast.Lambda: Python.make_function,
        ast.BinOp: Python.binary,
        ast.UnaryOp: Python.unary,
        ast.JoinedStr: Python.joined,
        ast.IfExp: Python.choice,
        ast.BoolOp: Python.choice,
        ast.Subscript: Python.subscript,
        ast.List: Python.row,
        ast.Tuple: Python.row,
        ast.Set: Python.row,
        ast.Dict: Python.table,
        ast.ListComp: Python.comprehension,
        ast.SetComp: Python.comprehension,
        ast.GeneratorExp: Python.comprehension,
        ast.NamedExpr: Python.walrus,
    },
)
_STATEMENTS: Final = cast(
    "dict[type[ast.stmt], Callable[[Python, ast.stmt], Value | None]]",
    {
        ast.Expr: Python.expression,
        ast.Return: Python.returned,
        ast.Import: Python.imported,
        ast.ImportFrom: Python.import_from,
        ast.Assign: Python.assign,
        ast.AnnAssign: Python.assign,
        ast.AugAssign: Python.augment,
        ast.With: Python.with_block,
        ast.AsyncWith: Python.with_block,
        ast.If: Python.if_block,
        ast.FunctionDef: Python.define,
        ast.AsyncFunctionDef: Python.define,
        ast.ClassDef: Python.define_class,
        ast.For: Python.for_loop,
        ast.AsyncFor: Python.for_loop,
        ast.While: Python.while_loop,
    },
)
