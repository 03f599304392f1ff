"""What is called, and on what, in a program of tokens: members, items, arguments, blocks."""

from eidos.validator.code.script_bare import NO_CALLS, BareCalls, Given
from eidos.validator.code.tokens import Token
from eidos.validator.code.trace import Site
from eidos.validator.code.values import Value, known


class Calls(BareCalls):
    """What follows an operand: members, items, arguments."""

    def followed(self, start: int, value: Value) -> Value:
        """Return what comes of the operand at *start* with all that follows it."""
        receiver = Value()
        while True:
            token = self.next
            if token.kind == "sign" and token.text in self.lexicon.members:
                if not self._has_member(token):
                    return value
                if receiver.is_something or receiver.name:
                    value = self.finished(start, value, receiver)
                receiver, value = value, self._member_of(value)
            elif token.kind == "sign" and token.text == "(" and self._is_called(start, value):
                value, receiver = self._call(start, value, receiver), Value()
            elif (token.kind == "sign" and token.text == "[" and not token.is_spaced) or (
                token.kind == "sign" and token.text == "{" and self._is_key(start, token)
            ):
                receiver, value = value, self._item_of(value)
            elif self.is_bare_call(start, value) or self._is_tag(start, token):
                value, receiver = self.bare_call(start, value, receiver), Value()
            else:
                return self.finished(start, value, receiver)

    def _has_member(self, sign: Token) -> bool:
        after = self.look(1)
        is_range = self.lexicon.has_blocks and after.kind == "number"
        is_word = after.kind in {"name", "text", "regex"} or after.text in {"(", "[", "{"}
        return is_word and not is_range and not (sign.text == "." and after.kind == "regex")

    def _member_of(self, value: Value) -> Value:
        self.take()
        token = self.next
        if token.kind == "sign":
            return value
        self.take()
        name = self.text_value(token).text or "" if token.kind == "text" else token.text
        if name.startswith("$"):
            name = self.names.get(name, Value()).text or name
        return self.member(value, name)

    def _is_called(self, start: int, value: Value) -> bool:
        before = self.look(-2)
        is_member = before.kind == "sign" and before.text in self.lexicon.members
        last = self.look(-1)
        is_statement_word = last.kind == "name" and last.text in NO_CALLS and not is_member
        is_literal = self.at == start + 1 and self.token(start).kind in {"number", "regex"}
        is_apart = self.next.is_spaced and (value.parts is not None or value.items is not None)
        return not (is_statement_word or is_literal or is_apart)

    def _is_tag(self, start: int, token: Token) -> bool:
        """Whether a template follows the function that it is for: `$`ls``."""
        is_template = token.kind == "text" and self.tokens.text[token.start] == "`"
        is_name = self.look(-1).kind == "name" and self.at > start
        return is_template and is_name and not token.is_spaced

    def _is_key(self, start: int, token: Token) -> bool:
        is_variable = self.token(start).text.startswith("$")
        return is_variable and not token.is_spaced and bool(self.lexicon.sigils)

    def _item_of(self, value: Value) -> Value:
        close = self.close()
        self.take()
        token = self.next
        is_bare = token.kind == "name" and self.at + 1 == close and token.text not in self.names
        is_key = is_bare and self.token(close).text == "}"
        key = known(token.text) if is_key else self.expression()
        self.at = close + 1
        return self.item(value, key)

    def _call(self, start: int, function: Value, receiver: Value) -> Value:
        close = self.close()
        self.take()
        args, named = self.arguments(close)
        self.at = close + 1
        return self.applied(start, function, receiver, (args, named))

    def applied(self, start: int, function: Value, receiver: Value, given: Given) -> Value:
        """Return what *function* returns for what is *given*, and for the block behind it."""
        args, named = given
        block = self.block_function()
        if block is not None:
            args = (*args, block)
        tables = [value.entries for value in args if value.entries is not None]
        named = {key: value for table in (*tables, named) for key, value in table.items()}
        if function.function is not None:
            return self.invoke(function, args)
        if function.items and not function.name:
            function = function.items[-1]
        name = function.name or function.text or ""
        return self.apply(Site(name, args, named, receiver, self.source(start)))

    def block_function(self) -> Value | None:
        """Return the block behind a call, which is handed to it as a function."""
        is_braced = self.is_sign("{") and self.lexicon.has_blocks
        if not (is_braced or (self.is_word("do") and "begin" in self.lexicon.openers)):
            return None
        close = self.close()
        if close == self.at:
            return None
        self.take()
        parameters: tuple[str, ...] = ("it", "$_")
        if self.is_sign("|"):
            self.take()
            end = self.at
            while end < close and self.token(end).text != "|":
                end += 1
            parameters = self.parameters_in(self.at, end)
            self.at = end + 1
        elif self.is_sign("||"):
            self.take()
        elif not is_braced and not self.lexicon.has_modifiers:
            end = self.statement_end(self.at)
            parameters, self.at = self.parameters_in(self.at, end), end
        function = self.function_value(parameters, self.at, close)
        self.at = close + 1
        return function

    def arguments(self, close: int) -> Given:
        """Return what stands up to the token *close*: in a row, and under names."""
        row: list[Value] = []
        named: dict[str, Value] = {}
        while self.at < close and not self.is_sign(*self.stops):
            before = self.at
            if self.is_sign(",", ";"):
                self.take()
                continue
            key = self._key_before()
            value = self.expression()
            if key:
                named[key] = value
            if key and self.lexicon.has_handles:
                row.append(known(key))
            if not key or self.lexicon.has_handles:
                row.append(value)
            if self.at == before:
                self.take()
            if self.next.kind == "name" and self.at < close:
                break
        return tuple(row), named

    def _key_before(self) -> str:
        """Return the name before `:`, `=>` or `=`, gone past; "" when there is none."""
        token, after = self.next, self.look(1)
        is_key = after.kind == "sign" and after.text in {":", "=>", "="}
        if not is_key or token.kind not in {"name", "text"} or token.text.startswith("$"):
            return ""
        if after.text == "=>" and token.kind == "name" and self.is_arrow(self.at + 2):
            return ""
        if after.text == ":" and ":" in self.lexicon.members:
            return ""
        if self.look(2).text == ":" or (
            after.text == ":"
            and after.is_spaced
            and not self.look(2).is_spaced
            and self.lexicon.has_modifiers
        ):
            return ""
        self.at += 2
        return self.text_value(token).text or "" if token.kind == "text" else token.text

    def parameters_in(self, start: int, end: int) -> tuple[str, ...]:
        """Return the names between two tokens."""
        row = self.tokens.row
        return tuple(
            row[at].text for at in range(start, min(end, len(row))) if row[at].kind == "name"
        )

    def is_arrow(self, after: int) -> bool:
        """Whether `=>` or `->` makes a function here, rather than a pair or a member."""
        sign = self.look(after - 1 - self.at).text
        return sign == ("->" if self.lexicon.has_blocks else "=>") and not self.lexicon.sigils
