"""What the names in a Python program stand for, and what its calls do."""

import ast
from collections.abc import Callable
from typing import Final, cast

from msgspec.structs import replace

from eidos.validator.code import texts
from eidos.validator.code.python_names import PYTHON
from eidos.validator.code.python_operators import MAX_TURNS, PATH, Operators
from eidos.validator.code.python_scope import parameters_of
from eidos.validator.code.trace import Site, Trace
from eidos.validator.code.values import Function, Value, elements, known, narrowed, path_of


class Calls(Operators):
    """Names, members and calls."""

    def __init__(self, trace: Trace) -> None:
        super().__init__(trace, PYTHON)
        self.special = _SPECIAL
        self.names["Path"] = Value(name="pathlib.Path")

    def name(self, node: ast.Name) -> Value:
        """Return what a name stands for."""
        found = self.names.get(node.id)
        if found is not None:
            return found
        return known("__main__") if node.id == "__name__" else Value(name=node.id)

    def attribute(self, node: ast.Attribute) -> Value:
        """Return a member."""
        return self._member(self.value(node.value), node.attr)

    def _member(self, base: Value, member: str) -> Value:
        name = f"{base.name}.{member}"
        found = PYTHON.constants.get(name) or self.names.get(name)
        if found is not None:
            return found
        if base.name == PATH and member == "parent":
            text = (base.text or "").rstrip("/").rpartition("/")[0]
            return replace(known(text), name=PATH) if text else Value(name=PATH)
        if base.sources or base.is_listing or base.writing is not None:
            return replace(base, name=name)
        return Value(name=name)

    def call(self, node: ast.Call) -> Value:
        """Return what a call returns, and leave what it does in the trace."""
        receiver = Value()
        if isinstance(node.func, ast.Attribute):
            receiver = self.value(node.func.value)
            function = self._member(receiver, node.func.attr)
            name = f"{receiver.name}.{node.func.attr}"
            name = function.name if function.parts is None and function.name else name
        else:
            function = self.value(node.func)
            name = function.name
        args = self.values(node.args)
        if function.function is not None:
            return self.invoke(function, args)
        if name.startswith("sh.") and name.count(".") == 1:
            args = (known(name.removeprefix("sh.")), *args)
            name = "asyncio.create_subprocess_exec"
        named = {word.arg: self.value(word.value) for word in node.keywords if word.arg}
        return self.apply(Site(name, args, named, receiver, self.source(node)))

    def run_body(self, body: object) -> Value:
        """Run the expression of a lambda, or the statements of a function."""
        if isinstance(body, ast.expr):
            return self.value(body)
        result = Value()
        for statement in cast("list[ast.stmt]", body):
            result = self.statement(statement)
        return result

    def make_function(self, node: ast.Lambda) -> Value:
        """Return a function without a name."""
        return Value(function=Function(parameters_of(node.args), node.body))

    # Functions of the language that say which function is meant.

    def get_member(self, site: Site) -> Value:
        """Return a member by its name."""
        return self._member(site.arg(0), site.arg(1).text or "")

    def module(self, site: Site) -> Value:
        """Return a module by its name."""
        return Value(name=site.arg(0, "name").text or "")

    def package(self, site: Site) -> Value:
        """Return the package that a module is in: `__import__("os.path")` is os."""
        name = site.arg(0, "name").text or ""
        return Value(name=name if "fromlist" in site.named else name.partition(".")[0])

    def make_path(self, site: Site) -> Value:
        """Return a path object."""
        path = path_of(*site.args) if site.args else known(".")
        return replace(texts.expand_user(self.trace, Site("", (path,))), name=PATH)

    def home_path(self, site: Site) -> Value:
        """Return the home directory as a path object."""
        return replace(texts.home(self.trace, site), name=PATH)

    def current_folder(self, _site: Site) -> Value:
        """Return the current folder as a path object."""
        return replace(known("."), name=PATH)

    def source_code(self, site: Site) -> Value:
        """Return the text of what is compiled."""
        return site.arg(0, "source")

    def call_now(self, site: Site) -> Value:
        """Call a function whose other arguments come later."""
        return self.invoke(site.arg(0), site.args[1:])

    def map_items(self, site: Site) -> Value:
        """Return what a function makes of each value of a list."""
        found = [self.invoke(site.arg(0), (e,)) for e in elements(site.arg(1))[:MAX_TURNS]]
        return found[0] if len(found) == 1 and found[0].is_listing else Value(items=tuple(found))

    def filter_items(self, site: Site) -> Value:
        """Return the values of a list that a function picks."""
        found = site.arg(1)
        return narrowed(found, "picked") if found.is_listing else found


_SPECIAL: Final[dict[str, Callable[[Calls, Site], Value]]] = {
    "getattr": Calls.get_member,
    "operator.attrgetter": Calls.source_code,
    "__import__": Calls.package,
    "importlib.import_module": Calls.module,
    "import_module": Calls.module,
    "importlib.__import__": Calls.package,
    "builtins.__import__": Calls.package,
    "pathlib.Path": Calls.make_path,
    "pathlib.PosixPath": Calls.make_path,
    "pathlib.PurePath": Calls.make_path,
    "pathlib.Path.home": Calls.home_path,
    "pathlib.Path.cwd": Calls.current_folder,
    "os.getcwd": Calls.current_folder,
    "compile": Calls.source_code,
    "functools.partial": Calls.call_now,
    "map": Calls.map_items,
    "filter": Calls.filter_items,
}
