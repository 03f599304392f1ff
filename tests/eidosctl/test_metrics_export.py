"""`eidosctl metrics`: printed, written to a file, or served; with a daemon and without."""

import gzip
import re
import socket
import stat
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import HTTPError

import pytest
from home import EIDOSCTL, Home
from metrics_daemon import MetricsDaemon
from real_daemon import until

from eidosctl.metrics_export import loopback

UP = "eidos_up 1.0"
DOWN = "eidos_up 0.0"


@pytest.fixture
def daemon(home: Home) -> Iterator[MetricsDaemon]:
    """A daemon in this process that tells one metric."""
    with MetricsDaemon(home.place.socket) as daemon:
        yield daemon


@contextmanager
def exporting(home: Home, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Run `eidosctl metrics` with *arguments* until the block ends."""
    with subprocess.Popen(
        [EIDOSCTL, "metrics", *arguments], env=home.environ, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


@contextmanager
def serving(home: Home, host: str = "127.0.0.1") -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Serve on a free port, and give its URL."""
    with exporting(home, "--listen", f"{host}:0") as process:
        assert process.stderr is not None
        said = ""
        while not (found := re.search(r"port (\d+)", said)):
            said = process.stderr.readline()
            assert said, "it ended"
        yield f"http://{host}:{found[1]}/metrics", process


def get(url: str, **headers: str) -> bytes:
    """Return the body of *url*."""
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - it is http
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - it is http
        return answer.read()


def test_metrics_are_printed_as_the_daemon_tells_them(home: Home, daemon: MetricsDaemon) -> None:
    """Help, type, labels and figure are there, and that the daemon is up."""
    daemon.body = (
        b'# HELP eidos_x_total What.\n# TYPE eidos_x_total counter\neidos_x_total{a="b"} 3.0\n'
    )

    output = home.ok("metrics")

    assert output.startswith(daemon.body.decode())
    assert UP in output.splitlines()


def test_without_a_daemon_the_exit_code_is_3(home: Home) -> None:
    """A script knows, Prometheus too, and a person reads what to do."""
    result = home.run("metrics")

    assert result.returncode == 3
    assert result.stdout.splitlines()[-1] == DOWN
    assert result.stderr.startswith("eidosctl: no daemon listens on ")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "body",
    [b"eidos_x{ 1\n", b"\xff\n", b"eidos_x one\n", None],
    ids=["line", "utf8", "value", "old"],
)
def test_what_cannot_be_read_is_not_passed_on(
    home: Home, daemon: MetricsDaemon, body: bytes | None
) -> None:
    """A daemon of another version, or another program on the socket, counts as none."""
    daemon.body = body

    result = home.run("metrics")

    assert result.returncode == 1
    assert result.stdout.splitlines()[-1] == DOWN
    assert "eidosctl restart" in result.stderr


def test_a_terminal_obeys_no_label(home: Home, daemon: MetricsDaemon) -> None:
    """Whoever sits on the socket writes nothing to a terminal that it would obey."""
    daemon.body = b'eidos_x{model="\x1b[2J"} 1.0\n'

    assert "\x1b" not in home.ok("metrics")


def test_a_text_file_is_readable_for_node_exporter(home: Home, daemon: MetricsDaemon) -> None:
    """It is another user's process that reads the file; it is whole, and nothing lies beside it."""
    assert daemon.body
    target = home.path / "eidos.prom"

    home.ok("metrics", "--textfile", str(target))

    assert UP in target.read_text().splitlines()
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    assert list(home.path.iterdir()) == [target]


def test_a_text_file_says_that_the_daemon_is_away(home: Home) -> None:
    """Writing worked, so the exit code is 0: the alert is Prometheus' work."""
    target = home.path / "eidos.prom"

    home.ok("metrics", "--textfile", str(target))

    assert target.read_text().splitlines()[-1] == DOWN


def test_a_text_file_that_cannot_be_written_stays_as_it_was(home: Home) -> None:
    """The message names the file; an older one is not touched."""
    target = home.path / "none" / "eidos.prom"
    target.parent.write_text("in the way")

    result = home.run("metrics", "--textfile", str(target))

    assert result.returncode == 1
    assert f"cannot write {target}" in result.stderr
    assert target.parent.read_text() == "in the way"


def test_a_text_file_is_written_again(home: Home, daemon: MetricsDaemon) -> None:
    """With --every the file follows the daemon, until the command is ended."""
    target = home.path / "eidos.prom"

    with exporting(home, "--textfile", str(target), "--every", "1"):
        until(lambda: target.exists() and UP in target.read_text())
        daemon.stop()
        until(lambda: DOWN in target.read_text())


