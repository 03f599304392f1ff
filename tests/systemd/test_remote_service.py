"""eidos-remote under a real systemd: started by its socket, ended when idle, and shut in.

And what eidosd can reach from inside its own unit: the socket of eidos-remote, and nothing else.
"""

import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from loopback_server import CERTIFICATE
from openai_server import Handler, openai_server
from usermanager_fixture import EIDOSCTL, Manager, until

from eidos.resources import systemd_dir
from eidosctl import remote_unit, unit

pytestmark = pytest.mark.systemd
BASE_SCORE = 2.5
SANDBOX_SCORE = 2.0
SERVICE = "eidos-remote.service"
PINGS = """
import os, sys, zmq, msgspec
from eidos_remote.messages import State, StateOf, decode_reply, encode
dealer = zmq.Context().socket(zmq.DEALER)
dealer.linger = 0
dealer.connect(f"ipc://{sys.argv[1]}")
dealer.send_multipart(encode(State(id="a")))
assert dealer.poll(20_000), "no reply"
reply = decode_reply(dealer.recv_multipart())
assert isinstance(reply, StateOf), reply
print(msgspec.json.decode(reply.body)["pid"])
"""
PROBE = Path(__file__).with_name("network_probe.py")
CHATS = """
import sys
from eidos_remote.messages import *
import zmq
dealer = zmq.Context().socket(zmq.DEALER)
dealer.linger = 0
dealer.connect(f"ipc://{sys.argv[1]}")
given = Given({"LLM_API_URL": sys.argv[2], "LLM_API_KEY": "key-of-the-user"})
host = sys.argv[2].removeprefix("https://")
chat = Chat(id="b", turns=(Turn("user", "never-to-be-logged"),), given=given)
for request in (Allow(id="a", purpose=Purpose.CHAT, host=host), chat):
    dealer.send_multipart(encode(request))
    while True:
        assert dealer.poll(20_000), "no reply"
        reply = decode_reply(dealer.recv_multipart())
        print(reply)
        if isinstance(reply, LAST):
            break
"""
CONNECTIONS = [
    "connect by IPv4", "connect by IPv6", "connect outside", "listen", "datagram",
    "datagram outside", "name server", "netlink", "packets", "raw", "bluetooth", "vsock", "pair",
]  # fmt: skip


@contextmanager
def loopback() -> Iterator[int]:
    """Listen on one port of both loopback addresses, by TCP and UDP; it can be reached."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        with (
            socket.create_server(("::1", port), family=socket.AF_INET6),
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as names,
        ):
            names.bind(("127.0.0.1", port))
            yield port


def tried(
    manager: Manager, directives: list[str], port: int, python: str = sys.executable
) -> dict[str, str]:
    """Return how each trial of PROBE ended under *directives*."""
    remote = manager.runtime / "eidos" / "remote.sock"
    probe = PROBE
    if python != sys.executable:  # a user without rights, who may not read this checkout
        probe = manager.home / PROBE.name
        shutil.copyfile(PROBE, probe)
    return said(manager, directives, [python, str(probe), str(port), str(remote)])


def said(manager: Manager, directives: list[str], command: list[str]) -> Any:
    """Return the JSON that *command* prints in a passing unit with *directives*."""
    output = manager.runtime / "probe.json"
    given = [f"--property={each}" for each in directives]
    options = ["--user", "--quiet", "--collect", "--property=Type=oneshot"]
    written = f"--property=StandardOutput=truncate:{output}"
    manager.run("systemd-run", *options, written, *given, "--", *command)
    return json.loads(output.read_text())


def directives(*texts: str) -> list[str]:
    """Return what *texts*, units and drop-ins, ask for, but how their program is run."""
    return [
        line
        for text in texts
        for line in unit.settings(text)
        if not line.startswith(unit.OF_THE_PROCESS) and "%t" not in line
    ]


def pid_of(manager: Manager) -> str:
    """Ask eidos-remote, and return the process that answered."""
    path = manager.runtime / "eidos" / "remote.sock"
    return manager.run(sys.executable, "-c", PINGS, path).stdout.strip()


def state_of(manager: Manager, name: str = SERVICE) -> str:
    """Return whether systemd says that the unit is active."""
    return manager.systemctl("show", "--value", "--property=ActiveState", name)


@pytest.fixture
def brief(installed: Manager) -> Iterator[Manager]:
    """An installed Eidos whose eidos-remote ends after a second without work."""
    config = installed.home / ".config" / "eidos" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text("remote_idle_s = 1\n")
    installed.systemctl("stop", SERVICE)
    yield installed
    config.unlink()
    installed.systemctl("stop", SERVICE)


def test_the_first_request_starts_it_and_idleness_ends_it(brief: Manager) -> None:
    """Installing starts nothing; a request does; it ends by itself, and the next one starts it."""
    assert state_of(brief) == "inactive"
    assert state_of(brief, "eidos-remote.socket") == "active"

    first = pid_of(brief)
    until(lambda: state_of(brief) == "inactive", 20, lambda: brief.journal(SERVICE))
    second = pid_of(brief)

    assert first != second
    assert "ending: no request for 1 s" in brief.journal(SERVICE)
    assert (brief.runtime / "eidos" / "remote.sock").stat().st_mode & 0o777 == 0o600


def test_its_socket_outlives_the_daemon(brief: Manager) -> None:
    """Where eidosd stops, its folder stays, and eidos-remote answers in it."""
    brief.systemctl("stop", "eidosd.service")
    try:
        assert pid_of(brief)
    finally:
        brief.systemctl("start", "eidosd.service")


def test_stop_and_status_know_it(installed: Manager) -> None:
    """`status` names its process while it runs, and starts none; `stop` ends it, not its socket."""
    installed.systemctl("stop", SERVICE)
    before = installed.run(EIDOSCTL, "status").stdout
    pid = pid_of(installed)
    during = installed.run(EIDOSCTL, "status").stdout
    stopped = installed.run(EIDOSCTL, "stop").stdout
    try:
        assert "eidos-remote" not in before
        assert f"eidos-remote: pid {pid}, " in during
        assert "eidos-remote stopped" in stopped
        assert state_of(installed) == "inactive"
        assert pid_of(installed) != pid
    finally:
        installed.run(EIDOSCTL, "start")


def test_eidosctl_finds_it_and_mends_its_socket(brief: Manager) -> None:
    """Who wants to ask gets the socket, also where somebody had stopped that."""
    ensure = (
        "import os; from eidosctl.place import Place; from eidosctl.remote_service import ensure\n"
        "print(ensure(Place.find(os.environ)))"
    )
    brief.systemctl("stop", "eidos-remote.socket")

    found = brief.run(sys.executable, "-c", ensure).stdout.strip()

    assert found == str(brief.runtime / "eidos" / "remote.sock")
    assert pid_of(brief)


def test_eidosd_reaches_eidos_remote_and_nothing_else(installed: Manager) -> None:
    """From inside eidosd's unit and sandbox no socket to anywhere can be made, but Unix ones."""
    text = unit.unit_text(Path("/usr/bin/true")), unit.sandbox_text()
    with loopback() as port:
        outside = tried(installed, [], port)
        inside = tried(installed, directives(*text), port)

    # The probe is no formality: without the unit it gets through.
    for name in ("connect by IPv4", "connect by IPv6", "listen", "datagram", "netlink", "eidos"):
        assert outside[name] == "done", name
    assert inside.pop("eidos") == "done"
    assert inside.pop("names") == "refused"
    assert inside == dict.fromkeys(CONNECTIONS, "EAFNOSUPPORT")


