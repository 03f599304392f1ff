"""The real daemon with the real model: answers, refusals, start and stop."""

import signal
import socket
import stat
import threading
from pathlib import Path

import pytest
from real_daemon import EXAMPLE, EXAMPLE_COMMAND, RealDaemon, until

from eidos import __version__
from eidos.client import ask, is_listening, ping
from eidos.errors import DaemonUnavailable
from eidos.model_files import SUMS
from eidos.protocol import ErrorCode, Failure, Level, Shell, Suggestions, SuggestRequest
from eidos.resources import model_dir

pytestmark = pytest.mark.model


@pytest.mark.parametrize("shell", Shell)
def test_a_request_gets_the_command_that_does_it(running: RealDaemon, shell: Shell) -> None:
    """The example of the README is answered correctly for every shell."""
    reply = running.ask(EXAMPLE, shell=shell)

    assert isinstance(reply, Suggestions)
    assert [c.command for c in reply.candidates] == [EXAMPLE_COMMAND]
    assert reply.candidates[0].verdict is Level.OK
    assert 0.5 < reply.candidates[0].score <= 1
    assert reply.total_ms > 0


def test_several_candidates_are_distinct_and_the_best_is_first(running: RealDaemon) -> None:
    """Asking for more keeps the first answer, and never repeats one."""
    reply = running.ask("kill the process on port 8080", count=4)

    assert isinstance(reply, Suggestions)
    commands = [c.command for c in reply.candidates]
    assert commands[0] == "sudo fuser -k 8080/tcp"
    assert len(set(commands)) == len(commands) > 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", ErrorCode.EMPTY),
        (" \t\n", ErrorCode.EMPTY),
        ("x" * 1001, ErrorCode.TOO_LONG),
        ("list \x00 files", ErrorCode.CONTROL_CHARACTER),
        ("list \x1b[31m files", ErrorCode.CONTROL_CHARACTER),
    ],
    ids=["empty", "blank", "1001 characters", "NUL", "escape"],
)
def test_bad_text_is_refused_and_the_next_request_works(
    running: RealDaemon, text: str, code: ErrorCode
) -> None:
    """A request that cannot be asked gets its error; nothing else changes."""
    reply = running.ask(text)

    assert isinstance(reply, Failure)
    assert reply.code is code
    assert isinstance(running.ask("show disk usage"), Suggestions)


def test_a_thousand_characters_are_answered(running: RealDaemon) -> None:
    """The longest allowed request is served, even where the answer is of little use."""
    reply = running.ask(("show disk usage of my home folder and " * 30)[:1000])

    assert isinstance(reply, Suggestions)


def test_who_waits_for_each_answer_is_never_told_to_ask_less(stopped: RealDaemon) -> None:
    """`eidosctl suggest` asks for the lines of a file one by one, many of them kept answers."""
    stopped.start(EIDOS_RATE_LIMIT_PER_S="1").until_loaded()

    replies = [stopped.ask(EXAMPLE) for _ in range(6)]

    assert all(isinstance(reply, Suggestions) for reply in replies)


def test_ping_is_answered_with_the_version(running: RealDaemon) -> None:
    """A client can tell that the daemon lives, and which version it is."""
    assert ping(running.socket).version == __version__


def test_status_tells_what_a_person_asks(running: RealDaemon) -> None:
    """Process ids, model, memory, counts, percentiles, queue and socket are all there."""
    before = running.status()
    running.ask("show disk usage")
    running.ask("")

    after = running.status()

    assert running.process is not None
    assert after["pid"] == running.process.pid
    assert Path(f"/proc/{after['engines'][0]['pid']}").exists()
    assert after["model"]["name"] == "eidos-135m (embedded)"
    assert after["model"]["sha256"] in (model_dir() / SUMS).read_text()
    assert after["socket"] == str(running.socket)
    assert after["version"] == __version__
    assert after["requests"]["ok"] == before["requests"]["ok"] + 1
    assert after["requests"]["failed"] == before["requests"]["failed"] + 1
    assert after["requests"]["errors"]["empty"] >= 1
    assert 0 < after["latency_ms"]["p50"] <= after["latency_ms"]["p99"]
    assert after["queue"] == {"length": 0, "size": 32}
    assert after["engines"][0]["rss_bytes"] > after["rss_bytes"] > 10_000_000


