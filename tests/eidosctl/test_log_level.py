"""`eidosctl log-level`, and what `eidosctl start` makes of a log in JSON."""

from pathlib import Path

import pytest
from home import Home

from eidos import client
from eidos.errors import ProtocolError
from eidos.protocol import ErrorCode, Failure, LogLevel, Pong, Reply, Request
from eidosctl.log_level import set_log_level

pytestmark = pytest.mark.model


def lines_of(home: Home, command: str) -> list[str]:
    """Return the lines of the log about requests of the kind *command*."""
    return [line for line in home.place.log.read_text().splitlines() if f" {command} ok" in line]


def test_the_level_lasts_until_the_configuration_is_read_again(home: Home) -> None:
    """A level is set at once, without a restart, and `reload` brings back the configuration's."""
    home.ok("start")
    home.ok("status")
    assert lines_of(home, "status") == []

    said = home.ok("log-level", "debug")
    home.ok("status")
    assert "logs from debug on" in said
    assert len(lines_of(home, "status")) == 1

    home.ok("reload")
    home.ok("status")
    assert len(lines_of(home, "status")) == 1


def test_a_level_that_is_none_is_wrong_usage(home: Home) -> None:
    """Which there are is in the message."""
    result = home.run("log-level", "loud")

    assert result.returncode == 2
    assert "warning" in result.stderr


def test_without_a_daemon_there_is_no_level(home: Home) -> None:
    """Nobody to tell: exit code 3, and what starts one."""
    result = home.run("log-level", "debug")

    assert result.returncode == 3
    assert "eidosctl start" in result.stderr


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Failure("x", ErrorCode.BAD_MESSAGE, "unknown request 'level'"), "unknown request"),
        (Pong("x", "1.0"), "is not eidosd"),
    ],
)
def test_a_daemon_that_cannot_says_so(
    home: Home, monkeypatch: pytest.MonkeyPatch, reply: Failure | Pong, reason: str
) -> None:
    """An older daemon, or another program, is named, with what to do."""

    def ask(request: Request, *, socket: Path, timeout_s: float) -> Reply:
        del request, socket, timeout_s
        return reply

    monkeypatch.setattr(client, "ask", ask)

    with pytest.raises(ProtocolError, match=rf"{reason}.*eidosctl restart"):
        set_log_level(home.place, LogLevel.DEBUG)


def test_start_reads_a_log_in_json(home: Home) -> None:
    """A daemon that cannot start is quoted in words, whatever the form of its log."""
    model = str(home.root / "missing.onnx")
    result = home.run("start", EIDOS_LOG_FORMAT="json", EIDOS_MODEL_PATH=model)

    assert result.returncode == 78
    assert "missing.onnx" in result.stderr
    assert '{"' not in result.stderr