def test_either_of_the_two_walls_is_enough(installed: Manager) -> None:
    """Without the filter of families nothing is reached, for there is no network; and reversed."""
    lines = directives(unit.unit_text(Path("/usr/bin/true")), unit.sandbox_text())
    with loopback() as port:
        no_filter = tried(
            installed, [each for each in lines if "AddressFamilies" not in each], port
        )
        no_namespace = tried(
            installed, [each for each in lines if "PrivateNetwork" not in each], port
        )

    for name in ("connect by IPv4", "connect by IPv6", "connect outside", "datagram outside"):
        assert no_filter[name] != "done", name
    assert no_filter["names"] == "refused"
    assert {no_namespace[name] for name in CONNECTIONS} == {"EAFNOSUPPORT"}


def test_eidosd_without_namespaces_reaches_nothing_either(confined_manager: Manager) -> None:
    """Where user namespaces are forbidden the filter alone refuses every family but Unix."""
    text = (systemd_dir() / "no-namespaces.conf").read_text()
    lines = directives(unit.unit_text(Path("/usr/bin/true")), text)
    with loopback() as port:
        inside = tried(confined_manager, lines, port, "/usr/bin/python3")

    assert {inside[name] for name in CONNECTIONS} == {"EAFNOSUPPORT"}


def test_eidos_remote_reaches_servers_and_sees_no_home(installed: Manager) -> None:
    """Its unit lets TCP and names through, and shows nothing of the home but its own folders."""
    for place in (
        ".ssh/id_ed25519",
        ".bashrc",
        ".local/share/eidos/models/mine",
        ".config/eidos/k",
    ):
        path = installed.home / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    given = remote_unit_lines(installed)
    with loopback() as port:
        inside = tried(installed, given, port)
        seen = said(installed, given, [sys.executable, str(PROBE), "look", str(installed.home)])
    (installed.home / ".config/eidos/k").unlink()
    shutil.rmtree(installed.home / ".ssh")

    for name in ("connect by IPv4", "connect by IPv6", "datagram"):
        assert inside[name] == "done", name
    for name in ("netlink", "packets", "bluetooth", "vsock"):
        assert inside[name] == "EAFNOSUPPORT", name
    assert set(seen["home"]) == {".config", ".local"}
    assert seen["read the settings"] == seen["write the state"] == "done"
    for name in ("write the settings", "write the models", "run a program"):
        assert seen[name] in {"EROFS", "EACCES"}, name
    assert not (installed.home / "new").exists()  # it was in an empty home that is gone


