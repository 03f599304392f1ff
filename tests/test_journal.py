"""The journal's own protocol: fields, priorities, and what happens where it does not listen."""

import logging
import os
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from eidos.journal import ENTRY_BYTES, Journal, is_journal


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    """A socket where the journal's would be."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(tmp_path / "socket"))
        bound.settimeout(10)
        yield bound


@pytest.fixture
def journal(listener: socket.socket) -> Iterator[Journal]:
    """What sends to it."""
    made = Journal(Path(listener.getsockname()))
    yield made
    made.close()


def record(message: str, level: int = logging.INFO, **fields: object) -> logging.LogRecord:
    """Return a record with *fields*."""
    made = logging.LogRecord("eidos.test", level, "/x/test.py", 42, message, None, None, "work")
    made.fields = fields
    return made


def read(listener: socket.socket) -> dict[str, str]:
    """Return the next message: each field is its name, 8 bytes of length, and so many bytes."""
    data, ancillary, *_ = listener.recvmsg(1 << 20, socket.CMSG_SPACE(4))
    if not data:  # what is too long for a datagram comes as a sealed file
        (descriptor,) = struct.unpack("i", ancillary[0][2])
        with os.fdopen(descriptor, "rb") as file:
            file.seek(0)
            data = file.read()
    fields: dict[str, str] = {}
    while data:
        name, _, data = data.partition(b"\n")
        (length,) = struct.unpack("<Q", data[:8])
        fields[name.decode()] = data[8 : 8 + length].decode()
        data = data[8 + length + 1 :]
    return fields


def test_a_record_becomes_fields(journal: Journal, listener: socket.socket) -> None:
    """Message, priority and place have the journal's names, our fields EIDOS_ in front."""
    journal.write(record("two\nlines", logging.ERROR, request_id="ab-1", phase_queue_ms=1.25))

    assert read(listener) == {
        "MESSAGE": "eidos.test: two\nlines",
        "PRIORITY": "3",
        "SYSLOG_IDENTIFIER": "eidosd",
        "CODE_FILE": "/x/test.py",
        "CODE_LINE": "42",
        "CODE_FUNC": "work",
        "EIDOS_REQUEST_ID": "ab-1",
        "EIDOS_PHASE_QUEUE_MS": "1.25",
    }


def test_a_message_cannot_make_fields(journal: Journal, listener: socket.socket) -> None:
    """Line breaks and bytes that are no UTF-8 stay inside their field."""
    journal.write(record("x\nPRIORITY=0\nNAME\n\udcff", outcome="a\nPRIORITY=1"))

    fields = read(listener)
    assert fields["MESSAGE"] == "eidos.test: x\nPRIORITY=0\nNAME\n\\udcff"
    assert fields["EIDOS_OUTCOME"] == "a\nPRIORITY=1"
    assert fields["PRIORITY"] == "6"


def test_what_it_costs_is_told(journal: Journal) -> None:
    """The bytes that the budget is charged are those of the fields and of the journal's own."""
    cost = journal.write(record("x" * 1000))

    assert ENTRY_BYTES + 1000 < cost < ENTRY_BYTES + 1200


def test_a_long_message_arrives(journal: Journal, listener: socket.socket) -> None:
    """What no datagram can hold goes as a file; messages themselves are cut at 8,192 characters."""
    journal.write(record("x" * 10_000, verdicts="y" * 500_000))

    assert len(read(listener)["EIDOS_VERDICTS"]) == 500_000


def test_a_journal_that_was_restarted_gets_what_follows(tmp_path: Path) -> None:
    """The socket is found by its name each time: a new one at the same place is used at once."""
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as first:
        first.bind(str(path))
        journal = Journal(path)
        path.unlink()
    with pytest.raises(OSError, match="No such file"):
        journal.write(record("lost"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as second:
        second.bind(str(path))
        journal.write(record("kept"))

        assert read(second)["MESSAGE"] == "eidos.test: kept"
    journal.close()


def test_a_journal_that_takes_nothing_is_not_waited_for(
    journal: Journal, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After one wait records fail at once for a while: no request waits behind the log."""
    monkeypatch.setattr("eidos.journal._PAUSE_S", 1000.0)

    def fill() -> None:
        for _ in range(10_000):
            journal.write(record("x" * 1000))

    with pytest.raises(TimeoutError):
        fill()
    read(listener)  # now there would be room

    with pytest.raises(TimeoutError):
        journal.write(record("x"))


def test_no_socket_is_an_error(tmp_path: Path) -> None:
    """Where the journal's socket is not to be seen, its caller knows before anything is lost."""
    with pytest.raises(FileNotFoundError):
        Journal(tmp_path / "socket")


def test_stderr_is_the_journal_only_where_it_is_the_same_file() -> None:
    """JOURNAL_STREAM has to name the very file behind the descriptor."""
    reader, writer = os.pipe()
    info = os.fstat(writer)

    assert is_journal(writer, {"JOURNAL_STREAM": f"{info.st_dev}:{info.st_ino}"})
    assert not is_journal(writer, {"JOURNAL_STREAM": f"{info.st_dev}:{info.st_ino + 1}"})
    assert not is_journal(writer, {})
    os.close(reader)
    os.close(writer)
    assert not is_journal(writer, {"JOURNAL_STREAM": f"{info.st_dev}:{info.st_ino}"})


def test_the_library_is_loaded_under_systemd_alone() -> None:
    """Who logs to a terminal or a file does not pay for the journal's library."""
    import subprocess

    program = (
        "import sys, eidos.logs; eidos.logs.configure_logging('info', {});"
        "print('logging_journald' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert result.stdout == "False\n"
