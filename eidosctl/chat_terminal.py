"""The terminal of a chat: lines that are typed, what is typed meanwhile, and signals."""

import contextlib
import signal
import sys
import termios
from collections.abc import Generator, Iterator, Sequence
from types import FrameType

import click


def typed_lines(prompt: str, history: Sequence[str] = ()) -> Iterator[str]:
    """Yield what is typed at the terminal, with line editing, until Ctrl-D.

    *history* and what was typed come back by the arrow keys. A paste of several lines is one text.
    """
    import readline

    readline.parse_and_bind("set enable-bracketed-paste on")
    readline.parse_and_bind("tab: self-insert")
    for text in history:
        readline.add_history(text)
    while True:
        try:
            yield input(prompt)
        except EOFError:
            click.echo()
            return
        except KeyboardInterrupt:
            is_empty = not readline.get_line_buffer()
            click.echo("\n(Ctrl-D leaves, /help says what there is)" if is_empty else "")


@contextlib.contextmanager
def ending_orderly() -> Generator[None]:
    """Have SIGHUP and SIGTERM end the program as an exception does, which cleans up."""

    def end(number: int, _frame: FrameType | None) -> None:
        for each in kinds:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    kinds = (signal.SIGHUP, signal.SIGTERM)
    before = [signal.signal(kind, end) for kind in kinds]
    try:
        yield
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


@contextlib.contextmanager
def undisturbed() -> Generator[None]:
    """Hold signals back for as long as something is written."""
    kinds = {signal.SIGHUP, signal.SIGTERM, signal.SIGINT}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, kinds)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def without_echo() -> Generator[None]:
    """Keep what is typed meanwhile off the screen; it stands at the next prompt."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    quiet = list(before)
    # Ctrl-C would throw away what was typed so far, too.
    quiet[3] = (quiet[3] & ~termios.ECHO) | termios.NOFLSH
    termios.tcsetattr(sys.stdin, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
