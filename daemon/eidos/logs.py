"""Logging: to the journal with fields, to a terminal or a file with a clock, or as JSON.

At most a given number of bytes a day is written, whatever happens. Request texts and commands are
logged at debug level only; a test greps for them. docs/logs.md describes it all.
"""

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, Literal, Protocol

from eidos import journal
from eidos.log_budget import ByteBudget
from eidos.log_file import LogFile
from eidos.log_formats import (
    LineForm,
    journal_json_line,
    journal_line,
    json_line,
    plain_line,
)
from eidos.paths import state_dir

LogFormat = Literal["auto", "plain", "json"]

_STDERR: Final = 2
_MEGABYTE: Final = 1_000_000
_ENGINES_SHARE: Final = 0.2
"""What all engines together may log of a day's bytes: they log their faults and nothing else."""


class Sink(Protocol):
    """Where lines go."""

    def write(self, record: logging.LogRecord) -> int:
        """Write *record* and return how many bytes that took; OSError where it cannot be."""
        ...

    def close(self) -> None:
        """Give back what it holds; nothing is written after."""
        ...


class _Stderr:
    """Lines on stderr, each record in one call: no other process's line gets into it."""

    def __init__(self, form: LineForm) -> None:
        self._form = form
        self.file = LogFile.behind(_STDERR, state_dir())

    def write(self, record: logging.LogRecord) -> int:
        if self.file is not None:
            self.file.follow()
        return os.write(_STDERR, self._form(record))

    def close(self) -> None:
        """Leave stderr open: it is not ours."""


class _Journal:
    """The journal's socket, and stderr where that does not take a line."""

    def __init__(self, socket: journal.Journal, stderr: Sink) -> None:
        self._socket = socket
        self._stderr = stderr

    def write(self, record: logging.LogRecord) -> int:
        try:
            return self._socket.write(record)
        except TimeoutError:
            raise  # a journal that takes nothing takes nothing from stderr either
        except OSError:
            return self._stderr.write(record)

    def close(self) -> None:
        self._socket.close()


class LimitedHandler(logging.Handler):
    """Hands records to a sink as long as the budget lasts; errors have a share of their own."""

    def __init__(self, sink: Sink, budget: ByteBudget) -> None:
        super().__init__()
        self.sink = sink
        self.budget = budget

    def emit(self, record: logging.LogRecord) -> None:
        """Write *record*, or count it as dropped."""
        is_urgent = record.levelno >= logging.ERROR
        if self.budget.admits(is_urgent=is_urgent):
            self._write(record, is_urgent=is_urgent)
        if dropped := self.budget.due():
            self._write(_notice(dropped), is_urgent=True)

    def close(self) -> None:
        """Close the sink; nothing is logged by this handler after."""
        super().close()
        self.sink.close()

    def _write(self, record: logging.LogRecord, *, is_urgent: bool) -> None:
        try:
            line_bytes = self.sink.write(record)
        except OSError:  # a full disk must not turn each line into a traceback on the same disk
            self.budget.drop()
        except Exception:  # noqa: BLE001 - a line that cannot be formatted must not fail its request
            self.handleError(record)
        else:
            self.budget.spend(line_bytes, is_urgent=is_urgent)


def configure_logging(
    level: str,
    environ: Mapping[str, str],
    *,
    log_format: LogFormat = "auto",
    mb_per_day: float = 100.0,
) -> None:
    """Send every record of *level* and above to stderr, in the form its reader expects.

    May be called again, for instance when the configuration was read again: what has been used
    of the day's bytes stays used.
    """
    logging.raiseExceptions = False
    known = _handler()
    budget = known.budget if known else ByteBudget(mb_per_day * _MEGABYTE)
    budget.limit(mb_per_day * _MEGABYTE)
    handler = LimitedHandler(_sink(environ, log_format), budget)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def set_level(level: str) -> None:
    """Log every record of *level* and above in this process, until the next configure_logging.

    Raises:
        ValueError: there is no such level.
    """
    logging.getLogger().setLevel(level.upper())


def keep_small() -> None:
    """Begin a new log file if it is ours and has grown; to be called about once a minute."""
    handler = _handler()
    if handler is None or not isinstance(handler.sink, _Stderr) or handler.sink.file is None:
        return
    handler.acquire()
    try:
        handler.sink.file.keep_small()
    finally:
        handler.release()


def daemon_share(mb_per_day: float) -> float:
    """Return what the daemon itself may log of *mb_per_day*."""
    return (1 - _ENGINES_SHARE) * mb_per_day


def engine_share(mb_per_day: float, engines: int) -> float:
    """Return what each of *engines* may log of *mb_per_day*."""
    return _ENGINES_SHARE * mb_per_day / engines


def _sink(environ: Mapping[str, str], log_format: LogFormat) -> Sink:
    if not journal.is_journal(_STDERR, environ):
        return _Stderr(json_line if log_format == "json" else plain_line)
    stderr = _Stderr(journal_json_line if log_format == "json" else journal_line)
    if log_format == "auto":
        with suppress(OSError):  # no socket in this sandbox: lines with priorities will do
            return _Journal(journal.Journal(journal.SOCKET), stderr)
    return stderr


def _handler() -> LimitedHandler | None:
    handlers = logging.getLogger().handlers
    return next((each for each in handlers if isinstance(each, LimitedHandler)), None)


def _notice(dropped: int) -> logging.LogRecord:
    message = f"lines not logged: {dropped}; there were more than log_mb_per_day allows"
    record = logging.LogRecord(__name__, logging.WARNING, __file__, 0, message, None, None)
    record.fields = {"dropped": dropped}
    return record
