"""The commands that a program has been found to amount to, in the order of its text."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import msgspec

from eidos.validator.budget import Budget, OverBudget
from eidos.validator.code.values import (
    NOTHING,
    Value,
    Writing,
    call,
    concatenated,
    word,
)
from eidos.validator.script import (
    Background,
    Call,
    Group,
    Loop,
    RawAssignment,
    RawRedirect,
    RawWord,
    Sequence,
    Statement,
)

MAX_STATEMENTS: Final = 100
"""More commands in one short program are a flood."""
MAX_CALLS: Final = 8
"""Functions that call each other, and programs in texts in programs, are followed so deep."""
FORK: Final = Background(call("fork"))
_IDLE: Final = frozenset({"sleep"})


class Site(msgspec.Struct, frozen=True):
    """A call in a program: what is called, on what, and with what."""

    name: str
    args: tuple[Value, ...] = ()
    named: Mapping[str, Value] = {}
    receiver: Value = msgspec.field(default_factory=Value)
    source: str = ""

    def arg(self, position: int, *names: str) -> Value:
        """Return the argument given by name or at *position* (-1: only by name), else unknown."""
        for name in names:
            if name in self.named:
                return self.named[name]
        return self.args[position] if 0 <= position < len(self.args) else Value()


Act = Callable[["Trace", Site], Value]
"""What a function of a library does: it leaves commands in the trace, and returns a value."""


class Socket(msgspec.Struct):
    """The connection that a program opens, and what makes a shell of it."""

    host: Value | None = None
    port: Value | None = None
    listens: bool = False
    is_attached: bool = False
    """The connection became the standard input or output of programs."""
    has_shell: bool = False
    """A shell, or what came through the connection, is run."""

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, or a door for one."""
        return self.listens or self.host is not None


class Trace:
    """What one program does; its readers and the acts of its functions write it."""

    def __init__(self, language: str, interpreter: str, budget: Budget) -> None:
        self.language = language
        self.interpreter = interpreter
        self.budget = budget
        self.socket = Socket()
        self.is_root = False
        """It has made itself root."""
        self.address: Value | None = None
        """Where a request that is made in several steps will go."""
        self.depth = 0
        self.invoke: Callable[[Value, tuple[Value, ...]], Value] = lambda _function, _args: Value()
        """Call a function of the program; set by its reader."""
        self.read: Callable[[str], None] = lambda _text: None
        """Read a text as more of the program; set by its reader."""
        self._statements: list[Statement | Writing] = []
        self._changes_place = False

    def add(self, statement: Statement | Writing) -> None:
        """Note that the program does *statement* next.

        Raises:
            OverBudget: That is more than a short program does.
        """
        self.budget.spend(8)
        if len(self._statements) >= MAX_STATEMENTS:
            raise OverBudget(f"code that amounts to more than {MAX_STATEMENTS} commands")
        self._statements.append(statement)

    def write(self, file: Writing, texts: Iterable[Value]) -> None:
        """Note that *texts* are written to *file*, which may have been opened outside a loop."""
        if not any(statement is file for statement in self._statements):
            file = Writing(file.path, appends=True)
            self.add(file)
        file.texts.extend(texts)

    def set_variable(self, name: str, value: Value) -> None:
        """Note that the program sets an environment variable for what it starts."""
        self._changes_place = True
        self.add(Call((), (RawAssignment(name, (word(value),)),)))

    def change_folder(self, folder: Value) -> None:
        """Note that relative paths start from *folder* from here on."""
        self._changes_place = True
        self.add(call("cd", folder))

    @property
    def folder_is_set(self) -> bool:
        """Whether the program has gone to a folder."""
        return self._changes_place

    @contextmanager
    def captured(self) -> Generator[list[Statement | Writing], None, None]:
        """Collect what is noted meanwhile in a list, for a loop around it."""
        outer, inner = self._statements, list[Statement | Writing]()
        self._statements = inner
        try:
            yield inner
        finally:
            self._statements = outer

    def add_loop(self, inner: list[Statement | Writing], *, is_endless: bool) -> None:
        """Note that the program does *inner* again and again."""
        body = _finished(inner)
        if is_endless and body and not all(_is_idle(statement) for statement in body):
            self.add(Loop(_joined(body), is_endless=True))
            return
        for statement in inner:
            self.add(statement)

    def finish(self) -> Statement:
        """Return all that was noted as one statement."""
        found = [s for s in _finished(self._statements) if s != FORK]
        found += self._shells()
        if not found:
            return NOTHING
        body = _joined(found)
        return Group(body, is_subshell=True) if self._changes_place else body

    def _shells(self) -> Iterator[Statement]:
        socket = self.socket
        if socket.is_open and (socket.is_attached or socket.has_shell):
            host, port = socket.host or Value(), socket.port or Value()
            if socket.listens:
                yield call("nc", "-l", "-p", port, "-e", "/bin/sh")
            else:
                yield call("nc", "-e", "/bin/sh", host, port)
        if self.is_root and socket.has_shell:
            yield call("sh", "-p")


def _joined(statements: list[Statement]) -> Statement:
    return statements[0] if len(statements) == 1 else Sequence(tuple(statements))


def _is_idle(statement: Statement) -> bool:
    match statement:
        case Call((RawWord(source=name), *_)):
            return name in _IDLE
        case _:
            return False


def _finished(statements: list[Statement | Writing]) -> list[Statement]:
    return [_written(s) if isinstance(s, Writing) else s for s in statements]


def _written(writing: Writing) -> Statement:
    """Return the command that leaves in the file what the program writes into it."""
    redirect = RawRedirect(">>" if writing.appends else ">", word(writing.path))
    if not writing.texts:
        return Call((), redirects=(redirect,))
    text = concatenated(*writing.texts) if len(writing.texts) > 1 else writing.texts[0]
    if text.text and not text.text.strip("\0"):
        return call("cat", "/dev/zero", redirects=(redirect,))
    script = text.script
    if script is not None:
        return Group(script, (redirect,))
    return call("echo", text, redirects=(redirect,))