def test_metrics_are_served_on_loopback(home: Home, daemon: MetricsDaemon) -> None:
    """HTTP gives the same figures, compressed for who asks for that."""
    daemon.body = b"eidos_x 7.0\n"

    with serving(home) as (url, _):
        assert b"eidos_x 7.0" in get(url)
        assert UP.encode() in gzip.decompress(get(url, **{"Accept-Encoding": "gzip"}))


def test_the_exporter_outlives_the_daemon(home: Home, daemon: MetricsDaemon) -> None:
    """It serves eidos_up all along, and says once that the daemon went and once that it is back."""
    with serving(home) as (url, process):
        until(lambda: UP.encode() in get(url))
        daemon.stop()
        until(lambda: DOWN.encode() in get(url))
        with MetricsDaemon(home.place.socket):
            until(lambda: UP.encode() in get(url))
        process.terminate()
        _, said = process.communicate(timeout=60)

    assert len(said.splitlines()) == 2
    assert "no daemon listens" in said.splitlines()[0]


def test_many_who_ask_cost_the_daemon_one_question_a_second(
    home: Home, daemon: MetricsDaemon
) -> None:
    """The port is open to every user of the machine, who must not be able to load the daemon."""
    begin_s = time.monotonic()
    with serving(home) as (url, _):
        for _ in range(50):
            get(url)

    assert daemon.scrapes <= 1 + (time.monotonic() - begin_s)


def test_who_connects_and_says_nothing_keeps_nobody_waiting(
    home: Home, daemon: MetricsDaemon
) -> None:
    """Idle connections do not stop an answer, and nothing is logged of them."""
    assert daemon.body
    with ExitStack() as stack, serving(home) as (url, process):
        port = int(url.split(":")[2].split("/")[0])
        for _ in range(20):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))

        assert UP.encode() in get(url)

        process.terminate()
        assert process.communicate(timeout=60)[1] == ""


def test_other_ways_to_ask_do_no_harm(home: Home, daemon: MetricsDaemon) -> None:
    """Nothing but figures is served, whatever path or method is asked for."""
    assert daemon.body
    with serving(home) as (url, _):
        assert b"root:" not in get(url + "/../../../../etc/passwd")
        request = urllib.request.Request(url, data=b"x", method="POST")  # noqa: S310 - http
        with pytest.raises(HTTPError, match="405"):
            urllib.request.urlopen(request, timeout=30)  # noqa: S310 - http
        assert UP.encode() in get(url)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0:9464",
        ":9464",
        "9464",
        "192.0.2.1:9464",
        "example.org:9464",
        "[::]:9464",
        "127.0.0.1:",
        "127.0.0.1:99999",
        "127.0.0.1:-1",
        "127.0.0.1:١",
        "127.0.0.1",
        "127.0.0.1.example.org:1",
    ],
)
def test_other_machines_cannot_be_let_in(address: str) -> None:
    """An address that is not this machine's own is refused, with one that will do."""
    with pytest.raises(ValueError, match=r"127\.0\.0\.1:"):
        loopback(address)


def test_a_wrong_address_is_wrong_usage(home: Home) -> None:
    """No port is opened, and the message is the reason."""
    result = home.run("metrics", "--listen", "0.0.0.0:9464")

    assert result.returncode == 2
    assert "served to this machine alone" in result.stderr


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.1:9464", ("127.0.0.1", 9464)), ("[::1]:80", ("::1", 80)),
     ("localhost:0", ("127.0.0.1", 0)), ("127.9.9.9:1", ("127.9.9.9", 1))],
)  # fmt: skip
def test_addresses_of_this_machine(address: str, expected: tuple[str, int]) -> None:
    """Every loopback address will do; localhost is IPv4, where Prometheus looks first."""
    assert loopback(address) == expected


def test_a_port_that_is_taken_is_named(home: Home) -> None:
    """The message says which port, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = home.run("metrics", "--listen", f"127.0.0.1:{port}")

    assert result.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [["--textfile", "x.prom", "--listen", "127.0.0.1:1"], ["--every", "5"],
     ["--textfile", "x.prom", "--every", "0"], ["--textfile", "x.txt"]],
)  # fmt: skip
def test_options_that_do_not_fit_are_wrong_usage(home: Home, arguments: list[str]) -> None:
    """Nothing is written or served then."""
    assert home.run("metrics", *arguments).returncode == 2
    assert not Path("x.prom").exists()
