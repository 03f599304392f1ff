"""The names in a program of tokens: how they get their values, and what their members are."""

from typing import Final

from msgspec.structs import replace

from eidos.validator.code.arithmetic import added
from eidos.validator.code.script_cursor import Cursor
from eidos.validator.code.tokens import Token
from eidos.validator.code.trace import Site
from eidos.validator.code.values import Value, carried, variable

ENVIRONMENTS: Final = frozenset(
    "ENV process.env $ENV $_ENV $_SERVER ENVIRON Bun.env import.meta.env".split()
)


class Names(Cursor):
    """Names; `expression` is for the reader of expressions to define."""

    def expression(self) -> Value:
        """Return the value of the expression that comes next."""
        raise NotImplementedError

    def assignment(self, start: int, left: Value) -> Value:
        """Read `=` and what is behind it; return the value that is given."""
        targets = self.tokens.row[start : self.at]
        sign = self.take().text
        value = self.expression()
        if sign in {"+=", ".="} and left.writing is None:
            value = added(left, value, self.trace)
        names = [t.text for t in targets if t.kind == "name"]
        if len(targets) == 1 and names:
            self.bind(names[0], value)
        elif names and targets[0].kind == "sign" and targets[0].text in {"{", "(", "["}:
            self.unpack(targets, value)
        elif names:
            self.set_member(targets, left, value)
        return value

    def bind(self, name: str, value: Value) -> None:
        """Give *name* its value."""
        self.names[name] = value if value != Value() else Value(name=f"${name.lstrip('$')}")
        if name in {"$<", "$>", "$(", "$)"} and value.number == 0:
            self.trace.is_root = True

    def unpack(self, targets: list[Token], value: Value) -> None:
        """Give the names in `{a, b: c}` or `(x, y)` what they take of *value*."""
        is_table = targets[0].text == "{"
        names = [(at, t.text) for at, t in enumerate(targets) if t.kind == "name"]
        for position, (at, name) in enumerate(names):
            if is_table and at + 1 < len(targets) and targets[at + 1].text == ":":
                continue
            key = targets[at - 2].text if targets[at - 1].text == ":" and is_table else name
            if is_table:
                self.bind(name, self.member(value, key))
            elif value.items is not None:
                self.bind(name, value.items[position] if position < len(value.items) else Value())
            elif position == 0:
                self.bind(name, value)
            else:
                self.bind(name, carried((value,)))

    def set_member(self, targets: list[Token], left: Value, value: Value) -> None:
        """Give a member or item its value, which may be a variable of the environment."""
        if targets[0].text in ENVIRONMENTS or ".".join(_texts(targets[:3])) in ENVIRONMENTS:
            keys = [t for t in targets[1:] if t.kind in {"text", "name"} and t.text != "env"]
            for token in keys[-1:]:
                key = self.text_value(token).text if token.pieces else token.text
                self.trace.set_variable(key or "x", value)
            return
        if value.function is not None:
            self.invoke(value, (left,) if left.sources else ())
        if targets[-1].text in {"text", "bytes"} and self.lexicon.has_blocks:
            path = replace(left, name="") if left.parts is not None else self._path_before(targets)
            self.apply(Site("write_member", (path, value)))
            return
        self.names["".join(_texts(targets))] = value

    def _path_before(self, targets: list[Token]) -> Value:
        return self.names.get(targets[0].text, Value())

    def member(self, base: Value, name: str) -> Value:
        """Return a member of *base*."""
        if base.name.endswith(".new"):
            base = self.apply(Site(base.name))
        if base.name in ENVIRONMENTS and name.isupper():
            return variable(name)
        if base.entries is not None and name in base.entries:
            return base.entries[name]
        full = f"{base.name}.{name}" if base.name or base.is_something else name
        found = self.names.get(full) or self.library.constants.get(full)
        if found is not None:
            return found
        if (
            name in {"text", "bytes"}
            and base.name.endswith(".new()")
            and not self.is_sign("=", "(")
        ):
            return self.apply(Site(f"{full}.getText", (), {}, base))
        if base != Value(name=base.name):
            return replace(base, name=full)
        return Value(name=full)

    def item(self, base: Value, key: Value) -> Value:
        """Return an item of *base*."""
        text = key.text if key.number is None else None
        if f"{base.name}.[]" in self.library.functions:
            return self.apply(Site(f"{base.name}.[]", (key,)))
        if text is not None and base.name in ENVIRONMENTS:
            return variable(text)
        if text is not None and base.items is None:
            return self.member(base, text)
        if base.items is not None and key.number is not None:
            at = key.number
            return base.items[at] if -len(base.items) <= at < len(base.items) else Value()
        return carried((base,), name=base.name)


def _texts(tokens: list[Token]) -> list[str]:
    return [token.text for token in tokens if token.kind == "name"]
