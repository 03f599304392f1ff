"""What a `$` begins in bash and zsh: variables, `${ }`, arithmetic, substitutions."""

from collections.abc import Sequence
from typing import Final

from eidos.protocol import Shell
from eidos.validator.budget import Budget
from eidos.validator.patterns import Pattern
from eidos.validator.reading.bash_words import WordReader, hidden
from eidos.validator.script import Call, Part, RawWord, Substitution, Text, Unknown, Variable

_NAME: Final = r"(?:[A-Za-z_]\w*|\d+|[@*#?!-]|\$(?![{(]))"
_SIMPLE: Final = Pattern(r"\$([A-Za-z_]\w*|[\d@*#?$!-])")
_ZSH_SIMPLE: Final = Pattern(rf"\$([\^=~+#]*)({_NAME})")
_BRACED_NAME: Final = Pattern(rf"([!#](?=[\w@*#?$!-]))?({_NAME})?")
_ZSH_BRACED_NAME: Final = Pattern(rf"([!#](?=[\w@*#?$!-])|[\^=~+]*)({_NAME})?")
_OPERATOR: Final = Pattern(r":?[-+=?]|##?|%%?|/[/#%]?|\^\^?|,,?|@|:")
_TAKES_QUOTES_LITERALLY: Final = frozenset("-+=?")
_TAKEN_BY_ZSH: Final = Pattern(r"[]}[:=+?#%/~|-]|\^\^?[A-Za-z_]|\Z")
_NAME_ALONE: Final = Pattern(r"[A-Za-z_]\w*(?=\})")
_NO_CHANGE: Final = frozenset({"#", "##", "%", "%%"})
_FUNCTION_SIGNS: Final = frozenset(" \t\n|")


