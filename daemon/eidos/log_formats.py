"""A record of the log as a line: for people, for the journal, as JSON, or as the journal's fields.

A record may have `fields`, by `extra={"fields": {...}}`: what a program wants to know of it in
other words than those of the message. Nothing in them was typed by anybody.
"""

import logging
import time
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from eidos.errors import EidosError

# sd-daemon(3): a line that starts with <N> is stored by the journal with that priority.
_PRIORITIES: Final = {
    logging.DEBUG: 7,
    logging.INFO: 6,
    logging.WARNING: 4,
    logging.ERROR: 3,
    logging.CRITICAL: 2,
}
_MAX_MESSAGE_CHARS: Final = 8192
_CUT: Final = " […]"
_MOST_CAUSES: Final = 5

LineForm = Callable[[logging.LogRecord], bytes]


def plain_line(record: logging.LogRecord) -> bytes:
    """Return *record* for a terminal or a file: with clock and level."""
    clock = time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(record.created))
    return _encoded(f"{clock} {record.levelname:<7} {record.name}: {_whole(record)}\n")


def journal_line(record: logging.LogRecord) -> bytes:
    """Return *record* for the journal's end of stderr: with a priority on each of its lines."""
    prefix = f"<{_priority(record)}>"
    lines = f"{record.name}: {_whole(record)}".splitlines()
    return _encoded("".join(f"{prefix}{line}\n" for line in lines))


def json_line(record: logging.LogRecord) -> bytes:
    """Return *record* as one JSON object."""
    row: dict[str, object] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": _message(record),
        **_fields(record),
    }
    if record.exc_info:
        row["traceback"] = _cut(_traceback(record))
    return msgspec.json.encode(_sound(row)) + b"\n"


def journal_json_line(record: logging.LogRecord) -> bytes:
    """Return *record* as JSON behind a priority, which the journal takes off."""
    return b"<%d>" % _priority(record) + json_line(record)


def journal_fields(record: logging.LogRecord, identifier: str) -> list[tuple[str, bytes]]:
    """Return *record* as systemd.journal-fields(7), ours with EIDOS_ in front."""
    pairs = {
        "MESSAGE": f"{record.name}: {_whole(record)}",
        "PRIORITY": _priority(record),
        "SYSLOG_IDENTIFIER": identifier,
        "CODE_FILE": record.pathname,
        "CODE_LINE": record.lineno,
        "CODE_FUNC": record.funcName,
        **{f"EIDOS_{name.upper()}": value for name, value in _fields(record).items()},
    }
    return [(name, _encoded(str(value))) for name, value in pairs.items()]


def _priority(record: logging.LogRecord) -> int:
    return _PRIORITIES.get(record.levelno, 6)


def _fields(record: logging.LogRecord) -> Mapping[str, object]:
    return getattr(record, "fields", {})


def _message(record: logging.LogRecord) -> str:
    return _cut(record.getMessage())


def _whole(record: logging.LogRecord) -> str:
    """Return the message with the traceback, where there is one."""
    message = _message(record)
    return f"{message}\n{_cut(_traceback(record))}" if record.exc_info else message


def _traceback(record: logging.LogRecord) -> str:
    """Return where an error came from, and at debug what it says: that may quote what was typed."""
    _, error, _ = record.exc_info or (None, None, None)
    if error is None or logging.getLogger().isEnabledFor(logging.DEBUG):
        return "".join(traceback.format_exception(error)).rstrip("\n")
    parts = list[str]()
    while error is not None and len(parts) < _MOST_CAUSES:
        places = "".join(traceback.format_tb(error.__traceback__))
        parts.append(f"Traceback (most recent call last):\n{places}{_kind(error)}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\nand then:\n\n".join(reversed(parts))


def _kind(error: BaseException) -> str:
    name = type(error).__name__
    if isinstance(error, EidosError):
        return f"{name}: {error}"  # ours quote nothing
    return f"{name}: {error.strerror}" if isinstance(error, OSError) else name


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_MESSAGE_CHARS else text[:_MAX_MESSAGE_CHARS] + _CUT


def _encoded(text: str) -> bytes:
    return text.encode(errors="backslashreplace")  # a folder's name may have surrogates


def _sound(row: Mapping[str, object]) -> dict[str, object]:
    return {
        name: _encoded(value).decode() if isinstance(value, str) else value
        for name, value in row.items()
    }
