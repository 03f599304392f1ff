"""The schema of the configuration: older files are read as of today, newer ones refused."""

from pathlib import Path

import pytest

from eidos import config_schema
from eidos.config import Config
from eidos.config_schema import Table
from eidos.errors import ConfigError


def cores_to_threads(table: Table) -> None:
    """Schema 2 calls "threads" what schema 1 called "cores"."""
    if "cores" in table:
        table["threads"] = table.pop("cores")


def deadline_in_seconds(table: Table) -> None:
    """Schema 3 counts in seconds, schema 2 did in milliseconds."""
    if "deadline_ms" in table:
        table["deadline_s"] = table.pop("deadline_ms") / 1000


@pytest.fixture
def third(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make today's schema the third."""
    monkeypatch.setattr(config_schema, "STEPS", (cores_to_threads, deadline_in_seconds))


@pytest.mark.usefixtures("third")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"cores": 4, "deadline_ms": 2500}, {"threads": 4, "deadline_s": 2.5}),
        ({"schema": 1, "cores": 4}, {"threads": 4}),
        ({"schema": 2, "cores": 4, "deadline_ms": 500}, {"cores": 4, "deadline_s": 0.5}),
        ({"schema": 3, "cores": 4, "deadline_ms": 500}, {"cores": 4, "deadline_ms": 500}),
        ({}, {}),
    ],
    ids=["no number", "1", "2", "3", "empty"],
)
def test_a_table_takes_the_steps_that_it_has_not_taken(old: Table, new: Table) -> None:
    """Each step is taken once, in order, from the table's own number on; the number goes away."""
    given = dict(old)

    assert config_schema.migrate(given, place="here") == new
    assert given == old


@pytest.mark.usefixtures("third")
def test_an_older_file_loads_and_is_left_alone(tmp_path: Path) -> None:
    """The daemon understands a file of schema 1, and never writes to it."""
    path = tmp_path / "config.toml"
    path.write_text("cores = 4\n[rules]\ngit-clean = 'ok'\n")

    config = Config.load({}, path)

    assert config.threads == 4
    assert config.rules == {"git-clean": "ok"}
    assert path.read_text() == "cores = 4\n[rules]\ngit-clean = 'ok'\n"


def test_a_file_may_say_todays_number(tmp_path: Path) -> None:
    """The number of the schema is no setting, and no unknown key."""
    path = tmp_path / "config.toml"
    path.write_text(f"schema = {config_schema.newest()}\nthreads = 4\n")

    assert Config.load({}, path) == Config(threads=4)


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    """After a downgrade the daemon says what happened, and guesses nothing."""
    path = tmp_path / "config.toml"
    path.write_text(f"schema = {config_schema.newest() + 1}\n")

    with pytest.raises(ConfigError, match="of a newer Eidos than this one") as caught:
        Config.load({}, path)

    assert str(path) in str(caught.value)
    assert "install the newer Eidos again" in str(caught.value)


@pytest.mark.parametrize("number", ["0", "-1", "'1'", "true", "1.0", "[1]"])
def test_a_number_that_is_none_is_refused(tmp_path: Path, number: str) -> None:
    """Only a whole number from 1 is the number of a schema."""
    path = tmp_path / "config.toml"
    path.write_text(f"schema = {number}\n")

    with pytest.raises(ConfigError, match=r"schema = .* is not allowed"):
        Config.load({}, path)
