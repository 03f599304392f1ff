"""Configuration: environment over file over defaults, and errors that name key and value."""

import dataclasses
from pathlib import Path

import pytest

from eidos import config
from eidos.config import Config
from eidos.errors import ConfigError


def write(tmp_path: Path, text: str) -> Path:
    """Write *text* as a configuration file."""
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


def test_a_missing_file_means_defaults(tmp_path: Path) -> None:
    """Eidos runs without any configuration."""
    assert Config.load({}, tmp_path / "none.toml") == Config()


def test_environment_wins_over_file_and_file_over_default(tmp_path: Path) -> None:
    """Each key is taken from the first of environment, file, default that has it."""
    path = write(tmp_path, 'threads = 3\nqueue_size = 5\nlog_level = "debug"\n')

    rows = {key: (value, src) for key, value, src in config.describe({"EIDOS_THREADS": "4"}, path)}

    assert rows["threads"] == (4, "environment")
    assert rows["queue_size"] == (5, "file")
    assert rows["max_tokens"] == (96, "default")


@pytest.mark.parametrize("field", dataclasses.fields(Config), ids=lambda field: field.name)
def test_every_key_has_a_variable_an_explanation_and_its_allowed_values(
    field: dataclasses.Field[object], tmp_path: Path
) -> None:
    """A variable with a key's default as text is accepted; help texts are there."""
    default = config.default(field)
    environ = {config.variable(field.name): str(default) if default != {} else ""}

    assert Config.load(environ, tmp_path / "none") == Config()
    assert config.explanation(field.name).endswith(".")
    assert config.allowed(field.name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("threads = 0", ["threads = 0", "a whole number from 1 to 64"]),
        ('threads = "two"', ["threads = 'two'", "a whole number from 1 to 64"]),
        ("deadline_s = 1e9", ["deadline_s", "a number from 0.1 to 300"]),
        ('log_level = "loud"', ["'loud'", "one of debug, info, warning, error"]),
        ("model_path = 3", ["model_path = 3", "a path"]),
        ('context = "no"', ["context = 'no'", "true or false"]),
        ("modle_path = 3", ["unknown key 'modle_path'", "did you mean model_path?"]),
        ("zoo = 3", ["unknown key 'zoo'", "known keys: model_path"]),
        ('[rules]\ngit-clean = "off"', ["'off'", "each level one of ok, warn, block"]),
        ('profile = "lax"', ["'lax'", "one of strict, balanced, warn-only"]),
        ("threads = ", ["cannot read", "config.toml"]),
    ],
)
def test_a_bad_file_is_refused_with_key_value_and_cure(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    """The error names the file, the key, the bad value and what is allowed."""
    path = write(tmp_path, text)

    with pytest.raises(ConfigError) as caught:
        Config.load({}, path)

    assert str(path) in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_levels_of_rules_come_from_a_table_or_from_pairs(tmp_path: Path) -> None:
    """The file has a table, a variable the same in one line; the variable replaces the table."""
    path = write(tmp_path, '[rules]\ngit-clean = "ok"\n')

    assert Config.load({}, path).rules == {"git-clean": "ok"}
    assert Config.load({"EIDOS_RULES": "a=block b=warn"}, path).rules == {"a": "block", "b": "warn"}


def test_a_bad_variable_is_named(tmp_path: Path) -> None:
    """An error in the environment names the variable, not a file."""
    with pytest.raises(ConfigError, match=r"EIDOS_THREADS: threads = '99' is not allowed"):
        Config.load({"EIDOS_THREADS": "99"}, tmp_path / "none")


@pytest.mark.parametrize(
    ("value", "told"),
    [("", True), ("1", True), ("true", True), ("0", False), ("false", False), ("False", False)],
)
def test_one_variable_silences_daemon_and_clients(
    tmp_path: Path, value: str, *, told: bool
) -> None:
    """EIDOS_CONTEXT means the same to the daemon, which reads it as a key, and to a client."""
    environ = {"EIDOS_CONTEXT": value}

    assert Config.load(environ, tmp_path / "none").context is told
    assert config.tells_context(environ) is told


@pytest.mark.parametrize("value", ["no", "off", "2"])
def test_a_client_takes_no_in_other_words_for_no(value: str) -> None:
    """What a person may mean by it tells nothing, although the daemon would refuse the value."""
    assert not config.tells_context({"EIDOS_CONTEXT": value})


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 give a sentence, not a traceback."""
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError, match="mend it or move it away"):
        Config.load({}, path)
