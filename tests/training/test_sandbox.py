"""The sandbox lets a command do what a user could do in a home folder, and nothing else."""

import subprocess
import time
import uuid
from pathlib import Path

import pytest
from click.testing import CliRunner
from skips import need

from training import sandbox, trees, walls
from training.changes import Change, State
from training.sandbox import Outcome, SandboxError

pytest_plugins = ["sandboxed"]
pytestmark = pytest.mark.usefixtures("sandboxed")

SMALL = trees.make_ready(
    trees.Tree(
        about="for these tests",
        root="work",
        file=(trees.File("a.txt", text="one\ntwo\n"), trees.File("b.txt", mode="0600")),
        link=(trees.Link("c.txt", to="a.txt"), trees.Link("out", to="/etc/passwd")),
    )
)


def run(command: str, shell: str = "bash", **options: float) -> Outcome:
    """Run *command* over a small tree."""
    return sandbox.run(command, SMALL, shell=shell, **options)


def errors(outcome: Outcome) -> str:
    """Return what a command complained of."""
    return outcome.errors.decode()


def test_output_errors_and_status_are_told_apart() -> None:
    """What a command prints, complains of and returns comes back as it was."""
    outcome = run("cat a.txt; echo oh no >&2; exit 3")

    assert (outcome.output, outcome.errors, outcome.status) == (b"one\ntwo\n", b"oh no\n", 3)
    assert outcome.changes == {}


def test_a_command_is_the_user_of_its_home() -> None:
    """Who and where a command is does not depend on this machine."""
    outcome = run("whoami; id -u; pwd; echo $HOME; hostname; echo $TZ $LANG; env | grep -c SECRET")

    said = outcome.output.decode().split()
    assert said == ["user", "1000", "/home/user/work", "/home/user", "box", "UTC", "C.UTF-8", "0"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_reads_the_command_itself(shell: str) -> None:
    """The command is given to the shell that was asked for, and the shell leaves nothing."""
    need(shell)

    outcome = run("echo $BASH_VERSION $ZSH_VERSION $FISH_VERSION$version; false", shell)

    assert outcome.status == 1
    assert outcome.output.strip()
    assert outcome.changes == {}


@pytest.mark.parametrize(
    ("command", "path", "before", "after"),
    [
        ("rm a.txt", "a.txt", "file", None),
        ("chmod 600 a.txt", "a.txt", "file", "file"),
        ("echo three >> a.txt", "a.txt", "file", "file"),
        ("mkdir -p d", "d", None, "folder"),
        ("mkfifo p", "p", None, "other"),
        ("ln -sfn b.txt c.txt", "c.txt", "link", "link"),
        ("touch a.txt", "a.txt", "file", "file"),
        ("echo x > ../other", "~/other", None, "file"),
        ("echo x > /tmp/t", "/tmp/t", None, "file"),
    ],
)
def test_a_change_is_seen(command: str, path: str, before: str | None, after: str | None) -> None:
    """Each kind of change is one entry, called as the command could call it."""
    found = run(command).changes

    assert list(found) == [path]
    assert found[path].before != found[path].after
    kinds = [state and state.kind for state in (found[path].before, found[path].after)]
    assert kinds == [before, after]


def test_what_is_written_as_it_was_is_no_change_but_a_touch() -> None:
    """A time given by hand is told from "now", and reading changes nothing."""
    now = run("touch a.txt").changes["a.txt"].after
    dated = run("touch -d '2024-01-02 00:00' a.txt").changes["a.txt"].after

    assert now and now.modified_s == 0  # noqa: PT018
    assert dated and dated.modified_s == 1_704_153_600  # noqa: PT018
    assert run("cat a.txt b.txt").changes == {}
    assert run("touch a.txt").changes == run("touch a.txt").changes


def test_a_link_out_is_not_followed() -> None:
    """What is compared is the link itself, never what it leads to on this machine."""
    change = run("ln -s /etc/shadow s; rm out").changes

    assert change["s"] == Change(None, State("link", 0o777, target="/etc/shadow"))
    assert change["out"].before == State("link", 0o777, target="/etc/passwd")


def test_awkward_trees_are_compared_all_the_same() -> None:
    """Endless folders, strange names and a broken index are no way to stop the comparison."""
    deep = run("for i in {1..300}; do mkdir abcdefghij; cd abcdefghij; done").changes
    strange = run(
        "mkdir .git; echo DIRC > .git/index; touch $'a\\nb' $'\\xff'; chmod 0 a.txt ."
    ).changes

    assert len(deep) > 50
    assert {".git/index", "a\nb", "\\xff"} <= set(strange)


def test_runs_know_nothing_of_each_other() -> None:
    """A run starts from the tree as it was planted."""
    run("rm -rf * ; echo x > /tmp/left; touch ~/left")

    assert run("ls; ls /tmp ~").output == b"a.txt\nb.txt\nc.txt\nout\n/home/user:\nwork\n\n/tmp:\n"


def test_the_clock_stands() -> None:
    """Two runs see the same time, to the nanosecond, and files are as old as the tree says."""
    if walls.FAKETIME is None:
        pytest.skip("libfaketime is not installed; run: apt-get install faketime")

    said = run("date '+%F %T.%N'; stat -c %y a.txt; python3 -c 'import time; print(time.time())'")

    assert said.output.decode().splitlines() == [
        "2025-06-18 10:00:00.000000000",
        "2025-06-17 10:00:00.000000000 +0000",
        "1750240800.0",
    ]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("echo x > /usr/bin/eidos-was-here", "Read-only file system"),
        ("echo x > /etc/passwd", "Read-only file system"),
        ("touch /here", "Read-only file system"),
        ("rm -rf --no-preserve-root /usr/bin/env", "Read-only file system"),
        ("echo c > /proc/sysrq-trigger; exit 1", "/proc/sysrq-trigger"),
        ("echo x > /proc/sys/kernel/core_pattern", "denied"),
        ("mount -t tmpfs none /mnt", "must be superuser"),
        ("unshare --user --map-root-user true", "unshare failed"),
        ("chroot / true", "not permitted"),
        ("mknod sda b 8 0", "not permitted"),
        ("python3 -c 'import socket; socket.create_connection((\"1.1.1.1\", 53), 2)'", "unreach"),
        ("exec 3<>/dev/tcp/127.0.0.1/22", "refused"),
    ],
)
def test_a_way_out_is_shut(command: str, reason: str) -> None:
    """Neither the machine's files nor its kernel nor a network can be reached."""
    outcome = run(command)

    assert outcome.status
    assert reason in errors(outcome)
    assert not Path("/usr/bin/eidos-was-here").exists()


