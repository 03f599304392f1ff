"""Every fault of a configuration file is told at once, with its line, and none that is none."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eidos.config import Config
from eidos.endpoint import endpoint_of
from eidos.errors import ConfigError
from eidos.validator.policy import Policy
from eidosctl import config_faults

VALUES = ["0", "1", "64", "1.5", "-1", '""', '"info"', "true", "[]", "{}", "nan", "inf", '"~/m"']
LINES = [
    *(f"{key} = {value}" for key in ("threads", "deadline_s", "context") for value in VALUES),
    *(f"{key} = {value}" for key in ("log_level", "model_path", "rules") for value in VALUES),
    'remote_url = "https://llm.example.org/v1"',
    'remote_url = "http://llm.example.org/v1"',
    "remote_timeout_s = 30",
    'profile = "lax"',
    "schema = 1",
    "schema = 2",
    "thread = 1",
    "threads =",
    "# remark",
    "[rules]",
    'git-clean = "ok"',
    'git-clean = "off"',
    'syntax = "ok"',
    'unreadable = "ok"',
    "zoo = 1",
]


def test_all_faults_are_told_with_their_lines() -> None:
    """Who made five mistakes reads of five, and where each of them is."""
    text = (
        "# mine\n"
        "threads = 0\n"
        "\n"
        "thread = 4\n"
        'log_level = "loud"\n'
        "[rules]\n"
        'git-clean = "off"\n'
        'syntax = "ok"\n'
        "[zoo]\n"
        "lion = 1\n"
    )

    found = [fault.at("F") for fault in config_faults.in_file(text.encode())]

    assert found == [
        "F:2: threads = 0 is not allowed; it must be a whole number from 1 to 64",
        "F:4: unknown key 'thread'; did you mean threads?",
        "F:5: log_level = 'loud' is not allowed; it must be one of debug, info, warning, error",
        "F:7: rules.git-clean = 'off' is not allowed; it must be one of ok, warn, block",
        "F:8: rules: syntax cannot be changed: what does not parse cannot be offered",
        "F:9: unknown key 'zoo'; eidosctl config show lists all",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a = 1\n\nb = = 2\n", "F:3: this is not TOML: "),
        (b"a = 1\nb =", "F:2: this is not TOML: "),
        (b"a = 1\na = 2\n", "F:2: this is not TOML: "),
        (b"# \xe4\n# \xff\n", "F:1: this is not UTF-8"),
        (b"\n# \xc3\xa4\n# \xff\n", "F:3: this is not UTF-8"),
        (b"threads = 2\nschema = 9\n", "F:2: schema = 9 is of a newer Eidos"),
        (b'# where\nremote_url = "http://a.example/v1"\n', "F:2: remote_url = 'http://a.example"),
        (
            b'# x\nchat_url = "http://a.example/v1"\n',
            "F:2: chat_url = 'http://a.example/v1' is not",
        ),
        (b'translate_url = "https://me:x@a.example"\n', "F:1: translate_url must hold no user"),
        (b'zoo.lion = "x"\n', "F:1: unknown key 'zoo'"),
        (b"# x\n[zoo.lion]\na = 1", "F:2: unknown key 'zoo'"),
        (b"# x\n[[threads]]\na = 1", "F:2: threads = [{'a': 1}] is not allowed"),
        (b"rules = { git-clean = 3 }", "F:1: rules.git-clean = 3 is not allowed"),
        (b"rules.git-clean = 3", "F:1: rules.git-clean = 3 is not allowed"),
    ],
)
def test_a_fault_has_a_line(content: bytes, words: str) -> None:
    """Of a text that is no TOML at all, and of one that is."""
    (fault,) = config_faults.in_file(content)

    assert fault.at("F").startswith(words)


def test_a_host_that_is_named_may_be_asked_in_the_clear() -> None:
    """plain_http_hosts counts for the addresses of chat and translation."""
    content = b'chat_url = "http://a.example/v1"\nplain_http_hosts = "a.example"\n'

    assert config_faults.in_file(content) == []


def test_a_key_of_the_file_is_no_secret_in_a_message() -> None:
    """An address that holds a password is not repeated."""
    content = b'remote_url = "https://me:hunter2@llm.example.org/v1"'

    (fault,) = config_faults.in_file(content)

    assert "hunter2" not in fault.text
    assert "remote_url must hold no user, password" in fault.text


@given(st.lists(st.sampled_from(LINES), max_size=5).map("\n".join))
@example('remote_url = "https://a.example"\nremote_timeout_s = 30')
def test_a_file_has_faults_if_the_daemon_refuses_it(text: str) -> None:
    """What is found here is what would stop the daemon, neither less nor more."""
    faults = config_faults.in_file(text.encode())

    assert bool(faults) == is_refused(text)
    assert all(fault.line is not None for fault in faults)


def is_refused(text: str) -> bool:
    """Return whether a daemon with this file as its configuration ends with 78."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(text)
        file.flush()
        try:
            config = Config.load({}, Path(file.name))
            Policy.build(config.profile, config.rules)
            endpoint_of(config)
        except ConfigError:
            return True
    return False
