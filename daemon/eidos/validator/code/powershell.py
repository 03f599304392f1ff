"""PowerShell: commands in pipelines, with parameters that have names."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from eidos.validator.code.arithmetic import row
from eidos.validator.code.decoding import decode
from eidos.validator.code.files import opened, write_to
from eidos.validator.code.powershell_values import PowerShellValues
from eidos.validator.code.programs import evaluate_text, run_words
from eidos.validator.code.trace import FORK, MAX_CALLS, Site, Trace
from eidos.validator.code.values import Function, Value, call, elements, known, narrowed
from eidos.validator.patterns import Pattern
from eidos.validator.script import Pipeline

_WORD: Final = Pattern(r"(?:`.|[^\s;|(){}'\",`&])+")
_PARAMETER: Final = Pattern(r"-([A-Za-z]\w*)(:)?(?=[\s;|)}:]|$)")
_ENDS: Final = frozenset({";", "\n", "|", ")", "}", "&", ""})
_SWITCHES: Final = frozenset(
    "recurse r re rec force f fo confirm usebasicparsing useb wait append nonewline passthru "
    "ascii asjob whatif noninteractive nop noprofile verbose hidden allusers all "
    "skipcertificatecheck raw exclude-none".split()
)
_OPERANDS: Final = frozenset(
    "path literalpath filepath uri url u command c name typename inputobject source".split()
)
_STARTS: Final = frozenset("$@([{'\"")
_ASSIGNMENT: Final = Pattern(r"(?:\[[\w.]+(?:\[\])?\]\s*)?\$((?:\w+:)?\w+)\s*\+?=(?!=)")
_ENCODED: Final = Pattern(r"[A-Za-z0-9+/\s]{20,}={0,2}")
_LOOPS: Final = frozenset({"while", "for", "foreach", "do", "if", "elseif", "else", "switch"})
_BLOCKS: Final = frozenset({"try", "catch", "finally", "begin", "process", "end", "trap"})


class PowerShell(PowerShellValues):
    """One PowerShell program."""

    def __init__(self, trace: Trace) -> None:
        super().__init__(trace)
        self.special = _COMMANDS

    def read(self, text: str) -> None:
        """Leave what *text* does in the trace; it may be in the encoding of `-enc`."""
        if _ENCODED.fullmatch(text.strip()):
            once = decode(text, "base64")
            plain = decode(once, "utf-16") if once is not None and "\0" in once else None
            if plain is not None and plain.isprintable():
                self.trace.add(Pipeline((call("base64", "-d"), call("pwsh", "-"))))
                text = plain
        self.inner(text)

    def run_body(self, body: object) -> Value:
        """Run a block."""
        return self.inner(body) if isinstance(body, str) else Value()

    def block(self) -> Value:
        """Read commands up to the end of the text."""
        value = Value()
        while self.at < len(self.text):
            self.trace.budget.spend(4)
            before = self.at
            value = self._pipeline()
            while self.char in {";", "\n", "&", "|", ")", "}"} and self.char:
                self.at += 1
            if self.at == before:
                self.at += 1
        return value

    def _pipeline(self) -> Value:
        self.skip()
        assigned = _ASSIGNMENT.match(self.text, self.at)
        if assigned is not None:
            self.at = assigned.end()
            return self._assign(assigned[1].lower(), self._pipeline())
        value = self._stage(None)
        self.skip()
        while self.char == "|" and not self.text.startswith("||", self.at):
            self.at += 1
            value = self._stage(value)
            self.skip()
        return value

    def _assign(self, name: str, value: Value) -> Value:
        if name.startswith("env:"):
            self.trace.set_variable(name[4:].upper(), value)
        self.names[f"${name}"] = value if value != Value() else Value(name=f"${name}")
        return value

    def _stage(self, piped: Value | None) -> Value:
        self.skip()
        is_called = self.char in {"&", "."} and self.text[self.at + 1 : self.at + 2] in {*" $('\"{"}
        if is_called:
            self.at += 1
            self.skip()
            return self._called(self.operand() if self.char in _STARTS else self._bare(), piped)
        if self.char in _STARTS or self.char.isdigit() or self.text.startswith("-join", self.at):
            return self.expression()
        name = self._bare()
        word = (name.text or "").lower()
        if word in _LOOPS:
            return self._loop(word)
        if word in _BLOCKS or word in {"function", "filter", "return", "param"}:
            return self._declared(word)
        return self._called(name, piped)

    def _bare(self) -> Value:
        word = _WORD.match(self.text, self.at)
        if word is None:
            return Value()
        self.at = word.end()
        return known(re.sub(r"`(.)", r"\1", word[0]))

    def _called(self, name: Value, piped: Value | None) -> Value:
        args, named, words = self._arguments()
        if name.function is not None:
            return self.invoke(name, (piped or Value(), *args))
        text = (name.text or "").lower()
        if piped is not None and piped != Value() and (text in self.special or self.find(text)):
            named["inputobject"] = piped
            args = (*args, piped)
        if text in self.special or text in self.names or self.library.functions.get(text):
            return self.apply(Site(text, args, named, Value(), text))
        if name.text == "":
            return Value()
        if re.fullmatch(r"[a-z]+-[a-z]+", text):
            return piped or Value()
        return run_words(self.trace, (name, *words), text)

    def _arguments(self) -> tuple[tuple[Value, ...], dict[str, Value], list[Value]]:
        """Return arguments in a row, under names, and all as the words that stand there."""
        args: list[Value] = []
        named: dict[str, Value] = {}
        words: list[Value] = []
        self.skip()
        while self.char not in _ENDS:
            self.trace.budget.spend(4)
            parameter = _PARAMETER.match(self.text, self.at)
            key = parameter[1].lower() if parameter is not None else ""
            if parameter is not None:
                self.at = parameter.end()
                words.append(known(f"-{parameter[1]}"))
                self.skip()
                is_alone = key in _SWITCHES and not parameter[2]
                if is_alone or self.char in _ENDS or _PARAMETER.match(self.text, self.at):
                    named["recurse" if key in {"r", "rec", "re"} else key] = Value(name="true")
                    continue
            value = self._argument()
            words += row(value)
            if not key or key in _OPERANDS:
                args.append(value)
            else:
                named[key] = value
            self.skip()
        return tuple(args), named, words

    def _argument(self) -> Value:
        values: list[Value] = []
        while True:
            self.trace.budget.spend(4)
            before = self.at
            is_expression = self.char in _STARTS - {"["}
            values.append(self.operand() if is_expression else self._bare())
            rest = _WORD.match(self.text, self.at)
            if is_expression and rest is not None:
                self.at = rest.end()
            if self.char != ",":
                break
            self.at += 1
            self.skip()
        if self.at == before:
            self.at += 1
        return values[0] if len(values) == 1 else Value(items=tuple(values))

    # The language.

    def _braced(self) -> str:
        self.skip()
        while self.char == "\n":
            self.at += 1
            self.skip()
        return self.bracketed() if self.char == "{" else ""

    def _declared(self, word: str) -> Value:
        self.skip()
        if word in _BLOCKS:
            return self.inner(self._braced())
        if word == "return":
            return self._pipeline()
        if word == "param":
            self.bracketed()
            return Value()
        name = self._bare()
        self.skip()
        parameters = self.bracketed() if self.char == "(" else ""
        names = tuple(f"${name.lower()}" for name in re.findall(r"\$(\w+)", parameters))
        body = Function(names, self._braced())
        self.names[(name.text or "").lower()] = Value(function=body)
        return Value()

    def _loop(self, word: str) -> Value:
        self.skip()
        head = self.bracketed() if self.char == "(" else ""
        body = self._braced()
        values, name = [Value()], ""
        if word == "foreach" and " in " in head:
            name, _, source = head.partition(" in ")
            values = list(elements(self.inner(source)))[:MAX_CALLS]
        with self.trace.captured() as found:
            condition = self.inner(head) if word in {"while", "if"} else Value()
            for value in values:
                self.names[name.strip().lower()] = value
                self.inner(body)
            is_endless = word == "while" and (condition.is_true or FORK in found)
            is_endless = is_endless or (word == "for" and head.replace(" ", "") == ";;")
            if is_endless and not found:
                found.append(call(":"))
        self.trace.add_loop(found, is_endless=is_endless)
        return Value()

    # Commands whose arguments mean something of their own.

    def each(self, site: Site) -> Value:
        """Call a block for each value in the pipe: `% { … }`."""
        blocks = [value for value in site.args if value.function is not None]
        piped = site.named.get("inputobject", Value())
        found = [self.invoke(b, (item,)) for b in blocks for item in elements(piped)[:MAX_CALLS]]
        if piped == Value():
            return piped
        return found[0] if len(found) == 1 else Value(items=tuple(found))

    def pick(self, site: Site) -> Value:
        """Let some values in the pipe through: `where`."""
        piped = site.named.get("inputobject", Value())
        return narrowed(piped, "picked") if piped.is_listing else piped

    def make(self, site: Site) -> Value:
        """Make an object of .NET: `New-Object Net.WebClient`."""
        name = (site.arg(0).text or "").lower().removeprefix("system.")
        rest = (*site.args[1:], *row(site.named.get("argumentlist", Value(items=()))))
        return self.apply(Site(f"{name}.new", tuple(v for v in rest if v != Value())))

    def write(self, site: Site) -> Value:
        """Write what is in the pipe, or a value, to a file."""
        text = site.named.get("value") or site.named.get("inputobject") or site.arg(1)
        adds = "append" in site.named or site.name in {"add-content", "ac"}
        write_to(self.trace, opened(self.trace, site.arg(0), appends=adds), text)
        return Value()

    def start(self, site: Site) -> Value:
        """Start a program: `Start-Process rm -ArgumentList …`."""
        rest = site.named.get("argumentlist") or site.named.get("args") or Value(items=())
        words = (*site.args[:1], *row(rest), *site.args[1:])
        return run_words(self.trace, words, site.name, is_waited_for=False)

    def evaluate(self, site: Site) -> Value:
        """Run a text as code: `iex`."""
        return evaluate_text(self.trace, site.arg(0))

    def power(self, site: Site) -> Value:
        """Switch the machine off or on again."""
        self.trace.add(call("reboot" if site.name.startswith("restart") else "poweroff"))
        return Value()


_COMMANDS: Final[Mapping[str, Callable[..., Value]]] = {
    **dict.fromkeys(("%", "foreach-object"), PowerShell.each),
    **dict.fromkeys(("?", "where", "where-object"), PowerShell.pick),
    **dict.fromkeys(("new-object",), PowerShell.make),
    **dict.fromkeys(("out-file", "set-content", "add-content", "ac"), PowerShell.write),
    **dict.fromkeys(("start-process", "saps", "start"), PowerShell.start),
    **dict.fromkeys(("invoke-expression", "iex"), PowerShell.evaluate),
    **dict.fromkeys(("restart-computer", "stop-computer"), PowerShell.power),
}
