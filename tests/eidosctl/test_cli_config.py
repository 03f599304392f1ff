"""`eidosctl config` and `eidosctl reload` as a person meets them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from home import Home
from real_daemon import EXAMPLE, RealDaemon, real_daemon

from eidos.protocol import Suggestions


@pytest.fixture
def served() -> Iterator[tuple[RealDaemon, Home]]:
    """A loaded daemon, and the home in which it is."""
    with real_daemon() as daemon:
        yield daemon, Home(Path(daemon.environ["HOME"]).parent, daemon.environ)


def write(home: Home, text: str) -> Path:
    """Give *home* a configuration file."""
    path = home.place.config
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_a_sound_file_is_ok(home: Home) -> None:
    """`check` says so, of a file and of none."""
    path = home.place.config
    assert home.ok("config", "check") == f"{path}: ok, it is not there: the defaults count\n"
    write(home, "threads = 3\n")
    assert home.ok("config", "check") == f"{path}: ok\n"


def test_every_fault_is_a_line(home: Home) -> None:
    """`check` tells all, of the file and of the environment, and exits with 78."""
    path = write(home, "threads = 0\nthread = 1\n")

    result = home.run("config", "check", EIDOS_CONTEXT="maybe")

    assert result.returncode == 78
    assert result.stderr.splitlines() == [
        f"eidosctl: {path}:1: threads = 0 is not allowed; it must be a whole number from 1 to 64",
        f"eidosctl: {path}:2: unknown key 'thread'; did you mean threads?",
        "eidosctl: EIDOS_CONTEXT: context = 'maybe' is not allowed; it must be true or false",
        "eidosctl: faults: 3; the daemon would not start with these settings",
    ]


def test_another_file_is_checked_alone(home: Home, tmp_path: Path) -> None:
    """A file that is to be sent elsewhere is judged without this machine's settings."""
    write(home, "threads = 0\n")
    other = tmp_path / "other.toml"
    other.write_text("threads = 3\n")

    assert home.ok("config", "check", str(other), EIDOS_THREADS="x") == f"{other}: ok\n"


@pytest.mark.parametrize(
    ("text", "variables", "words"),
    [
        ('model_path = "/nowhere.onnx"', {}, "there is no file /nowhere.onnx"),
        ('remote_url = "https://a.example"\nremote_key_file = "/k"', {}, "remote_key_file /k"),
        ("threads = 3", {"EIDOS_THREADS": "4"}, "EIDOS_THREADS is set here, before which threads"),
    ],
)
def test_what_will_not_work_is_a_warning(
    home: Home, text: str, variables: dict[str, str], words: str
) -> None:
    """What is right in itself and cannot work here is told, as the doctor tells it; exit code 0."""
    write(home, text)

    result = home.run("config", "check", **variables)

    assert result.returncode == 0, result.stderr
    assert "eidosctl: warning: " in result.stderr
    assert words in result.stderr


def test_a_key_is_set_in_both_forms_and_read(home: Home) -> None:
    """KEY VALUE as KEY=VALUE; `get` prints what counts, for scripts."""
    home.ok("config", "set", "threads", "4")
    home.ok("config", "set", "rules.git-clean=block")
    home.ok("config", "set", "context", "false")

    assert home.ok("config", "get", "threads") == "4\n"
    assert home.ok("config", "get", "threads", EIDOS_THREADS="5") == "5\n"
    assert home.ok("config", "get", "context") == "false\n"
    assert home.ok("config", "get", "rules") == "git-clean=block\n"
    assert home.ok("config", "get", "rules.git-clean") == "block\n"
    assert home.run("config", "get", "rules.git-push").returncode == 78
    assert home.run("config", "get", "thread").returncode == 78


def test_keys_are_completed(home: Home) -> None:
    """Tab behind `config set`, `unset` and `get` offers the keys that begin so."""
    for command in ("set", "unset", "get"):
        asked = {"COMP_WORDS": f"eidosctl config {command} remote_k", "COMP_CWORD": "3"}

        told = home.ok(_EIDOSCTL_COMPLETE="bash_complete", **asked)

        assert told == "plain,remote_kind\nplain,remote_key_file\n"


def test_a_value_is_needed(home: Home) -> None:
    """`set KEY` alone is wrong usage, and does not empty the key."""
    result = home.run("config", "set", "threads")

    assert result.returncode == 2
    assert "eidosctl config set threads VALUE" in result.stderr


def test_a_variable_that_hides_the_change_is_told(home: Home) -> None:
    """Who sets a key that the environment sets as well is warned."""
    result = home.run("config", "set", "threads", "4", EIDOS_THREADS="5")

    assert result.returncode == 0
    assert "warning: EIDOS_THREADS is set here" in result.stderr


def test_reload_without_a_daemon_ends_with_3(home: Home) -> None:
    """A unit's ExecReload, or a script, sees that nobody was there."""
    result = home.run("reload")

    assert result.returncode == 3
    assert "no daemon listens" in result.stderr


@pytest.mark.model
def test_a_change_reaches_the_running_daemon(served: tuple[RealDaemon, Home]) -> None:
    """`set` and `undo` are in force when they return, in the same process."""
    daemon, home = served
    pid = daemon.status()["pid"]

    told = home.ok("config", "set", "queue_size", "7")

    assert "changed queue_size\neidosd: " in told
    assert daemon.status()["queue"]["size"] == 7
    home.ok("config", "undo")
    assert daemon.status()["queue"]["size"] == 32
    assert daemon.status()["pid"] == pid
    assert home.ok("reload").startswith("eidosd: ")


@pytest.mark.model
def test_a_refused_change_leaves_the_daemon_answering(served: tuple[RealDaemon, Home]) -> None:
    """The old settings stay in force, the way back is named, and it works."""
    daemon, home = served

    result = home.run("config", "set", "model_path", "/nowhere.onnx")

    assert result.returncode == 78
    assert "config.toml is written, but the daemon did not take it over" in result.stderr
    assert "/nowhere.onnx" in result.stderr
    assert "eidosctl config undo" in result.stderr
    assert isinstance(daemon.ask(EXAMPLE), Suggestions)
    assert home.run("reload").returncode == 78
    home.ok("config", "undo")
    home.ok("reload")
    assert isinstance(daemon.ask(EXAMPLE), Suggestions)