class ParameterReader(WordReader):
    """Reads what depends on variables, and finds every script inside it."""

    def __init__(self, text: str, shell: Shell, budget: Budget, nesting: int = 0) -> None:
        super().__init__(text, shell, budget, nesting)
        self._no_arithmetic: set[int] = set()
        """Where `((` turned out to begin two parentheses."""

    def read_dollar(self, *, is_quoted: bool) -> Sequence[Part]:
        """Read what a `$` begins; alone it is a plain character."""
        following = self.text[self.position + 1 : self.position + 2]
        match following:
            case "(":
                return self._read_parenthesis(is_quoted=is_quoted)
            case "{":
                return self._read_braced(is_quoted=is_quoted)
            case "[":
                return self._read_arithmetic_brackets(is_quoted=is_quoted)
            case "'" if not is_quoted:
                return [self.read_ansi_c()]
            case '"' if not is_quoted:
                parts: list[Part] = []
                self.position += 2
                self.read_string(parts)
                return parts
            case _:
                return self._read_simple(is_quoted=is_quoted)

    def read_arithmetic(self, opening: str, *, is_quoted: bool = False) -> list[Part] | None:
        """Read an expression up to its `))`; None where *opening* begins something else."""
        start = self.position
        if start in self._no_arithmetic:
            return None
        self.position += len(opening)
        inside = self.read_enclosed(")", "(", takes_files=False)
        if not self.accept(")"):
            self._no_arithmetic.add(start)
            self.position = start
            return None
        return self._opaque(start, inside, is_quoted=is_quoted)

    def _read_simple(self, *, is_quoted: bool) -> list[Part]:
        start = self.position
        match = self.take(_SIMPLE)
        flags = ""
        if self.is_zsh and (match is None or match[1] == "#"):
            self.position = start
            if match := self.take(_ZSH_SIMPLE):
                flags, name = match[1], match[2]
        if match is None:
            self.position += 1
            return [Text("$", is_quoted)]
        name = match[match.lastindex or 1]
        operator = "#" if "#" in flags else ""
        operand: RawWord | None = None
        if self.is_zsh and not name[0].isdigit() and self.starts("["):
            operator, operand = self._read_subscript()
        source = self.text[start : self.position]
        if "+" in flags:
            return [Unknown(source, is_quoted)]
        return [Variable(name, source, operator, is_quoted, operand)]

    def _read_subscript(self) -> tuple[str, RawWord]:
        """Read `[…]`; as bash counts from 0, the 1 of zsh is a 0."""
        start = self.position
        self.position += 1
        inside = self.read_enclosed("]", "[", takes_files=False)
        text = self.text[start : self.position]
        word = RawWord(tuple(inside), text[1:-1])
        is_counted = self.is_zsh and word.source.isdecimal() and int(word.source) > 0
        return f"[{int(word.source) - 1}]" if is_counted else text, word

    def _read_parenthesis(self, *, is_quoted: bool) -> Sequence[Part]:
        if self.starts("$((") and (parts := self.read_arithmetic("$((", is_quoted=is_quoted)):
            return parts
        return [self.read_substitution("$(", is_quoted=is_quoted)]

    def _read_arithmetic_brackets(self, *, is_quoted: bool) -> Sequence[Part]:
        start = self.position
        self.position += 2
        inside = self.read_enclosed("]", "[", takes_files=False)
        return self._opaque(start, inside, is_quoted=is_quoted)

    def _read_braced(self, *, is_quoted: bool) -> Sequence[Part]:
        start = self.position
        self.position += 2
        if self.text[self.position : self.position + 1] in _FUNCTION_SIGNS:
            self.accept("|")
            return self._read_function_substitution(start, is_quoted=is_quoted)
        if self.is_zsh and self.accept("("):
            return self._read_flagged(start, is_quoted=is_quoted)
        match = self.take(_ZSH_BRACED_NAME if self.is_zsh else _BRACED_NAME)
        prefix, name = (match[1] or "", match[2] or "") if match else ("", "")
        if (not name and not self.starts(":")) or "+" in prefix:
            inside = self.read_enclosed("}", self._opener(is_quoted), is_quoted=is_quoted)
            return self._opaque(start, inside, is_quoted=is_quoted)
        return self._read_parameter(start, prefix, name, is_quoted=is_quoted)

    def _read_flagged(self, start: int, *, is_quoted: bool) -> Sequence[Part]:
        """Read the rest of `${(flags)…}` of zsh."""
        begin = self.position
        inside = self.read_enclosed(")", "(", takes_files=False)
        flags = self.text[begin : self.position]
        name = self.look(_NAME_ALONE)
        inside += self.read_enclosed("}", self._opener(is_quoted), is_quoted=is_quoted)
        parts = self._opaque(start, inside, is_quoted=is_quoted)
        if "e" in flags:
            if name is None:
                reason = "zsh expands a value once more, which cannot be followed"
                raise self.fault(reason, is_certain=False)
            parts.append(_reexpansion(Variable(name[0], f"${name[0]}")))
        return parts

    def _opener(self, is_quoted: bool) -> str:
        """Return what asks for one more brace: zsh counts them outside of strings."""
        return "{" if self.is_zsh and not is_quoted else ""

    def _read_parameter(
        self, start: int, prefix: str, name: str, *, is_quoted: bool
    ) -> Sequence[Part]:
        """Read the rest of `${name`, up to the brace that closes it."""
        if self.is_zsh and (prefix == "!" or not self.look(_TAKEN_BY_ZSH)):
            raise self.fault("zsh has no ${!name}, ${name^}, ${name,} and ${name@P}")
        subscript, inside = self._read_subscript() if self.starts("[") else ("", RawWord((), ""))
        begin = self.position
        sign = self.take(_OPERATOR)
        takes_literally = is_quoted and (not sign or sign[0][-1] in _TAKES_QUOTES_LITERALLY)
        operand_start = self.position
        after = self.read_enclosed("}", self._opener(is_quoted), is_quoted=takes_literally)
        operator = subscript + self.text[begin : self.position - 1]
        if operator in _NO_CHANGE:
            operator = ""
        if prefix in {"!", "#"}:
            operator = prefix + operator
        operand = RawWord(tuple(after), self.text[operand_start : self.position - 1])
        source = self.text[start : self.position]
        variable = Variable(name, source, operator, is_quoted, operand if operator else None)
        # A subscript is computed too: `${a[$(date)]}` runs date.
        scripts = hidden(inside.parts)
        if operator == "@P":
            scripts.append(_reexpansion(variable))
        return [variable, *scripts]

    def _read_function_substitution(self, start: int, *, is_quoted: bool) -> Sequence[Part]:
        """Read `${ list; }`, the substitution of bash 5.3 that needs no subshell."""
        self.enter()
        script = self.read_script("}")
        self.leave()
        return [Substitution(script, self.text[start : self.position], is_quoted=is_quoted)]

    def _opaque(self, start: int, inside: Sequence[Part], *, is_quoted: bool) -> list[Part]:
        """Return what only the shell can compute, with the scripts in it."""
        return [Unknown(self.text[start : self.position], is_quoted), *hidden(inside)]


def _reexpansion(variable: Variable) -> Substitution:
    """Return what expands the value of *variable* once more: `${x@P}` runs the scripts in it."""
    value = Variable(variable.name, variable.source, is_quoted=True)
    text = RawWord((Text(': "', is_quoted=True), value, Text('"', is_quoted=True)), variable.source)
    call = Call((RawWord((Text("eval"),), "eval"), text), source=variable.source)
    return Substitution(call, "", "input")
