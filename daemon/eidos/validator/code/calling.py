"""How the calls of a program are followed: into its own functions, and by the tables of names."""

from collections.abc import Callable, Mapping
from typing import Final

from eidos.validator.code.tables import Names
from eidos.validator.code.texts import same
from eidos.validator.code.trace import MAX_CALLS, Act, Site, Trace
from eidos.validator.code.values import Value, carried

_UNKNOWN: Final = Value()
Special = Callable[..., Value]
"""A function of the language itself, such as `getattr`: asked with the reader and the site."""


class Caller:
    """The functions of one program and of its libraries; how a body runs is the reader's to say."""

    special: Mapping[str, Special] = {}
    special_methods: Mapping[str, Special] = {}
    """The same by the last part of the name, whatever it is called on."""

    def __init__(self, trace: Trace, library: Names) -> None:
        self.trace = trace
        self.library = library
        self.names: dict[str, Value] = {}
        self._active: list[object] = []
        """The bodies of functions that are being run."""
        self._recursive: set[int] = set()
        trace.invoke = self.invoke

    def run_body(self, body: object) -> Value:
        """Run the body of a function, and return what it returns."""
        raise NotImplementedError

    def find(self, name: str) -> Act | None:
        """Return the act of the function that is called *name* here."""
        return self.library.find(name)

    def apply(self, site: Site) -> Value:
        """Return what a call returns, and leave what it does in the trace."""
        self.trace.budget.spend(4 + len(site.args))
        last = site.name.rpartition(".")[2]
        special = self.special.get(site.name)
        if special is None and last != site.name:
            special = self.special_methods.get(last)
        if special is not None:
            return special(self, site)
        return self.apply_plainly(site)

    def apply_plainly(self, site: Site) -> Value:
        """Return what a call returns that is no special one of the language."""
        last = site.name.rpartition(".")[2]
        own = self.names.get(site.name) or self.names.get(last)
        if own is not None and own.function is not None:
            return self.invoke(own, site.args)
        act = self.find(site.name)
        result = act(self.trace, site) if act is not None else None
        if act in {None, same} or "target" in site.named or any(v.function for v in site.args):
            returned = self._hand_on(site, result)
        else:
            returned = _UNKNOWN
        if result is not None:
            return result
        name = site.name.removesuffix(".new")
        return carried((site.receiver, *site.args, returned), name=f"{name}()")

    def _hand_on(self, site: Site, result: Value | None) -> Value:
        """Call the functions among the arguments: whoever is given a function calls it."""
        given = (*site.args, *site.named.values())
        functions = [value for value in given if self._is_function(value)][:MAX_CALLS]
        if not functions:
            return _UNKNOWN
        row = site.named.get("args")
        rest = [v for v in (site.receiver, *site.args) if v not in functions and v.is_something]
        if result is not None and result != _UNKNOWN:
            rest = [result]
        found = [e for value in rest for e in _members(value)[:MAX_CALLS] if e != _UNKNOWN]
        if not found and site.receiver.name:
            found = [site.receiver]
        returned = _UNKNOWN
        for function in functions:
            if row is not None:
                returned = self.invoke(function, row.items or (row,))
                continue
            for element in found or [_UNKNOWN]:
                own = function.function
                count = len(own.parameters) if own is not None else 1
                returned = self.invoke(function, (element,) * (count or 1))
        return returned

    def _is_function(self, value: Value) -> bool:
        if value.function is not None:
            return True
        is_name = bool(value.name) and value.parts is None and not value.name.endswith(")")
        return is_name and (self.find(value.name) is not None or value.name in self.special)

    def invoke(self, function: Value, args: tuple[Value, ...]) -> Value:
        """Call *function*, of the program or of a library, with *args*."""
        own = function.function
        if own is None:
            is_known = any(arg != _UNKNOWN for arg in args)
            return self.apply(Site(function.name, args)) if is_known else _UNKNOWN
        if own.body in self._active:
            self._recursive.add(id(own.body))
            return carried(args)
        if len(self._active) >= MAX_CALLS:
            return carried(args)
        for position, parameter in enumerate(own.parameters):
            unknown = Value(name=f"${parameter.lstrip('$')}")
            self.names[parameter] = args[position] if position < len(args) else unknown
        self._active.append(own.body)
        try:
            with self.trace.captured() as found:
                result = self.run_body(own.body)
        finally:
            self._active.pop()
        self.trace.add_loop(found, is_endless=id(own.body) in self._recursive)
        return result


def _members(value: Value) -> tuple[Value, ...]:
    """Return what a function is called with that is handed to something with *value*."""
    return value.items if value.items is not None else (value,)
