"""Logging to stderr: with journal priorities under systemd, with a clock elsewhere.

Request texts and commands are logged at debug level only; a test greps for them.
"""

import logging
import sys
from collections.abc import Mapping
from typing import Final

# sd-daemon(3): a line that starts with <N> is stored by the journal with that priority.
_PRIORITIES: Final = {
    logging.DEBUG: 7,
    logging.INFO: 6,
    logging.WARNING: 4,
    logging.ERROR: 3,
    logging.CRITICAL: 2,
}


class _JournalFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        prefix = f"<{_PRIORITIES.get(record.levelno, 6)}>"
        return "\n".join(prefix + line for line in text.splitlines())


def configure_logging(level: str, environ: Mapping[str, str]) -> None:
    """Send every record of *level* and above to stderr, in the form its reader expects."""
    handler = logging.StreamHandler(sys.stderr)
    if "JOURNAL_STREAM" in environ:
        handler.setFormatter(_JournalFormatter("%(name)s: %(message)s"))
    else:
        form = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
        handler.setFormatter(logging.Formatter(form, "%Y-%m-%dT%H:%M:%S%z"))
    # A full disk must not turn every log line into a traceback on the same full disk.
    logging.raiseExceptions = False
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
