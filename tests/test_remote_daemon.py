"""A real daemon with a remote engine: what it says of it, and that nothing else changes."""

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from openai_server import OpenAiServer, openai_server, writes
from real_daemon import EIDOSD, RealDaemon, private_folders, real_daemon, until

from eidos.protocol import ErrorCode, Failure, Level, Suggestions

KEY = "sk-a-secret-of-the-team"
REQUEST = "weigh the zebra-striped folders"


@dataclass(frozen=True)
class Team:
    """A daemon and the server that it asks."""

    daemon: RealDaemon
    server: OpenAiServer


@pytest.fixture(scope="module")
def running_team() -> Iterator[Team]:
    """A daemon with nothing but two settings of its own."""
    with (
        openai_server() as server,
        real_daemon(EIDOS_REMOTE_URL=f"{server.url}/v1", EIDOS_REMOTE_KEY=KEY) as daemon,
    ):
        yield Team(daemon, server)


@pytest.fixture
def team(running_team: Team) -> Team:
    """The daemon and the server, which knows nothing of earlier tests."""
    running_team.server.reset(writes("ls", -0.1))
    return running_team


def test_an_answer_of_the_server_is_offered(team: Team) -> None:
    """A request goes to the server, and its command comes back, ranked like any other."""
    team.server.default = writes("du -sh zebra*", -0.01, -0.01)

    reply = team.daemon.ask(REQUEST)

    assert isinstance(reply, Suggestions)
    assert reply.candidates[0].command == "du -sh zebra*"
    assert REQUEST in team.server.payloads[0]["prompt"]


def test_what_a_server_writes_is_judged(team: Team) -> None:
    """The validator does not care who wrote a command."""
    team.server.default = writes("rm -rf --no-preserve-root /", -0.01)

    reply = team.daemon.ask("tidy up the zebra")

    assert isinstance(reply, Suggestions)
    dangerous = [each for each in reply.candidates if "no-preserve" in each.command]
    assert [each.verdict for each in dangerous] == [Level.BLOCK]


def test_a_failure_is_told_to_who_asked(team: Team) -> None:
    """The client learns which server failed and what to do; the daemon goes on."""
    team.server.default = lambda handler: handler.reply(b"", status=401)

    reply = team.daemon.ask("fail this zebra")

    assert isinstance(reply, Failure)
    assert reply.code == ErrorCode.ENGINE
    assert reply.message.startswith(f"{team.server.url} answered with HTTP 401")
    team.server.default = writes("ls", -0.1)
    assert isinstance(team.daemon.ask("fail this zebra no more"), Suggestions)


def test_it_says_where_texts_go(team: Team) -> None:
    """One warning in the log names the host; the status has the address."""
    host = team.server.url.removeprefix("http://")

    assert team.daemon.log.count(f"goes to another server, on this machine: {host}") == 1
    assert team.daemon.status()["model"]["path"] == team.server.url
    assert team.server.url in _printed(team.daemon, "status")


def test_the_key_is_shown_nowhere(team: Team) -> None:
    """Neither log, status, settings nor the arguments of a process have it."""
    team.daemon.ask(REQUEST)
    shown = [team.daemon.log, *(_printed(team.daemon, *words) for words in
             (("status",), ("status", "--json"), ("config", "show")))]  # fmt: skip

    assert team.daemon.process is not None
    shown += [_arguments(pid) for pid in _family(team.daemon.process.pid)]
    assert "eidos.remote_engine" in "".join(shown)
    assert KEY not in "".join(shown)
    assert "zebra" not in "".join(shown)


def test_an_engine_that_dies_is_replaced(team: Team) -> None:
    """It is an engine process like the other: a new one takes its place, unannounced."""
    assert team.daemon.process is not None
    pid = team.daemon.process.pid
    (engine,) = _family(pid)[1:]

    os.kill(engine, signal.SIGKILL)

    until(lambda: _family(pid)[1:] not in ([], [engine]), log=lambda: team.daemon.log)
    assert isinstance(team.daemon.ask("ask another zebra"), Suggestions)
    assert team.daemon.log.count("goes to another server") == 1


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"EIDOS_REMOTE_URL": "http://example.org"}, "use https"),
        ({"EIDOS_REMOTE_URL": "https://example.org", "EIDOS_REMOTE_KEY": "two words"}, "no key"),
        ({"EIDOS_REMOTE_URL": "https://example.org", "EIDOS_REMOTE_KIND": "other"}, "one of"),
        ({"EIDOS_REMOTE_URL": "https://example.org", "EIDOS_REMOTE_TIMEOUT_S": "30"}, "less than"),
    ],
    ids=["clear", "key", "kind", "timeout"],
)
def test_a_wrong_setting_stops_the_daemon(variables: dict[str, str], words: str) -> None:
    """It ends with the code of a configuration error, and the message says what is allowed."""
    with private_folders() as environ:
        result = subprocess.run(
            [EIDOSD], env={**environ, **variables}, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip

    assert result.returncode == 78
    assert words in result.stderr
    assert "two words" not in result.stderr


def _printed(daemon: RealDaemon, *words: str) -> str:
    return subprocess.run(
        [daemon.eidosctl, *words], env=daemon.environ, capture_output=True, text=True, check=True
    ).stdout


def _family(pid: int) -> list[int]:
    """Return *pid* and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def _arguments(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
