"""Blocks and functions of bash and zsh: everything that can stand where a command can."""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from eidos.validator import script
from eidos.validator.patterns import Pattern
from eidos.validator.reading.bash_loops import LoopReader
from eidos.validator.script import (
    Background,
    Call,
    Definition,
    Group,
    RawWord,
    Statement,
    Test,
    Text,
)

_OPENING: Final = Pattern(
    r"\(\(|\(|(?:if|for|while|until|case|select|function|coproc|\{|\[\[)(?=[\s;&|()<>]|\Z)"
)
_ZSH_OPENING: Final = Pattern(
    r"\(\)|\(\(|\(|\{|"
    r"(?:if|for|while|until|case|select|function|coproc|\[\[|repeat|foreach)(?=[\s;&|)<>]|\Z)"
)
_NAME: Final = r"[^\s;&|()<>'\"\\`=$]"
_FUNCTION: Final = Pattern(rf"({_NAME}+)[ \t]*\([ \t]*\)")
_ZSH_FUNCTION: Final = Pattern(rf"({_NAME}+(?:[ \t]+{_NAME}+)*)[ \t]*\([ \t]*\)")
_FUNCTION_NAME: Final = Pattern(r"[^\s;&|()<>]+")
_PARENTHESES: Final = Pattern(r"[ \t]*\([ \t]*\)")
_COPROCESS_NAME: Final = Pattern(
    r"[A-Za-z_]\w*(?=[ \t]+(?:\(|(?:\{|\[\[|if|for|while|until|case|select)[ \t]))"
)
_ANONYMOUS: Final = "()"


class BlockReader(LoopReader):
    """Reads everything that can stand where a command can."""

    def read_command(self) -> Statement | None:
        """Read one command, a block or a call; None where none begins."""
        self.skip_blanks()
        opening = self.look(_ZSH_OPENING if self.is_zsh else _OPENING)
        if opening is None:
            if self.look_at_closer():
                return None
            return self._read_definition() or self.read_call()
        self.enter()
        block = _READ[opening[0]](self)
        self.leave()
        redirects = self.read_redirects()
        if not redirects:
            return block
        return (
            replace(block, redirects=redirects)
            if isinstance(block, Group)
            else Group(block, redirects)
        )

    def read_parenthesis(self) -> Statement:
        """Read `( list )`."""
        self.position += 1
        body = self.read_body(")")
        self.expect(")", "parenthesis")
        return Group(body, is_subshell=True)

    def read_arithmetic_command(self) -> Statement:
        """Read `(( expression ))`, or a subshell that begins with another."""
        start = self.position
        parts = self.read_arithmetic("((")
        if parts is None:
            return self.read_parenthesis()
        return Test((RawWord(tuple(parts), self.text[start : self.position]),))

    def read_braces(self) -> Statement:
        """Read `{ list; }`, and what zsh runs `always` after it."""
        group = self._read_group_in_braces()
        if not self.is_zsh:
            return group
        start = self.position
        self.skip_blanks()
        if self.accept_word("always"):
            self.skip_lines()
            return script.Sequence((group, self._read_group_in_braces()))
        self.position = start
        return group

    def read_anonymous(self) -> Statement:
        """Read `() { list } words`, which zsh runs at once."""
        self.position += len(_ANONYMOUS)
        return self._read_body_of_anonymous()

    def read_function(self) -> Statement:
        """Read `function name { list; }`."""
        self.position += len("function")
        self.skip_blanks()
        names: list[str] = []
        while (name := self.look(_FUNCTION_NAME)) and name[0] != "{":
            self.position = name.end()
            names.append(name[0])
            if not self.is_zsh:
                break
            self.skip_blanks()
        self.take(_PARENTHESES)
        if names:
            return self._read_body_of(names)
        if self.is_zsh:
            return self._read_body_of_anonymous()
        raise self.unexpected("the function has no name")

    def read_coprocess(self) -> Statement:
        """Read `coproc command`."""
        self.position += len("coproc")
        self.skip_blanks()
        if not self.is_zsh and self.take(_COPROCESS_NAME):
            self.skip_blanks()
        body = self.read_command()
        if body is None:
            raise self.unexpected("nothing follows coproc")
        return Background(body)

    def _read_group_in_braces(self) -> Statement:
        if not self.accept("{"):
            raise self.unexpected("a brace is missing")
        body = self.read_body("}")
        self.expect("}", "brace")
        return Group(body)

    def _read_definition(self) -> Statement | None:
        match = self.take(_ZSH_FUNCTION if self.is_zsh else _FUNCTION)
        return self._read_body_of(match[1].split()) if match else None

    def _read_body_of(self, names: Sequence[str]) -> Statement:
        self.skip_lines()
        if not self.is_zsh and not self.look(_OPENING):
            raise self.unexpected("the function has no body")
        self.enter()
        body = self.read_command()
        self.leave()
        if body is None:
            raise self.unexpected("the function has no body")
        definitions = [Definition(name.strip("'\""), body) for name in names]
        return definitions[0] if len(definitions) == 1 else script.Sequence(tuple(definitions))

    def _read_body_of_anonymous(self) -> Statement:
        start = self.position
        definition = self._read_body_of((_ANONYMOUS,))
        words: list[RawWord] = [RawWord((Text(_ANONYMOUS),), _ANONYMOUS)]
        self.skip_blanks()
        while (word := self.read_word()).parts:
            words.append(word)
            self.skip_blanks()
        call = Call(tuple(words), source=self.text[start : self.position])
        return script.Sequence((definition, call))


_READ: Final[dict[str, Callable[[BlockReader], Statement]]] = {
    "(": BlockReader.read_parenthesis,
    "((": BlockReader.read_arithmetic_command,
    "{": BlockReader.read_braces,
    "()": BlockReader.read_anonymous,
    "[[": BlockReader.read_test,
    "if": BlockReader.read_if,
    "case": BlockReader.read_case,
    "for": BlockReader.read_for,
    "select": BlockReader.read_for,
    "foreach": BlockReader.read_for,
    "while": BlockReader.read_while,
    "until": BlockReader.read_while,
    "repeat": BlockReader.read_repeat,
    "function": BlockReader.read_function,
    "coproc": BlockReader.read_coprocess,
}
