"""What a whole session opens, writes and keeps, seen by strace from the first to the last call."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from real_daemon import EIDOSD, EXAMPLE, EXAMPLE_COMMAND, private_folders

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
HARMLESS = ("/dev/null", "/dev/tty")

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")


@dataclass(frozen=True)
class Session:
    """One request that had to start the daemon, then the daemon's end; and its system calls."""

    root: Path
    calls: list[str]
    printed: str

    @property
    def folders(self) -> tuple[str, str]:
        """The only folders that Eidos may write to while it runs."""
        return f"{self.root}/runtime_dir/eidos", f"{self.root}/state_home/eidos"


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """`eidosctl suggest` and all that it starts, traced until the daemon has ended."""
    with private_folders() as environ:
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
    """The one address that is ever bound or connected to is the daemon's socket."""
    addresses = {match[1] for call in session.calls if (match := ADDRESS.search(call))}

    path = f"{session.folders[0]}/eidosd.sock"
    assert addresses == {f'sa_family=AF_UNIX, sun_path="{path}"'}


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
        assert "larger than" not in text, path
        assert "-size" not in text, path


def _is_ours(written: str, session: Session) -> bool:
    """Whether *written*, a path or the arguments of a call, names only what may be written."""
    paths = re.findall(r'"([^"]*)"', written) or [written]
    return all(
        path.startswith(session.folders) or path in HARMLESS or "/__pycache__/" in path
        for path in paths
    )
