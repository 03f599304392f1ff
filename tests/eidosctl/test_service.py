"""Start, stop and restart of a real daemon with the real model, without systemd."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from answering import IDLE, AnsweringDaemon
from home import EIDOSCTL, Home

from eidos.log_file import MAX_LOG_BYTES
from eidosctl import service

pytestmark = pytest.mark.model
REQUEST = "find all files larger than 100 MB under /var/log"
COMMAND = "find /var/log -type f -size +100M\n"


def until(condition: Callable[[], Any], what: str) -> None:
    """Return when *condition* holds; fail with *what* when it does not come to hold."""
    deadline_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline_s, what
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """Whether the process *pid* is there and not a zombie."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_suggest_starts_a_daemon(home: Home) -> None:
    """With nothing running, the first suggestion comes all the same."""
    assert home.ok("suggest", REQUEST) == COMMAND

    assert service.listener_pid(home.place) is not None


def test_start_twice_is_start_once(home: Home) -> None:
    """A second start finds the first daemon and leaves it alone."""
    assert home.ok("start").startswith("eidosd started, pid ")
    pid = service.listener_pid(home.place)

    assert home.ok("start") == f"eidosd runs already, pid {pid}\n"


def test_stop_ends_daemon_and_engine_and_removes_the_socket(home: Home) -> None:
    """After stop nothing runs, and nobody finds a socket."""
    home.ok("start")
    body = json.loads(home.ok("status", "--json"))

    assert home.ok("stop") == "eidosd stopped\n"

    assert not home.place.socket.exists()
    until(lambda: not is_running(body["pid"]), "the daemon runs on")
    until(lambda: not is_running(body["engines"][0]["pid"]), "the engine runs on")
    assert home.ok("stop") == "no eidosd was running\n"


def test_restart_makes_a_new_daemon(home: Home) -> None:
    """After restart another process answers."""
    home.ok("start")
    before = service.listener_pid(home.place)

    home.ok("restart")

    assert service.listener_pid(home.place) not in {None, before}


def test_starts_at_the_same_time_make_one_daemon(home: Home) -> None:
    """Six shells that start the daemon at once all succeed, and get the same one."""
    starts = [
        subprocess.Popen([EIDOSCTL, "start"], env=home.environ, stdout=-1, stderr=-1)
        for _ in range(6)
    ]
    results = [start.communicate(timeout=90) for start in starts]

    assert [start.returncode for start in starts] == [0] * 6, results
    pids = {out.decode().split("pid ")[1] for out, _ in results}
    assert pids == {f"{service.listener_pid(home.place)}\n"}


def test_daemon_outlives_the_shell_that_started_it(home: Home) -> None:
    """It has a session of its own, so closing the terminal does not end it."""
    home.ok("start")
    pid = service.listener_pid(home.place)
    assert pid is not None

    assert os.getsid(pid) == pid
    assert Path(f"/proc/{pid}/fd/0").readlink() == Path("/dev/null")
    assert Path(f"/proc/{pid}/cwd").readlink() == Path("/")


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"EIDOS_THREADS": "0"}, "EIDOS_THREADS: threads = '0' is not allowed"),
        ({"EIDOS_MODEL_PATH": "/nowhere/model.onnx"}, "there is no file /nowhere/model.onnx"),
    ],
    ids=["config", "model"],
)
def test_daemon_that_cannot_start_says_why(home: Home, environ: dict[str, str], said: str) -> None:
    """The daemon's own reason is shown, with its exit code, and not a timeout."""
    for command in (["start"], ["suggest", REQUEST]):
        result = home.run(*command, **environ)

        assert result.returncode == 78
        assert result.stderr.startswith("eidosctl: ")
        assert said in result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_log_that_cannot_be_written_does_not_stop_the_daemon(home: Home) -> None:
    """A full or read-only disk for the log costs the log, not the daemon."""
    (home.root / "state" / "eidos").write_text("a file in the folder's place")

    assert home.ok("suggest", REQUEST) == COMMAND


def test_log_stays_small_and_private(home: Home) -> None:
    """A log that has grown is set aside at the next start; others cannot read it."""
    log = home.place.log
    log.parent.mkdir()
    log.write_bytes(b"x" * (MAX_LOG_BYTES + 1))

    home.ok("start")

    assert log.stat().st_size < MAX_LOG_BYTES
    assert log.stat().st_mode & 0o777 == 0o600
    assert log.with_name("eidosd.log.1").stat().st_size > MAX_LOG_BYTES


def test_logs_shows_the_log(home: Home) -> None:
    """Without systemd `logs` prints the file, which has no request in it."""
    home.ok("suggest", REQUEST)

    output = home.ok("logs")

    assert "listening on" in output
    assert "100 MB" not in output
    assert "find /var/log" not in output


