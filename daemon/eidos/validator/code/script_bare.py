"""Calls without parentheses, and blocks that stand before the arguments, as in perl and ruby."""

from typing import Final

from eidos.validator.code.files import write_to
from eidos.validator.code.script_values import Values
from eidos.validator.code.tokens import Token
from eidos.validator.code.trace import Site
from eidos.validator.code.values import Value, elements, narrowed

Given = tuple[tuple[Value, ...], dict[str, Value]]
"""The arguments of a call: in a row, and under names."""
_OPERAND_SIGNS: Final = frozenset({"[", "\\", "->", "@", "$"})
NO_CALLS: Final = frozenset(
    "if unless while until for foreach then do end else elsif elif in of as and or not "
    "rescue ensure catch finally from with to".split()
)
_BEFORE_BLOCKS: Final = frozenset(
    "map grep sort first any all exec system print printf say".split()
)
_TAKES_BLOCK_FIRST: Final = frozenset({"map", "grep", "sort", "first", "any", "all"})
MAX_TURNS: Final = 256
"""Of a map over a known list; decoders are written so."""
_PRINTS: Final = frozenset({"print", "printf", "say"})


class BareCalls(Values):
    """Calls whose arguments follow their name; `applied` is for the reader of calls to define."""

    def applied(self, start: int, function: Value, receiver: Value, given: Given) -> Value:
        """Return what *function* returns for what is *given*."""
        raise NotImplementedError

    def is_bare_call(self, start: int, value: Value) -> bool:
        """Whether what comes next are the arguments of *value*, which begins at *start*."""
        last, before = self.look(-1), self.look(-2)
        is_member = before.kind == "sign" and before.text in self.lexicon.members
        is_value = value.parts is not None or value.items is not None
        if not self.lexicon.has_bare_calls or (is_value and not is_member):
            return False
        is_variable = last.text.startswith("$") or value.name.startswith("$")
        is_name = last.kind == "name" and not is_variable and not value.name.endswith("()")
        if not is_name or (last.text in NO_CALLS and not is_member):
            return False
        token = self.next
        if token.kind == "sign":
            return self._begins_arguments(token, last.text)
        if ":" in self.lexicon.members:
            return token.kind == "text"
        if token.kind == "name":
            is_operator = token.text in self.lexicon.operators or token.text in NO_CALLS
            return not is_operator and self.at > start
        return token.kind != "end"

    def _begins_arguments(self, sign: Token, name: str) -> bool:
        if sign.text == "{":
            is_table = ":" in self.lexicon.members
            return is_table or self.lexicon.has_blocks or name in _BEFORE_BLOCKS
        if ":" in self.lexicon.members:
            return False
        if sign.text in {"-", ":", "&", "*", "<"}:
            is_prefix = sign.is_spaced and not self.look(1).is_spaced
            return is_prefix and self.look(1).kind in {"name", "number", "text"}
        return sign.text in _OPERAND_SIGNS and sign.is_spaced

    def bare_call(self, start: int, function: Value, receiver: Value) -> Value:
        """Read the arguments that come next, and return what the call returns."""
        name = self.look(-1).text
        if self.is_sign("{") and name in _TAKES_BLOCK_FIRST and not self.lexicon.has_blocks:
            return self._block_first(name)
        program = self._block_program(name)
        end = self.statement_end(self.at)
        file = self._file_handle(name)
        args, named = self.arguments(end) if not self.is_sign("{") else ((), {})
        if program is not None:
            args = (program, *args[1:])
        if file is not None:
            for value in args:
                write_to(self.trace, file, value)
        return self.applied(start, function, receiver, (args, named))

    def _block_program(self, name: str) -> Value | None:
        """Return the program that perl's `exec { "/bin/sh" } "sh"` names, gone past."""
        if not (self.is_sign("{") and name in {"exec", "system"} and self.lexicon.has_handles):
            return None
        close = self.close()
        self.take()
        program = self.expression()
        self.at = close + 1
        return program

    def _file_handle(self, name: str) -> Value | None:
        """Return the file that `print F "x"` names, gone past."""
        if self.is_sign("{") and name in _PRINTS and self.lexicon.has_handles:
            close = self.close()
            self.take()
            file = self.expression()
            self.at = close + 1
            return file
        after = self.look(1)
        is_apart = after.kind in {"text", "number", "command"} or after.text.startswith("$")
        if name not in _PRINTS or self.next.kind != "name" or not is_apart:
            return None
        return self.names.get(self.take().text)

    def _block_first(self, name: str) -> Value:
        """Read perl's `map { … } list`: the list comes last but is needed first."""
        close = self.close()
        body = self.function_value((), self.at + 1, close)
        self.at = close + 1
        if self.is_sign(","):
            self.take()
        args, _ = self.arguments(self.statement_end(self.at))
        items = [e for value in args for e in elements(value)][:MAX_TURNS]
        if name != "map":
            return narrowed(items[0], "picked") if len(items) == 1 else Value(items=tuple(items))
        found: list[Value] = []
        for item in items:
            self.names["$_"] = item
            found.append(self.invoke(body, ()))
        return found[0] if len(found) == 1 else Value(items=tuple(found))

    def finished(self, start: int, value: Value, receiver: Value) -> Value:
        """Return the value of a name that stands alone; it is a call in some languages."""
        is_method = value.name.startswith("&.")
        if not self.lexicon.has_bare_calls or self.look(-1).kind != "name" or is_method:
            return value
        own = self.names.get(value.name.rpartition(".")[2])
        if own is not None and own.function is not None and value.function is None:
            value = own
        before = self.look(-2)
        is_member = before.kind == "sign" and before.text in self.lexicon.members
        is_free = value.parts is None or is_member
        is_call = value.function is not None or (is_free and self.find(value.name))
        is_assigned = self.next.kind == "sign" and self.next.text in {"=", "=>", ":"}
        if not is_call or is_assigned or self.lexicon.members >= {":"}:
            return value
        if value.function is not None:
            return self.invoke(value, ()) if "do" in self.lexicon.openers else value
        topic = self.names.get("$_") or self.library.constants.get("$_")
        args = (topic,) if topic is not None and "->" in self.lexicon.members else ()
        return self.apply(Site(value.name, args, {}, receiver, self.source(start)))
