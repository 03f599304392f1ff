"""The operands in a program of tokens: literals, lists, functions and names."""

from collections.abc import Callable
from typing import Final

from eidos.validator.code.programs import STDIN
from eidos.validator.code.script_calls import Calls
from eidos.validator.code.trace import Site
from eidos.validator.code.values import Value, known

_SKIPPED: Final = frozenset(
    "const let var my our local static public private final async await return yield throw raise "
    "typeof void delete echo global val mut not defined scalar lazy case when else then begin try "
    "finally ensure do elsif elif elseif if unless given default switch catch new".split()
)
_FUNCTIONS: Final = frozenset({"function", "sub", "fn", "func", "lambda", "proc"})
_CASTS: Final = frozenset({"array", "string", "int", "object", "float", "bool", "String"})
_BLOCK_WORDS: Final = frozenset("eval do try BEGIN END INIT finally else catch begin".split())


class Operands(Calls):
    """Operands, and what is called on them."""

    def operand(self) -> Value:
        """Return the value that comes next, with all that is called on it."""
        start = self.at
        token = self.next
        if token.kind == "end" or (
            token.kind == "sign" and token.text in {")", "]", "}", ";", ","}
        ):
            return Value()
        if token.kind == "sign":
            reader = _SIGNS.get(token.text)
            if reader is None:
                self.take()
                return self.operand()
            return self.followed(start, reader(self))
        if token.kind == "name":
            return self._named(start)
        self.take()
        return self.followed(start, self.literal(token))

    def _named(self, start: int) -> Value:
        word, after = self.next.text, self.look(1)
        if word in _FUNCTIONS and not self._is_value(word):
            return self.followed(start, self.function())
        is_block = after.kind == "sign" and after.text == "{" and word in _BLOCK_WORDS
        if is_block:
            self.take()
            return self.followed(start, self.braced())
        if word == "new" and after.kind == "name":
            self.take()
            return self.followed(start, self._created())
        if word in _SKIPPED and not self._is_value(word):
            self.take()
            return self.operand()
        if after.kind == "sign" and after.text in {"=>", "->"} and self.is_arrow(self.at + 2):
            self.at += 2
            return self.arrow((word,))
        self.take()
        return self.followed(start, self.named(word))

    def _is_value(self, word: str) -> bool:
        """Whether a word of the language is a name here: `sub` as a key, a function called `fn`."""
        after = self.look(1)
        is_key = after.kind == "sign" and after.text in {"=", ",", ")", "."} and word != "function"
        before = self.look(-1)
        is_member = before.kind == "sign" and before.text in self.lexicon.members
        return word in self.names or is_key or is_member

    def named(self, word: str) -> Value:
        """Return what a name stands for."""
        found = self.names.get(word)
        if found is not None:
            return found
        constant = self.library.constants.get(word)
        if constant is not None:
            return constant
        if self.lexicon.is_awk and word.startswith("$"):
            return STDIN
        return Value(name=word)

    def _created(self) -> Value:
        """Read `new X(…)`; the function that makes it is called `X.new`."""
        name = self.take().text
        while self.next.kind == "sign" and self.next.text in self.lexicon.members:
            self.take()
            name += f".{self.take().text}"
        made = self.names.get(name, Value(name=name))
        return (
            Value(name=f"{made.name or name}.new")
            if self.is_sign("(")
            else self.apply(Site(f"{made.name or name}.new"))
        )

    # Lists, tables, functions.

    def row(self) -> Value:
        """Read `(…)` or `[…]`: one value in parentheses is itself."""
        close = self.close()
        is_round = self.take().text == "("
        after = self.token(close + 1)
        if (
            is_round
            and after.kind == "sign"
            and after.text in {"=>", "->"}
            and self.is_arrow(close + 2)
        ):
            parameters = self.parameters_in(self.at, close)
            self.at = close + 2
            return self.arrow(parameters)
        is_cast = is_round and self.next.text in _CASTS and self.at + 1 == close
        if is_cast and after.kind in {"name", "text", "number"}:
            self.at = close + 1
            return self.operand()
        args, named = self.arguments(close)
        self.at = close + 1
        if is_round and len(args) == 1:
            return args[0]
        return (
            Value(items=args, entries=named or None) if args or not named else Value(entries=named)
        )

    def braced(self) -> Value:
        """Read a block in braces."""
        close = self.close()
        self.take()
        words = {token.text for token in self.tokens.row[self.at : close] if token.kind == "name"}
        with self.trace.captured() as found:
            value = self.block(close)
        self.trace.add_loop(found, is_endless="redo" in words)
        self.at = close + 1
        return value

    def braces(self) -> Value:
        """Read `{…}`: a table of values under names, a list of values, or a block."""
        key, after = self.look(1), self.look(2)
        is_pair = after.kind == "sign" and after.text in {":", "=>"}
        is_short = after.kind == "sign" and after.text in {",", "}"} and key.kind == "name"
        is_free = not (self.lexicon.sigils or self.lexicon.has_blocks)
        is_lua = bool(self.lexicon.openers) and not self.lexicon.has_blocks
        is_row = key.kind == "sign" and key.text in {"}", "...", "["}
        if is_pair or is_lua or (is_free and (is_short or is_row)):
            return self._table()
        return self.braced()

    def _table(self) -> Value:
        close = self.close()
        self.take()
        args, named = self.arguments(close)
        self.at = close + 1
        return Value(entries=named) if named or not args else Value(items=args)

    def arrow(self, parameters: tuple[str, ...]) -> Value:
        """Read what an arrow points to: a block, or one expression."""
        if self.is_sign("{"):
            close = self.close()
            function = self.function_value(parameters, self.at + 1, close)
            self.at = close + 1
            return function
        start, self.at = self.at, self._expression_end()
        return self.function_value(parameters, start, self.at)

    def _expression_end(self) -> int:
        row, at = self.tokens.row, self.at
        while at < len(row) and row[at].kind != "end":
            if row[at].kind == "sign" and row[at].text in {",", ";", ")", "]", "}"}:
                break
            at = self.tokens.pairs.get(at, at) + 1
        return at

    def function(self) -> Value:
        """Read `function name(a, b) {…}` and its kin, to be called later."""
        opening = self.at
        word = self.take().text
        name = ""
        if self.next.kind == "name":
            name = self.take().text
            while self.is_sign(".", ":", "::"):
                self.take()
                name = self.take().text
        parameters: tuple[str, ...] = ()
        if self.is_sign("("):
            close = self.close()
            parameters = self.parameters_in(self.at + 1, close)
            self.at = close + 1
        if word in self.lexicon.openers:
            close = self.tokens.pairs.get(opening, self.at)
        else:
            while self.next.kind != "end" and not self.is_sign("{", ";", ")", "=>"):
                self.take()
            if self.is_sign("=>"):
                self.take()
                return self.arrow(parameters)
            close = self.close()
            self.at += 1
        value = self.function_value(parameters, self.at, close)
        self.at = close + 1
        if name:
            self.names[name] = value
        return value

    def symbol(self) -> Value:
        """Read ruby's `:name`, or go past a colon."""
        self.take()
        is_symbol = self.next.kind == "name" and bool(self.lexicon.sigils)
        return known(self.take().text) if is_symbol else self.operand()

    def reference(self) -> Value:
        """Read ruby's `&:name`, a function that calls a method; else go past the sign."""
        self.take()
        if self.is_sign(":") and self.look(1).kind == "name":
            self.at += 1
            return Value(name=f"&.{self.take().text}")
        return self.operand()

    def negative(self) -> Value:
        """Read a number with its sign; perl's `-e $f` asks about a file."""
        self.take()
        value = self.operand()
        return Value(number=-value.number) if value.number is not None else value


_SIGNS: Final[dict[str, Callable[[Operands], Value]]] = {
    "(": Operands.row,
    "[": Operands.row,
    "{": Operands.braces,
    ":": Operands.symbol,
    "&": Operands.reference,
    "-": Operands.negative,
}