def test_the_socket_is_for_its_owner_only(running: RealDaemon) -> None:
    """Folder 0700, socket 0600."""
    assert stat.S_IMODE(running.socket.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(running.socket.stat().st_mode) == 0o600


def test_a_request_sent_while_the_model_loads_is_answered(stopped: RealDaemon) -> None:
    """The socket is there before the model: the first key press waits, and gets its command."""
    stopped.start()
    until(lambda: is_listening(stopped.socket), log=lambda: stopped.log)

    reply = stopped.ask(EXAMPLE)

    assert isinstance(reply, Suggestions)
    assert reply.candidates[0].command == EXAMPLE_COMMAND


def test_a_second_daemon_says_so_and_ends(own: RealDaemon) -> None:
    """The second one exits with 5 and names the first, which goes on answering."""
    second = RealDaemon(own.environ).start()

    assert second.wait() == 5
    assert own.process is not None
    assert f"eidosd runs already (pid {own.process.pid})" in own.log
    assert isinstance(own.ask("show disk usage"), Suggestions)


def test_of_many_daemons_started_at_once_one_serves(stopped: RealDaemon) -> None:
    """However many are started, exactly one serves and the others say why they end."""
    racers = [RealDaemon(stopped.environ).start() for _ in range(8)]

    def ended() -> list[int]:
        codes = [racer.process.poll() for racer in racers if racer.process]
        return [code for code in codes if code is not None]

    until(lambda: len(ended()) == 7, log=lambda: stopped.log)

    assert ended() == [5] * 7
    assert isinstance(stopped.ask("show disk usage"), Suggestions)
    for racer in racers:
        racer.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_answers_what_is_under_way_and_leaves_nothing(
    own: RealDaemon, number: signal.Signals
) -> None:
    """Requests under way get their answers, later ones an error; then socket and engine go."""
    replies: list[object] = []
    engine_pid = own.status()["engines"][0]["pid"]
    worker = threading.Thread(target=lambda: replies.append(own.ask(EXAMPLE, count=8)))
    worker.start()
    until(lambda: own.status()["engines"][0]["state"] == "busy", log=lambda: own.log)

    own.signal(number)

    assert own.wait() == 0
    worker.join()
    assert isinstance(replies[0], Suggestions)
    assert not own.socket.exists()
    assert not Path(f"/proc/{engine_pid}").exists()
    with pytest.raises(DaemonUnavailable, match="eidosctl start"):
        own.ask("show disk usage")


def test_a_killed_daemon_is_replaced_and_its_engine_ends(own: RealDaemon) -> None:
    """After kill -9 the engine goes too, and the next daemon takes over the stale socket."""
    engine_pid = own.status()["engines"][0]["pid"]
    own.signal(signal.SIGKILL)
    own.wait()
    assert own.socket.exists()

    own.start().until_loaded()

    assert isinstance(own.ask("show disk usage"), Suggestions)
    until(lambda: not Path(f"/proc/{engine_pid}").exists(), log=lambda: own.log)


def test_requests_and_commands_are_not_logged(own: RealDaemon) -> None:
    """At the default level neither the text of a request nor a command reaches the log."""
    own.ask("count lines in canary-7f3a.txt")
    own.ask("canary-7f3a" * 200)
    own.ask("canary-7f3a \x00")
    own.stop()

    assert "canary" not in own.log
    assert "wc -l" not in own.log
    assert "request=test error=too-long" in own.log


def test_texts_appear_at_debug_level_only_with_their_id(stopped: RealDaemon) -> None:
    """Who wants to see requests sets log_level=debug; every line names the request."""
    stopped.start(EIDOS_LOG_LEVEL="debug").until_loaded()
    stopped.ask("count lines in canary-7f3a.txt")
    stopped.stop()

    lines = [line for line in stopped.log.splitlines() if "canary" in line]
    assert lines
    assert all("request=test" in line for line in lines)


def test_under_systemd_log_lines_carry_priorities(stopped: RealDaemon) -> None:
    """With JOURNAL_STREAM set, lines begin with <N> and leave the time to the journal."""
    log = stopped.log_file
    log.touch()
    stream = f"{log.stat().st_dev}:{log.stat().st_ino}"
    stopped.start(JOURNAL_STREAM=stream, EIDOS_LOG_FORMAT="plain").until_loaded()
    stopped.stop()

    assert stopped.log.splitlines()
    assert all(line.startswith(("<6>", "<4>")) for line in stopped.log.splitlines())


def test_another_model_can_be_named_and_a_wrong_one_is_refused(stopped: RealDaemon) -> None:
    """EIDOS_MODEL_PATH to nowhere ends the daemon with 78 and the name of the file."""
    stopped.start(EIDOS_MODEL_PATH="/nowhere/model.onnx")

    assert stopped.wait() == 78
    assert "there is no file /nowhere/model.onnx; set EIDOS_MODEL_PATH" in stopped.log
    assert not stopped.socket.exists()


def test_a_wrong_configuration_is_refused(stopped: RealDaemon) -> None:
    """A bad value in the file ends the daemon with 78, key, value and allowed values."""
    path = Path(stopped.environ["XDG_CONFIG_HOME"], "eidos", "config.toml")
    path.parent.mkdir()
    path.write_text("threads = 900\n")
    stopped.start()

    assert stopped.wait() == 78
    assert "threads = 900 is not allowed; it must be a whole number from 1 to 64" in stopped.log


def test_the_daemon_reports_to_the_service_manager(stopped: RealDaemon, tmp_path: Path) -> None:
    """READY=1 and a status when the model is loaded, WATCHDOG=1 in time, STOPPING=1 at the end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        stopped.start(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="3000000")
        first = manager.recv(1000).decode()
        second = manager.recv(1000).decode()
        stopped.signal(signal.SIGTERM)
        rest = [manager.recv(1000).decode()]
        while "STOPPING=1" not in rest[-1]:
            rest.append(manager.recv(1000).decode())

    assert "READY=1" in first
    assert "STATUS=serving eidos-135m" in first
    assert second == "WATCHDOG=1"
    assert stopped.wait() == 0


def test_replies_are_for_the_request_that_was_asked(running: RealDaemon) -> None:
    """Many clients at once: each gets the answer to its own question."""
    names = [f"file{i}.txt" for i in range(6)]
    replies: dict[str, object] = {}

    def one(name: str) -> None:
        request = SuggestRequest(
            id=name, shell=Shell.ZSH, count=1, text=f"count the lines in {name}"
        )
        replies[name] = ask(request, socket=running.socket, timeout_s=60)

    threads = [threading.Thread(target=one, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for name in names:
        reply = replies[name]
        assert isinstance(reply, Suggestions)
        assert reply.id == name
        assert reply.candidates[0].command == f"wc -l {name}"
