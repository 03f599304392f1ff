"""What a whole session opens, writes and keeps, seen by strace from the first to the last call."""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from real_daemon import EIDOSD, EXAMPLE, EXAMPLE_COMMAND, RealDaemon, private_folders, until
from remote_stand_in import RemoteStandIn, fails

from eidos.audit_chain import records
from eidos.client import ask
from eidos.day_counts import read_days
from eidos.errors import EidosError
from eidos.protocol import Shell, SuggestRequest
from eidos.state import State
from eidos_remote.messages import Code, Suggest, Translate

EIDOSCTL = EIDOSD.with_name("eidosctl")
CALLS = (
    "socket,socketpair,bind,connect,open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat,"
    "rename,renameat,renameat2,link,linkat,symlink,symlinkat"
)
SOCKET = re.compile(r"(?:socket|socketpair)\((\w+), ([\w|]+)")
ADDRESS = re.compile(r"(?:bind|connect)\(\d+, \{(.*?)\}")
WRITTEN = re.compile(
    r'(?:open|openat|openat2)\((?:[^"]*)"([^"]*)", .*O_(?:WRONLY|RDWR|CREAT)'
    r'|(?:creat|mk\w+|rename\w*|link\w*|symlink\w*)\((.*)'
)  # fmt: skip
FOREIGN = "mache bitte noch einmal dasselbe wie gestern, nur schöner"
"""Surely not English, and nothing that the model is sure of."""
HARMLESS = ("/dev/null", "/dev/tty")

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")


@dataclass(frozen=True)
class Session:
    """One request that had to start the daemon, then the daemon's end; and its system calls."""

    root: Path
    calls: list[str]
    printed: str

    @property
    def folders(self) -> tuple[str, str, str]:
        """The only folders that Eidos may write to while it runs; the last is the audit head's."""
        data = f"{self.root}/home/.local/share/eidos"
        return f"{self.root}/runtime_dir/eidos", f"{self.root}/state_home/eidos", data