def streams_hello(handler: Handler) -> None:
    """Answer as a chat does that streams."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.end_headers()
    piece = {"choices": [{"delta": {"content": "hello"}, "finish_reason": None}]}
    last = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    for event in (json.dumps(piece), json.dumps(last), "[DONE]"):
        handler.wfile.write(f"data: {event}\n\n".encode())


def test_a_chat_over_tls_works_from_inside(installed: Manager) -> None:
    """The filter of system calls lets names and TLS through, and memory stays below its limit."""
    drop_in = installed.home / ".config/systemd/user" / f"{SERVICE}.d" / "80-test.conf"
    drop_in.write_text(f"[Service]\nEnvironment=SSL_CERT_FILE={CERTIFICATE}\n")
    config = installed.home / ".config" / "eidos" / "config.toml"
    config.write_text('chat_model = "small"\n')
    installed.systemctl("daemon-reload")
    installed.systemctl("stop", SERVICE)
    remote = installed.runtime / "eidos" / "remote.sock"
    try:
        with openai_server(tls=True) as server:
            server.reset(streams_hello)
            printed = installed.run(sys.executable, "-c", CHATS, remote, server.url).stdout
        used_bytes = int(
            installed.systemctl("show", "--value", "--property=MemoryCurrent", SERVICE)
        )
    finally:
        drop_in.unlink()
        config.unlink()
        installed.systemctl("daemon-reload")
        installed.systemctl("stop", SERVICE)

    assert "Piece(id='b', text='hello')" in printed
    assert "End(id='b', finish='stop'" in printed
    assert used_bytes < 100 * 2**20
    journal = installed.journal(SERVICE)
    assert "request=b chat ok in" in journal
    assert "never-to-be-logged" not in journal
    assert "key-of-the-user" not in journal


def remote_unit_lines(manager: Manager) -> list[str]:
    """Return what unit and sandbox of eidos-remote, as they are installed, ask for."""
    folder = manager.home / ".config" / "systemd" / "user"
    texts = [folder / SERVICE, folder / f"{SERVICE}.d" / "50-sandbox.conf"]
    return directives(*(each.read_text() for each in texts))


@pytest.fixture
def remote_units(tmp_path: Path) -> Path:
    """Service, socket and sandbox, filled in."""
    path = tmp_path / SERVICE
    path.write_text(remote_unit.unit_text(Path("/usr/bin/true")))
    shutil.copy(systemd_dir() / "eidos-remote.socket", tmp_path)
    drop_in = tmp_path / f"{SERVICE}.d" / "50-sandbox.conf"
    drop_in.parent.mkdir()
    drop_in.write_text(remote_unit.sandbox_text())
    return path


def analyze(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze, which needs a runtime folder for user units, and no manager."""
    return subprocess.run(
        ["systemd-analyze", "--no-pager", "--user", *arguments],
        env={"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )


def score(tmp_path: Path, path: Path) -> float:
    """Return how exposed the unit at *path* is, of 10."""
    result = analyze(tmp_path, "security", "--offline=true", str(path)).stdout
    return float(result.split(f"Overall exposure level for {path.name}: ")[1].split()[0])


def test_systemd_knows_every_line_of_it(tmp_path: Path, remote_units: Path) -> None:
    """Only silence of `verify` means that all is well."""
    socket_unit = str(remote_units.with_suffix(".socket"))

    assert analyze(tmp_path, "verify", str(remote_units), socket_unit).stderr == ""


def test_its_scores(tmp_path: Path, remote_units: Path) -> None:
    """At most 2.0 of 10 with the sandbox, 2.5 without: what a network costs."""
    assert score(tmp_path, remote_units) <= SANDBOX_SCORE
    shutil.rmtree(tmp_path / f"{SERVICE}.d")
    assert score(tmp_path, remote_units) <= BASE_SCORE


def test_it_forbids_what_eidosd_forbids_but_the_network(remote_units: Path) -> None:
    """Line by line the same, where eidosd's is about what the process may do."""

    def lines(text: str) -> set[str]:
        kinds = "Private|Protect|Restrict|Capab|MemoryDeny|MemorySwap|Lock|No|Keyring|Limit|UMask"
        return set(re.findall(rf"^(?:{kinds}).*=.*$", text, re.MULTILINE))

    missing = lines(unit.unit_text(Path("/x"))) - lines(remote_units.read_text())

    assert missing == {
        "PrivateNetwork=yes",
        "RestrictAddressFamilies=AF_UNIX",
    }


def test_no_placeholder_is_left(remote_units: Path) -> None:
    """Both files are filled in completely."""
    drop_in = remote_units.parent / f"{SERVICE}.d" / "50-sandbox.conf"
    for text in (remote_units.read_text(), drop_in.read_text()):
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        assert not [line for line in lines if re.search(r"@[A-Z_]+@", line)]
