"""Run a daemon without systemd: detached from the terminal, its log in a file that stays small."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from eidos.errors import EidosError
from eidos.log_file import open_log, set_aside
from eidosctl.place import Place

_MANAGER_VARIABLES: Final = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM"}
_CLOCK_AND_LEVEL: Final = re.compile(r"^\S+ (?:DEBUG|INFO|WARNING|ERROR|CRITICAL) +[\w.]+: ")


@dataclass(frozen=True, slots=True)
class Detached:
    """A daemon that was just started, and where in the log its lines begin."""

    process: subprocess.Popen[bytes]
    log: Path | None
    offset: int

    def exit_code(self) -> int | None:
        """Return how it ended, or None while it runs."""
        return self.process.poll()

    def last_line(self) -> str:
        """Return the last thing that it said, without clock and level, or "" for nothing."""
        if self.log is None:
            return ""
        try:
            with self.log.open("rb") as file:
                # The daemon has begun a new log since where there is less in it than there was.
                file.seek(self.offset if self.offset <= os.fstat(file.fileno()).st_size else 0)
                lines = file.read().decode(errors="replace").split("\n")
        except OSError:
            return ""
        said = [line.strip() for line in lines if line.strip()]
        return _message(said[-1]) if said else ""


def spawn(place: Place, program: Path | None = None, log_path: Path | None = None) -> Detached:
    """Start *program*, eidosd if none is named, in a session of its own; it logs to *log_path*.

    Raises:
        EidosError: the program is not there or cannot be started.
    """
    environ = _environment(place.environ)
    program, log_path = program or place.eidosd, log_path or place.log
    log, offset = _open_log(log_path)
    try:
        process = subprocess.Popen(
            [str(program)],
            env=environ,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log or subprocess.DEVNULL,
            stderr=log or subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as exc:
        message = f"cannot start {program}: {exc.strerror}; install Eidos again"
        raise EidosError(message) from exc
    finally:
        if log is not None:
            log.close()
    return Detached(process, log_path if log else None, offset)


def _message(line: str) -> str:
    with suppress(ValueError, KeyError, TypeError):  # where log_format is json
        return str(json.loads(line)["message"])
    return _CLOCK_AND_LEVEL.sub("", line)


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    # A terminal started by systemd hands these on; they are about another process than ours.
    return {name: value for name, value in environ.items() if name not in _MANAGER_VARIABLES}


def _open_log(path: Path) -> tuple[BinaryIO | None, int]:
    """Open the log for appending; a log that cannot be written must not stop the daemon."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        set_aside(path)
        log = os.fdopen(open_log(path), "ab", buffering=0)
    except OSError:
        return None, 0
    return log, path.stat().st_size