@pytest.fixture(scope="module", params=["plain", "json"])
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """`eidosctl suggest` and all that it starts, traced until the daemon has ended."""
    with private_folders() as folders:
        environ = {**folders, "EIDOS_LOG_FORMAT": request.param}
        root = Path(environ["HOME"]).parent
        trace = root / "trace"
        command = ["strace", "-f", "-qq", "-s", "300", "-o", trace, "-e", f"trace={CALLS}"]
        traced = subprocess.Popen(
            [*command, EIDOSCTL, "suggest", EXAMPLE],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert traced.stdout is not None
        printed = traced.stdout.readline()  # strace itself ends with the daemon
        subprocess.run([EIDOSCTL, "stop"], env=environ, check=True, timeout=60)
        printed += traced.communicate(timeout=60)[0]
        yield Session(root, trace.read_text().splitlines(), printed)


def test_the_session_answers(session: Session) -> None:
    """The traced session is a real one: it prints the command that was asked for."""
    assert session.printed == f"{EXAMPLE_COMMAND}\n"


def test_only_unix_sockets_are_opened(session: Session) -> None:
    """Neither daemon, engine nor eidosctl opens an internet socket, or asks for a name."""
    families = {match[1] for call in session.calls if (match := SOCKET.search(call))}

    assert families == {"AF_UNIX"}


def test_only_our_socket_is_used(session: Session) -> None:
    """The one address that is ever bound or connected to is the daemon's socket.

    Audit records go to the journal too, where one runs.
    """
    addresses = {match[1] for call in session.calls if (match := ADDRESS.search(call))}

    path = f"{session.folders[0]}/eidosd.sock"
    journal = 'sa_family=AF_UNIX, sun_path="/run/systemd/journal/socket"'
    assert addresses - {journal} == {f'sa_family=AF_UNIX, sun_path="{path}"'}


def test_asking_elsewhere_takes_a_unix_socket_and_no_other() -> None:
    """A daemon with remote suggestions and translations asks eidos-remote, and nothing else."""
    switches = {"EIDOS_REMOTE_SUGGESTIONS": "true", "EIDOS_TRANSLATE_REQUESTS": "true"}
    with private_folders() as folders:
        environ = {**folders, **switches}
        trace, ours = Path(environ["HOME"], "trace"), Path(environ["XDG_RUNTIME_DIR"], "eidos")
        command = ["strace", "-f", "-qq", "-s", "300", "-o", trace, "-e", f"trace={CALLS}"]
        with RemoteStandIn(ours / "remote.sock", fails(Code.CONFIG, "nobody")) as remote:
            traced = subprocess.Popen([*command, EIDOSCTL, "suggest", FOREIGN], env=environ)
            until(lambda: len(remote.requests) >= 2)
        # Not before: it ends whoever listens there, and that is us.
        subprocess.run([EIDOSCTL, "stop"], env=environ, check=True, timeout=60)
        traced.wait(timeout=60)
        calls = trace.read_text().splitlines()

    assert {type(request) for request in remote.requests} == {Translate, Suggest}
    assert {match[1] for call in calls if (match := SOCKET.search(call))} == {"AF_UNIX"}
    used = {match[1] for call in calls if (match := ADDRESS.search(call))}
    paths = [f"{ours}/eidosd.sock", f"{ours}/remote.sock", "/run/systemd/journal/socket"]
    assert used <= {f'sa_family=AF_UNIX, sun_path="{path}"' for path in paths}


def test_nothing_is_written_elsewhere(session: Session) -> None:
    """Files are created in Eidos's own folders alone; onnxruntime's telemetry makes none."""
    strange = [
        call
        for call in session.calls
        if (match := WRITTEN.search(call))
        and not _is_ours(match[1] or match[2], session)
        and "EEXIST" not in call
    ]

    assert strange == []


def test_no_file_holds_the_request(session: Session) -> None:
    """Neither the request nor the command is in any file that is left behind, the log included."""
    left = [
        Path(folder, name)
        for folder, _, names in os.walk(session.root)
        for name in names
        if name != "trace"
    ]

    assert Path(session.folders[1], "eidosd.log") in left
    for path in left:
        text = path.read_text(errors="replace")
        assert path.name != "eidosd.log" or "suggest ok" in text  # a line of the request is there
        assert "larger than" not in text, path
        assert "-size" not in text, path


MARKED = "git reset hard zx81marker"


@pytest.fixture(scope="module")
def marked_home() -> Iterator[Path]:
    """What a daemon leaves that was asked, in all ways it can be, with a marker in every text."""
    with private_folders() as environ:
        daemon = RealDaemon({**environ, "EIDOS_RULES": "git-reset-hard=ok"}).start()
        try:
            folder = Path(environ["HOME"], "zx81marker")
            folder.mkdir()
            (folder / "zx81marker.txt").touch()
            daemon.until_loaded()
            for text in (
                MARKED,
                MARKED,
                "zx81marker " * 100,
                "zx81marker\x07",
                "zx81marker \udc80",
            ):
                request = SuggestRequest(
                    id="marked", shell=Shell.BASH, count=3, text=text,
                    cwd=str(folder), last="ls zx81marker", status=1,
                )  # fmt: skip
                with contextlib.suppress(EidosError, UnicodeError):
                    ask(request, socket=daemon.socket, timeout_s=60)
            for words in (("history",), ("audit", "verify"), ("privacy", "show")):
                run = [daemon.eidosctl, *words]
                subprocess.run(run, env=environ, check=True, capture_output=True, timeout=60)
            assert "suggest" in daemon.log
        finally:
            daemon.stop()
        folder.joinpath("zx81marker.txt").unlink()
        folder.rmdir()
        yield Path(environ["HOME"]).parent


def test_no_file_holds_what_was_asked(marked_home: Path) -> None:
    """Neither log, state, audit log nor cache; of request, folder, last command and answer."""
    left = [Path(root, name) for root, _, names in os.walk(marked_home) for name in names]

    assert {"eidosd.log", "state.sqlite3", "audit-head.json"} <= {path.name for path in left}
    assert [path for path in left if b"zx81" in path.read_bytes() + os.fsencode(path)] == []


def test_what_an_override_did_is_on_record_without_the_command(marked_home: Path) -> None:
    """The audit log of that session names the rule, and the id of the request."""
    state = State(marked_home / "state_home" / "eidos" / "state.sqlite3")

    chain = state.look(records)
    used = [record for record in chain if record.event == "rule-override"]
    assert chain[0].event == "start"
    assert used[0].values["rule"] == "git-reset-hard"
    assert used[0].values["request"] == "marked"


def test_the_requests_of_that_session_are_counted(marked_home: Path) -> None:
    """Both answers, and what could not be read; the daemon adds them when it ends."""
    days = read_days(State(marked_home / "state_home" / "eidos" / "state.sqlite3"))

    assert sum(day.answered for day in days) == 2
    assert sum(day.failed for day in days) == 0


def _is_ours(written: str, session: Session) -> bool:
    """Whether *written*, a path or the arguments of a call, names only what may be written."""
    parents = {str(parent) for folder in session.folders for parent in Path(folder).parents}
    paths = re.findall(r'"([^"]*)"', written) or [written]
    return all(
        path.startswith(session.folders)
        or path in {*HARMLESS, *parents}  # folders are made, where they are missing
        or "/__pycache__/" in path
        for path in paths
    )
