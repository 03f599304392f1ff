r"""A terminal for tests: a real pty, a screen that is kept up to date, and keys to press.

    with Terminal(["zsh", "-i"], env=env, cwd=home) as terminal:
        terminal.until("% ")
        terminal.press("echo hi\r")
        terminal.until(lambda t: "hi" in t.screen.splitlines())

Nothing here sleeps: `until` reads what the program writes and looks at the screen after each
read, and says what stood on it when the deadline passes.
"""

import os
import re
import select
import signal
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import pexpect
import pyte

Condition = str | Callable[["Terminal"], object]

_BRACKETED_PASTE: Final = 2004 << 5
"""DEC private mode 2004 as pyte keeps it: private modes are shifted by five bits."""
_STRINGS: Final = re.compile(rb"\x1b[P_^X].*?\x1b\\", re.DOTALL)
"""DCS, APC, PM and SOS strings (fish 4 asks XTGETTCAP so): pyte would draw them as text."""
_UNFINISHED: Final = re.compile(rb"\x1b(?:[P_^X].*)?\Z", re.DOTALL)
_UNKNOWN_CSI: Final = re.compile(rb"\x1b\[[<=>?][0-9;]*u|\x1b\[>[0-9;]*[mnq]")
"""Kitty keyboard and xterm modifier sequences, which pyte takes for other ones."""


class _Screen(pyte.Screen):
    """A screen that answers the terminal's identity and the cursor position, and nothing else."""

    def __init__(self, columns: int, rows: int, answer: Callable[[str], None]) -> None:
        super().__init__(columns, rows)
        self._answer = answer

    def write_process_input(self, data: str) -> None:
        self._answer(data)


@dataclass(frozen=True)
class _Line:
    """True of a terminal whose cursor is on the line `text`; a class for its readable repr."""

    text: str

    def __call__(self, terminal: "Terminal") -> bool:
        return terminal.line() == self.text


class Terminal:
    """A program in a pty of *rows* by *columns*, and the screen that a person would see."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        rows: int = 24,
        columns: int = 80,
    ) -> None:
        with warnings.catch_warnings():
            # Python 3.12 warns of forkpty in a process with threads (the fake daemon is one);
            # the child execs at once and takes no lock.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._child = pexpect.spawn(
                argv[0],
                list(argv[1:]),
                env=dict(env),
                cwd=str(cwd),
                dimensions=(rows, columns),
            )
        self._pyte = _Screen(columns, rows, self.press)
        self._stream = pyte.ByteStream(self._pyte)
        self._held = b""
        self.transcript = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def screen(self) -> str:
        """The screen's text: its lines without trailing blanks."""
        return "\n".join(line.rstrip() for line in self._pyte.display).rstrip("\n")

    @property
    def cells(self) -> list[list[pyte.screens.Char]]:
        """The screen's characters with their colours, row by row."""
        rows = self._pyte.buffer
        return [
            [rows[row][column] for column in range(self._pyte.columns)]
            for row in range(self._pyte.lines)
        ]

    @property
    def cursor(self) -> tuple[int, int]:
        """The cursor's row and column, from zero; a wide character takes two columns."""
        return self._pyte.cursor.y, self._pyte.cursor.x

    @property
    def pid(self) -> int:
        """The process id of the program."""
        return self._child.pid

    def line(self) -> str:
        """Return the line the cursor is on, without trailing blanks."""
        return self._pyte.display[self._pyte.cursor.y].rstrip()

    def press(self, keys: str | bytes) -> None:
        """Write *keys* to the program in one write, as a keyboard would."""
        data = keys.encode() if isinstance(keys, str) else keys
        while data:
            data = data[os.write(self._child.child_fd, data) :]

    def paste(self, text: str) -> None:
        """Paste *text* as terminals do: line ends as CR, in brackets where the program wants it."""
        data = text.replace("\n", "\r")
        self.press(f"\x1b[200~{data}\x1b[201~" if self.brackets_pastes else data)

    @property
    def brackets_pastes(self) -> bool:
        """Whether the program asked for bracketed paste."""
        return _BRACKETED_PASTE in self._pyte.mode

    def resize(self, rows: int, columns: int) -> None:
        """Give the window another size; the program gets SIGWINCH."""
        self._pyte.resize(rows, columns)
        self._child.setwinsize(rows, columns)

    def until(self, condition: Condition, timeout_s: float = 10) -> None:
        """Return as soon as the screen holds the text *condition*, or *condition(self)* is true.

        Raises:
            AssertionError: it did not happen within *timeout_s*; the message holds the screen.
        """
        deadline_s = time.monotonic() + timeout_s
        while not self._holds(condition):
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                raise AssertionError(self._failure(condition, timeout_s))
            # Short slices: a condition may look at something else than the screen.
            self.read(min(left_s, 0.05))

    def until_line(self, text: str, timeout_s: float = 10) -> None:
        """Return as soon as the cursor's line is *text*, trailing blanks aside."""
        self.until(_Line(text.rstrip()), timeout_s)

    def read(self, timeout_s: float) -> bool:
        """Put on the screen what the program writes next; return whether it wrote anything."""
        if not select.select([self._child.child_fd], [], [], timeout_s)[0]:
            return False
        try:
            data = os.read(self._child.child_fd, 65_536)
        except OSError:  # EIO: the program has gone, and the slave side with it
            data = b""
        if not data:
            time.sleep(timeout_s)  # a pty whose program has gone is always readable
            return False
        self.transcript += data
        self._feed(data)
        return True

    def close(self) -> None:
        """Hang up, and kill the program if it does not go by itself."""
        for number in (signal.SIGHUP, signal.SIGCONT, signal.SIGKILL):
            if self._child.isalive():
                self._child.kill(number)
        self._child.wait()
        self._child.close(force=True)

    def _feed(self, data: bytes) -> None:
        data = _STRINGS.sub(b"", self._held + data)
        start = _UNFINISHED.search(data)
        keep = start.start() if start else len(data)
        data, self._held = data[:keep], data[keep:]
        self._stream.feed(_UNKNOWN_CSI.sub(b"", data))

    def _holds(self, condition: Condition) -> bool:
        if isinstance(condition, str):
            return condition in self.screen
        return bool(condition(self))

    def _failure(self, condition: Condition, timeout_s: float) -> str:
        row, column = self.cursor
        return (
            f"not within {timeout_s:g} s: {condition!r}; "
            f"cursor in row {row}, column {column} of this screen:\n>>>>\n{self.screen}\n<<<<"
        )
