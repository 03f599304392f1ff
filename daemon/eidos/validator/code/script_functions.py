"""Functions of the languages that say which function is meant, or what is done again and again."""

from collections.abc import Mapping
from typing import Final

from eidos.validator.code.arithmetic import row
from eidos.validator.code.calling import Special
from eidos.validator.code.lexicon import Lexicon
from eidos.validator.code.programs import is_address
from eidos.validator.code.script_loops import Loops
from eidos.validator.code.tables import Names
from eidos.validator.code.trace import Site, Trace
from eidos.validator.code.values import Value, elements, narrowed, path_of, pattern

_OPENS: Final = frozenset({"open", "CORE.open", "sysopen", "opendir", "socket"})
_MANY: Final = 10_000
"""Turns of a loop that nobody waits for."""


class Functions(Loops):
    """Functions that call functions."""

    def __init__(self, trace: Trace, lexicon: Lexicon, library: Names) -> None:
        super().__init__(trace, lexicon, library)
        self.special = _SPECIAL
        self.special_methods = _METHODS

    def apply(self, site: Site) -> Value:
        """Return what a call returns; perl's `open` also gives its first argument a value."""
        result = super().apply(site)
        if self.lexicon.has_handles and site.args and site.name in _OPENS:
            self.names[site.args[0].name] = result
        return result

    def invoke(self, function: Value, args: tuple[Value, ...]) -> Value:
        """Call *function* with *args*; ruby's `&:name` calls a method of the first of them."""
        if function.name.startswith("&.") and args:
            name = f"{args[0].name}.{function.name[2:]}"
            return self.apply(Site(name, args[1:], {}, args[0]))
        return super().invoke(function, args)

    def module(self, site: Site) -> Value:
        """Return a module by its name: `require("fs")`."""
        name = site.arg(0).text or ""
        if name.startswith(("/", "./", "../")):
            return Value(name="module")
        return Value(name=name.removeprefix("node:"))

    def call_by_name(self, site: Site) -> Value:
        """Call what the first argument names: `send(:system, "ls")`, `call_user_func`."""
        name = site.arg(0)
        if name.function is not None:
            return self.invoke(name, site.args[1:])
        base = site.receiver.name
        names = [name.text or name.name, f"{base}.{name.text}"]
        full = next((n for n in reversed(names) if self.library.functions.get(n)), names[0])
        return self.apply(Site(full, site.args[1:], site.named, site.receiver, site.source))

    def function_by_name(self, site: Site) -> Value:
        """Return the function that a text names: `method(:system)`."""
        base = site.receiver.name
        name = site.arg(0).text or site.arg(0).name
        return Value(name=f"{base}.{name}" if base else name)

    def call_receiver(self, site: Site) -> Value:
        """Call what the method is called on: ruby's `method(:system).call`."""
        if site.receiver.function is not None:
            return self.invoke(site.receiver, site.args)
        name = site.receiver.name.removesuffix(".to_proc")
        return self.apply(Site(name, site.args, site.named))

    def map_items(self, site: Site) -> Value:
        """Return what a function makes of each value of a list: `array_map`, `sapply`."""
        values = [value for value in (site.receiver, *site.args) if not self._names_function(value)]
        functions = [value for value in site.args if self._names_function(value)]
        found: list[Value] = []
        for function in functions[:1]:
            called = function if function.function else Value(name=function.text or function.name)
            items = [e for value in values if value != Value() for e in elements(value)]
            found += [self.invoke(called, (item,)) for item in items[:_MANY]]
        return found[0] if len(found) == 1 else Value(items=tuple(found))

    def map_receiver(self, site: Site) -> Value:
        """Return what a function makes of each value of the list it is called on: `x.map(f)`."""
        return self.map_items(site) if site.receiver.items is not None else self.apply_plainly(site)

    def find_files(self, site: Site) -> Value:
        """Call a function for all files below some folders: `File::Find::find`."""
        functions = [v for v in (*site.args, *site.named.values()) if v.function is not None]
        for folder in site.args:
            if folder.text:
                below = path_of(folder, pattern("**"))
                self.names |= {"$_": below, "$File::Find::name": below, "$name": below}
                for function in functions:
                    self.invoke(function, ())
        return Value()

    def _names_function(self, value: Value) -> bool:
        if value.function is not None:
            return True
        name = value.text or value.name
        return bool(name) and name in self.library.functions

    def first(self, site: Site) -> Value:
        """Return the function that is only wrapped: `promisify`."""
        return site.arg(0)

    def import_module(self, site: Site) -> Value:
        """Return a module, or run what is at an address: `import("fs")`."""
        act = self.library.functions.get("load")
        if act is not None and is_address(site.arg(0)):
            return act(self.trace, site)
        return self.module(site)

    def itself(self, site: Site) -> Value:
        """Return what the method is called on."""
        return site.receiver

    def again(self, site: Site) -> Value:
        """Call a function over and over: `setInterval`, `1.step`, `1e9.times`, `cycle`."""
        with self.trace.captured() as found:
            for value in site.args:
                if value.function is not None:
                    self.invoke(value, ())
        count = site.receiver.number
        last = site.name.rpartition(".")[2]
        is_endless = (count or 0) >= _MANY if last in {"times", "upto"} else True
        self.trace.add_loop(found, is_endless=is_endless)
        return Value()

    def pick(self, site: Site) -> Value:
        """Return the values of a list that a function picks: `filter`, `select`."""
        values = [v for v in (site.receiver, *site.args) if v.is_listing or v.items]
        is_picked = any(value.function is not None for value in site.args)
        if not values or not is_picked:
            return values[0] if values else site.receiver
        return narrowed(values[0], "picked") if values[0].is_listing else values[0]

    def row_of(self, site: Site) -> Value:
        """Return the arguments as a list: R's `c`."""
        return Value(items=tuple(item for value in site.args for item in row(value)))


_SPECIAL: Final[Mapping[str, Special]] = {
    "require": Functions.module,
    "process.mainModule.require": Functions.module,
    "createRequire": Functions.module,
    "send": Functions.call_by_name,
    "public_send": Functions.call_by_name,
    "__send__": Functions.call_by_name,
    "Kernel.send": Functions.call_by_name,
    "call_user_func": Functions.call_by_name,
    "method": Functions.function_by_name,
    "array_map": Functions.map_items,
    "array_walk": Functions.map_items,
    "sapply": Functions.map_items,
    "lapply": Functions.map_items,
    "find": Functions.find_files,
    "finddepth": Functions.find_files,
    "File.Find.find": Functions.find_files,
    "import": Functions.import_module,
    "promisify": Functions.first,
    "util.promisify": Functions.first,
    "array_filter": Functions.pick,
    "setInterval": Functions.again,
    "c": Functions.row_of,
    "array": Functions.row_of,
    "list": Functions.row_of,
}
_METHODS: Final[Mapping[str, Special]] = {
    "send": Functions.call_by_name,
    "public_send": Functions.call_by_name,
    "method": Functions.function_by_name,
    "map": Functions.map_receiver,
    "call": Functions.call_receiver,
    "bind": Functions.itself,
    "to_proc": Functions.itself,
    "step": Functions.again,
    "times": Functions.again,
    "cycle": Functions.again,
    "filter": Functions.pick,
    "select": Functions.pick,
    "grep": Functions.pick,
    "find_all": Functions.pick,
}