def test_nothing_of_this_machine_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders, processes and the environment of the one who asks are not there."""
    monkeypatch.setenv("EIDOS_SECRET", "secret")
    secret = tmp_path / "secret"
    secret.write_text("secret")
    here = Path(__file__).resolve().parent

    listed = run(f"cat {secret}; ls {here} /root /work; cat /etc/shadow; exit 0")
    processes = run("ls -d /proc/[0-9]* | wc -l; cat /proc/*/environ | tr '\\0' '\\n' | sort -u")

    assert listed.output == b""
    assert processes.output.split()[0] in (b"2", b"3", b"4", b"5", b"6")
    assert b"EIDOS_SECRET" not in processes.output


def test_other_processes_cannot_be_harmed() -> None:
    """Signals to all, and to processes by the numbers that they have here, reach none of ours."""
    with subprocess.Popen(["sleep", "60"]) as bystander:
        outcome = run(f"kill -9 {bystander.pid}; kill -9 -1; python3 -c '{TRACE}' {bystander.pid}")
        is_alive = bystander.poll() is None
        bystander.kill()

    assert is_alive
    assert "No such process" in errors(outcome) or outcome.status == 137


TRACE = """
import ctypes, sys
print(ctypes.CDLL(None).ptrace(16, int(sys.argv[1]), 0, 0))
"""


@pytest.mark.parametrize(
    ("command", "status", "cut"),
    [
        ("yes", 141, "output"),
        ("trap '' TERM INT HUP; while :; do sleep 1; done", 124, "time"),
        ("sleep 30 & wait", 124, "time"),
        ("cat /dev/zero > z", 153, ""),
        ('python3 -c "bytearray(10**9)"', 1, ""),
    ],
    ids=["endless-output", "deaf", "waiting", "large-file", "memory"],
)
def test_a_limit_ends_it(command: str, status: int, cut: str) -> None:
    """A command that would never end, or takes too much, is ended in time."""
    start_s = time.monotonic()

    outcome = run(command, wall_s=1.5)

    assert (outcome.status, outcome.cut) == (status, cut)
    assert len(outcome.output) <= sandbox.OUTPUT_BYTES
    assert time.monotonic() - start_s < 8


@pytest.mark.parametrize(
    "command",
    [":(){ :|:& };:; sleep 20", "setsid sleep 77 >/dev/null 2>&1 & disown", "sleep 77 & echo hi"],
    ids=["fork-bomb", "daemon", "background"],
)
def test_nothing_is_left(command: str) -> None:
    """When a run is over, so are all processes that it started."""
    need("ps")
    sign = f"eidos-{uuid.uuid4()}"

    outcome = run(f"export SIGN={sign}; {command}", wall_s=1.5)

    left = subprocess.run(["ps", "axewwo", "args="], capture_output=True, check=True).stdout
    assert sign.encode() not in left
    assert outcome.cut in ("", "time")


def test_without_bubblewrap_nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the walls cannot be had there is a reason and no run."""
    walls.walls.cache_clear()
    for program in ("bash", "prlimit", "setpriv"):
        (tmp_path / program).symlink_to(f"/usr/bin/{program}")
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SandboxError, match="apt-get install bubblewrap"):
        run("true")

    monkeypatch.undo()
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho bwrap: No permissions >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    tmp_path.chmod(0o755)
    monkeypatch.setattr(walls, "walls", lambda: (str(tmp_path / "bwrap"),))
    with pytest.raises(SandboxError, match="No permissions"):
        run(f"touch {tmp_path}/ran")
    assert not (tmp_path / "ran").exists()


def test_the_command_line_shows_what_happened() -> None:
    """An author of tasks sees output, status and changes."""
    shown = CliRunner().invoke(sandbox.main, ["server-logs", "rm app.log.1; touch new; echo done"])

    assert shown.exit_code == 0
    assert shown.output.splitlines()[:3] == ["done", "status 0", "- app.log.1"]
    assert shown.output.splitlines()[3].startswith("+ new")
    assert CliRunner().invoke(sandbox.main, ["no-such-tree", "ls"]).exit_code == 1