def test_logs_without_a_log_says_what_to_do(home: Home) -> None:
    """Where there has been no daemon there is no log, and a hint."""
    result = home.run("logs")

    assert result.returncode == 3
    assert "eidosctl start" in result.stderr


def test_wedged_daemon_is_stopped(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that listens and does nothing is found by its socket, and ended."""
    home.ok("start")
    pid = service.listener_pid(home.place)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(service, "_KILL_AFTER_S", -2.5)

    assert service.stop(home.place)

    until(lambda: not is_running(pid), "the daemon runs on")
    assert home.ok("suggest", REQUEST) == COMMAND


def test_daemon_killed_under_a_request_is_replaced(home: Home) -> None:
    """A request that its daemon took to the grave is asked again of a new one, at once."""
    home.ok("start")
    pid = service.listener_pid(home.place)
    assert pid is not None
    command = [EIDOSCTL, "suggest", "-n", "8", REQUEST]
    with subprocess.Popen(command, env=home.environ, stdout=subprocess.PIPE) as request:
        engine = lambda: service.status(home.place)["engines"][0]  # noqa: E731 - one of now
        until(lambda: engine()["state"] == "busy", "no request came")
        os.kill(pid, signal.SIGKILL)

        output, _ = request.communicate(timeout=30)

    assert output.decode().startswith(COMMAND)
    assert service.listener_pid(home.place) not in {None, pid}


def test_lock_of_a_dying_daemon_is_waited_for(home: Home) -> None:
    """A daemon that was just killed may hold its lock for a moment more: start tries again."""
    folder = home.place.socket.parent
    folder.mkdir(mode=0o700)
    with folder.joinpath("eidosd.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen([EIDOSCTL, "start"], env=home.environ, stdout=-1) as start:
            log = home.place.log
            until(lambda: log.exists() and "runs already" in log.read_text(), "no daemon tried")
            fcntl.flock(lock, fcntl.LOCK_UN)
            output, _ = start.communicate(timeout=60)

    assert output.decode() == f"eidosd started, pid {service.listener_pid(home.place)}\n"


def test_status_of_no_daemon(home: Home) -> None:
    """Without a daemon `status` says so, says what to do, and exits with 3."""
    for option in ((), ("--json",)):
        result = home.run("status", *option)

        assert (result.stdout, result.returncode) == ("", 3)
        assert "eidosctl start" in result.stderr


def test_status_tells_everything(home: Home) -> None:
    """The figures are there, and those that must not be zero are not."""
    home.ok("suggest", REQUEST)
    body = json.loads(home.ok("status", "--json"))

    assert body.keys() - {"client_version"} == IDLE.keys()
    assert all(body[key].keys() == IDLE[key].keys() for key in ("model", "queue", "refused"))
    assert body["engines"][0].keys() == IDLE["engines"][0].keys()
    assert body["pid"] == service.listener_pid(home.place)
    assert body["version"] == body["client_version"]
    assert body["socket"] == str(home.place.socket)
    assert len(body["model"]["sha256"]) == 64
    assert body["rss_bytes"] > 1 << 20
    assert body["engines"][0]["rss_bytes"] > 1 << 20
    assert body["requests"]["ok"] == 1
    assert body["latency_ms"]["count"] == 1
    assert body["queue"]["size"] > 0
    text = home.ok("status")
    assert f"pid {body['pid']}" in text
    assert str(home.place.socket) in text


def test_other_version_is_warned_of(home: Home, answering: AnsweringDaemon) -> None:
    """A daemon left over from before an upgrade is named, with the cure."""
    answering.status = {**IDLE, "version": "0.0.9"}

    result = home.run("status")

    assert result.returncode == 0
    assert result.stderr == (
        "eidosctl: warning: the daemon is 0.0.9, eidosctl 0.1.0; run: eidosctl restart\n"
    )


def test_folder_open_to_others_is_refused(home: Home) -> None:
    """A runtime folder that others may enter is named with its cure, and nothing is asked."""
    home.place.socket.parent.mkdir(mode=0o755)
    home.place.socket.parent.chmod(0o755)

    result = home.run("suggest", REQUEST)

    assert result.returncode == 78
    assert "chmod 700" in result.stderr


def test_missing_program_is_named(home: Home) -> None:
    """A half-deleted installation says what is missing."""
    program = (
        "import os, dataclasses; from pathlib import Path\n"
        "from eidosctl import service; from eidosctl.place import Place\n"
        "place = dataclasses.replace(Place.find(os.environ), eidosd=Path('/nowhere/eidosd'))\n"
        "service.start(place)"
    )

    result = subprocess.run(
        [sys.executable, "-c", program], env=home.environ, capture_output=True, text=True,
        check=False,
    )  # fmt: skip

    assert "cannot start /nowhere/eidosd: No such file or directory" in result.stderr
