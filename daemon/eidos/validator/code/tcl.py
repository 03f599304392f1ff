"""Tcl and expect: commands made of words."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from eidos.validator.code.arithmetic import row
from eidos.validator.code.files import opened, write_to
from eidos.validator.code.programs import evaluate_text, run_text, run_words
from eidos.validator.code.tcl_words import TclWords, Word
from eidos.validator.code.texts import decoded
from eidos.validator.code.trace import FORK, MAX_CALLS, Site
from eidos.validator.code.values import (
    Function,
    Value,
    call,
    carried,
    concatenated,
    elements,
    known,
    shell_text,
)
from eidos.validator.patterns import Pattern

_OPTION: Final = Pattern(r"-[a-z]\w*")
_PIPES: Final = Pattern(r"[|<>&]|\d?>.*|\|.+|<.+")
_SHELLS: Final = frozenset("sh bash zsh dash ksh ssh su sudo telnet python python3".split())
_ENCODINGS: Final = {"base64": "base64", "hex": "hex", "uuencode": "uu", "H*": "hex"}


class Tcl(TclWords):
    """One Tcl program."""

    spawned = ""
    """The program that expect talks to."""

    def read(self, text: str) -> None:
        """Leave what *text* does in the trace."""
        self.script(text)

    def run(self, words: list[Word]) -> Value:
        """Do what a command says, and return its result."""
        name = words[0].text.removeprefix("::")
        reader = _COMMANDS.get(name)
        if reader is not None:
            return reader(self, words[1:])
        own = self.names.get(f"proc {name}")
        args = tuple(word.value for word in words[1:])
        if own is not None:
            return self.invoke(own, args)
        act = self.find(name.replace("::", "."))
        if act is None:
            return carried(args)
        options = [value for value in args if _OPTION.fullmatch(value.text or "") is None]
        return act(self.trace, Site(name, tuple(options), {}, Value(), name))

    def run_body(self, body: object) -> Value:
        """Run the body of a procedure."""
        return self.script(body) if isinstance(body, str) else Value()

    # Programs.

    def execute(self, words: Sequence[Word]) -> Value:
        """Run a program, or several in a pipe: `exec`."""
        args = [word.value for word in words]
        while args and (args[0].text or "").startswith("-"):
            args.pop(0)
        if any(_PIPES.fullmatch(value.text or "") for value in args):
            texts = [shell_text(value.shape) for value in args]
            shown = (t if _PIPES.fullmatch(t) or "$" in t else shlex.quote(t) for t in texts)
            return run_text(self.trace, known(" ".join(shown)), "exec")
        return run_words(self.trace, args, "exec")

    def system(self, words: Sequence[Word]) -> Value:
        """Run a text with a shell: `system`."""
        values = [word.value for word in words]
        return run_text(self.trace, concatenated(*_spaced(values)), "system")

    def spawn(self, words: Sequence[Word]) -> Value:
        """Run a program to talk to: expect's `spawn`."""
        args = [word.value for word in words]
        while args and (args[0].text or "").startswith("-"):
            args.pop(0)
        self.spawned = (args[0].text or "").rpartition("/")[2] if args else ""
        return run_words(self.trace, args, "spawn")

    def send(self, words: Sequence[Word]) -> Value:
        """Type a text into the program that was spawned, which matters if it is a shell."""
        text = words[-1].text.strip("\r\n ") if words else ""
        if " " in text and self.spawned in _SHELLS:
            run_text(self.trace, known(text), "send")
        return Value()

    def file(self, words: Sequence[Word]) -> Value:
        """Do what `file delete`, `file rename` and their kin say."""
        verb = words[0].text if words else ""
        options = {word.text for word in words[1:]}
        paths = [v for word in words[1:] if not word.text.startswith("-") for v in row(word.value)]
        command = {"delete": "rm", "rename": "mv", "copy": "cp", "link": "ln"}.get(verb)
        if verb == "delete" and "-force" in options:
            self.trace.add(call("rm", "-rf", *paths, source="file delete -force"))
        elif verb == "attributes" and "-permissions" in options:
            self.trace.add(call("chmod", *reversed(paths[:2]), source="file attributes"))
        elif verb in {"join", "normalize", "nativename"}:
            return concatenated(*paths)
        elif command is not None and paths:
            self.trace.add(call(command, *paths, source=f"file {verb}"))
        return Value()

    def open(self, words: Sequence[Word]) -> Value:
        """Open a file, or `|` and a command."""
        text = words[0].text if words else ""
        mode = words[1].text if len(words) > 1 else "r"
        if text.startswith("|"):
            return run_text(self.trace, known(text[1:].strip()), "open")
        if mode[:1] in {"w", "a"}:
            return opened(self.trace, words[0].value, appends=mode[0] == "a")
        return self.apply(Site("read-file", tuple(word.value for word in words[:1])))

    def puts(self, words: Sequence[Word]) -> Value:
        """Write a line, maybe to a file."""
        values = [word.value for word in words if word.text != "-nonewline"]
        if len(values) > 1:
            write_to(self.trace, values[0], values[1])
        return Value()

    def binary(self, words: Sequence[Word]) -> Value:
        """Make bytes of a text: `binary decode base64 x`, `binary format H* x`."""
        texts = [word.text for word in words]
        if len(words) != 3 or texts[1] not in _ENCODINGS:  # noqa: PLR2004 - verb, how, text
            return carried([word.value for word in words])
        return decoded(words[2].value, _ENCODINGS[texts[1]])

    # The language.

    def set(self, words: Sequence[Word]) -> Value:
        """Give a variable its value, or return it."""
        name = words[0].text.removeprefix("::") if words else ""
        if len(words) < 2:  # noqa: PLR2004 - a name and a value
            return self.names.get(name, Value())
        if name.startswith("env(") and name.endswith(")"):
            self.trace.set_variable(name[4:-1], words[1].value)
        self.names[name] = words[1].value
        return words[1].value

    def append(self, words: Sequence[Word]) -> Value:
        """Write more behind the value of a variable."""
        name = words[0].text if words else ""
        old = self.names.get(name, known(""))
        self.names[name] = concatenated(old, *(word.value for word in words[1:]))
        return self.names[name]

    def evaluate(self, words: Sequence[Word]) -> Value:
        """Run its words as code."""
        values = [word.value for word in words]
        return evaluate_text(self.trace, concatenated(*_spaced(values)) if values else Value())

    def blocks(self, words: Sequence[Word]) -> Value:
        """Read every word in braces as commands: the branches of `if`, `catch`, `expect`."""
        for word in words:
            if word.is_braced:
                self.script(word.text)
        return Value()

    def proc(self, words: Sequence[Word]) -> Value:
        """Remember a procedure until it is called."""
        if len(words) > 2:  # noqa: PLR2004 - name, parameters, body
            parameters = tuple(words[1].text.split())
            self.names[f"proc {words[0].text}"] = Value(
                function=Function(parameters, words[2].text)
            )
        return Value()

    def loop(self, words: Sequence[Word]) -> Value:
        """Read `while` and `for`."""
        is_for = len(words) > 3  # noqa: PLR2004 - for begin test step body
        test = words[1].text if is_for else (words[0].text if words else "")
        with self.trace.captured() as found:
            for word in words[:1] if is_for else ():
                self.script(word.text)
            if words:
                self.script(words[-1].text)
        is_endless = test.strip() in {"1", "true", "yes", "on"} or FORK in found
        self.trace.add_loop(found, is_endless=is_endless)
        return Value()

    def foreach(self, words: Sequence[Word]) -> Value:
        """Read a body for each value of a list."""
        if len(words) < 3:  # noqa: PLR2004 - name, list, body
            return Value()
        values = words[1].value
        listed = [known(part) for part in words[1].text.split()] if words[1].text else []
        for value in (listed or elements(values))[:MAX_CALLS]:
            self.names[words[0].text] = value
            self.script(words[-1].text)
        return Value()


def _spaced(values: Sequence[Value]) -> list[Value]:
    return [part for value in values for part in (known(" "), value)][1:]


_Reader = Callable[[Tcl, Sequence[Word]], Value]
_COMMANDS: Final[Mapping[str, _Reader]] = {
    "exec": Tcl.execute,
    "binary": Tcl.binary,
    "system": Tcl.system,
    "spawn": Tcl.spawn,
    "send": Tcl.send,
    "exp_send": Tcl.send,
    "file": Tcl.file,
    "open": Tcl.open,
    "puts": Tcl.puts,
    "set": Tcl.set,
    "append": Tcl.append,
    "eval": Tcl.evaluate,
    "subst": Tcl.evaluate,
    "uplevel": Tcl.evaluate,
    "proc": Tcl.proc,
    "while": Tcl.loop,
    "for": Tcl.loop,
    "foreach": Tcl.foreach,
    **dict.fromkeys("if catch try expect namespace after switch time interact".split(), Tcl.blocks),
}
