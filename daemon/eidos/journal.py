"""The journal's own socket; the only module that imports `logging_journald`.

Through stderr the journal gets lines; through its socket, lines with fields, by which one can
search: journalctl EIDOS_OUTCOME=deadline.
"""

import logging
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from eidos.log_formats import journal_fields

SOCKET: Final = Path("/run/systemd/journal/socket")
_IDENTIFIER: Final = "eidosd"
_SEND_TIMEOUT_S: Final = 0.1
_PAUSE_S: Final = 1.0
"""A journal that takes nothing is not waited for again so long: requests would wait behind it."""
ENTRY_BYTES: Final = 900
"""What the journal itself adds to a line; 790 were measured with request lines (docs/logs.md)."""


def is_journal(descriptor: int, environ: Mapping[str, str]) -> bool:
    """Tell whether *descriptor* leads to the journal, as sd-journal's documentation asks it.

    JOURNAL_STREAM alone says nothing: programs hand it on to others whose stderr is elsewhere.
    """
    with suppress(OSError):
        info = os.fstat(descriptor)
        return environ.get("JOURNAL_STREAM") == f"{info.st_dev}:{info.st_ino}"
    return False


class Journal:
    """A connection to the journal's socket."""

    def __init__(self, socket: Path) -> None:
        """Make ready to send to *socket*.

        Raises:
            OSError: there is no such socket.
        """
        from logging_journald import JournaldTransport

        socket.stat()
        # Not connected: the journal may be restarted, with a new socket at the same place.
        self._transport = JournaldTransport(socket, connected=False)
        self._transport.socket.settimeout(_SEND_TIMEOUT_S)
        self._paused_until_s = 0.0

    def write(self, record: logging.LogRecord) -> int:
        """Send *record*, and return about how many bytes the journal makes of it.

        Raises:
            OSError: the journal does not take it.
        """
        if time.monotonic() < self._paused_until_s:
            raise TimeoutError
        pairs = journal_fields(record, _IDENTIFIER)
        try:
            self._transport.send(pairs)
        except TimeoutError:
            self._paused_until_s = time.monotonic() + _PAUSE_S
            raise
        return sum(len(name) + len(value) for name, value in pairs) + ENTRY_BYTES

    def close(self) -> None:
        """Close the connection."""
        self._transport.socket.close()
