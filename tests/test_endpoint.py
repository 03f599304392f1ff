"""Which server may be asked, in the clear or not, and with which key."""

from pathlib import Path

import pytest

from eidos.config import Config
from eidos.endpoint import Endpoint, endpoint_of, read_key
from eidos.errors import ConfigError

KEY = "sk-a-secret-of-the-team"


def of(url: str, key_file: str = "") -> Endpoint:
    """Return the endpoint of a configuration with *url*."""
    found = endpoint_of(Config(remote_url=url, remote_key_file=key_file))
    assert found is not None
    return found


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A file with a key in it that only its owner can read."""
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n")
    path.chmod(0o600)
    return path


def test_by_default_there_is_none() -> None:
    """Nobody who does not ask for it gets a remote engine."""
    assert endpoint_of(Config()) is None


@pytest.mark.parametrize(
    ("url", "base", "host"),
    [
        ("https://llm.example.org", "https://llm.example.org", "llm.example.org"),
        ("https://llm.example.org/v1/", "https://llm.example.org", "llm.example.org"),
        ("https://example.org:8443/llm/v1", "https://example.org:8443/llm", "example.org:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://localhost:11434/v1", "http://localhost:11434", "localhost:11434"),
        ("http://[::1]:8080", "http://[::1]:8080", "[::1]:8080"),
    ],
)
def test_an_address_may_end_as_people_write_it(url: str, base: str, host: str) -> None:
    """With or without `/v1`, which is how OpenAI's own address is written."""
    assert (of(url).url, of(url).host) == (base, host)


@pytest.mark.parametrize(
    "url",
    [
        "http://llm.example.org",
        "http://10.0.0.7:8080",
        "http://127.0.0.1.example.org",
        "http://0.0.0.0:8080",
        "http://localhost.example.org",
        "http://2130706433",
    ],
)
def test_nothing_is_sent_in_the_clear(url: str) -> None:
    """Plain http is for this machine alone, and for nobody who is named like it."""
    with pytest.raises(ConfigError, match="use https"):
        of(url)


@pytest.mark.parametrize(
    "url",
    [
        "llm.example.org",
        "ftp://example.org",
        "https://",
        "https:///v1",
        "https://example.org:port",
        "https://example.org:99999",
        "https://[::1",
        "https://exa mple.org",
        "https://example.org\n/v1",
        "https://example.org\\@evil.example",
        "https://еxample.org",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    """Whatever cannot be a server's address stops the daemon, with the key that is wrong."""
    with pytest.raises(ConfigError, match="remote_url"):
        of(url)


@pytest.mark.parametrize(
    "url",
    [
        f"https://me:{KEY}@example.org",
        f"https://{KEY}@example.org",
        f"https://example.org/?k={KEY}",
        f"https://example.org/#{KEY}",
        f"https://me: {KEY}@example.org",
        f"https://me:{KEY}/@example.org",
        f"https://me:{KEY}@[example.org",
        f"https://example.org/?k=\u043a{KEY}",
    ],
)
def test_an_address_holds_no_key(url: str) -> None:
    """An address is shown and logged: a key in it is refused, unsaid, with the place for it."""
    with pytest.raises(ConfigError, match="remote_key_file") as caught:
        of(url)

    assert KEY not in str(caught.value)


def test_an_engine_that_waits_is_not_taken_for_dead() -> None:
    """The server's time must end before the engine's, or each slow answer would cost an engine."""
    config = Config(remote_url="https://example.org", remote_timeout_s=20, engine_timeout_s=20)

    with pytest.raises(ConfigError, match="remote_timeout_s = 20 must be less than"):
        endpoint_of(config)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://llm.example.org", "leaves this machine: llm.example.org"),
        ("http://localhost:8080", "goes to another server, on this machine: localhost:8080"),
    ],
)
def test_the_warning_says_where_texts_go(url: str, words: str) -> None:
    """It is true for a server on this machine too."""
    assert of(url).warning == f"text that you send {words}"


def test_the_environment_comes_before_the_file(key_file: Path) -> None:
    """As with every setting; and a key with neither is none."""
    with_file = of("https://example.org", str(key_file))

    assert read_key(with_file, {"EIDOS_REMOTE_KEY": " other "}) == "other"
    assert read_key(with_file, {"EIDOS_REMOTE_KEY": ""}) == KEY
    assert read_key(of("https://example.org"), {}) == ""


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o700 | 0o010])
def test_a_key_that_is_open_to_others_is_refused(key_file: Path, mode: int) -> None:
    """Whoever else may read or write it, the message has the command that mends it, and no key."""
    key_file.chmod(mode)

    with pytest.raises(ConfigError, match=f"chmod 600 {key_file}") as caught:
        read_key(of("https://example.org", str(key_file)), {})

    assert KEY not in str(caught.value)


@pytest.mark.parametrize("text", ["", "  \n", "two words", "line\nline", "tab\ttab", "schlüssel"])
def test_what_cannot_be_a_key_is_refused(key_file: Path, text: str) -> None:
    """Nothing gets into a header that could end it, and no message has what was in the file."""
    key_file.write_text(text)

    with pytest.raises(ConfigError, match="holds no key") as caught:
        read_key(of("https://example.org", str(key_file)), {})

    assert text.strip() == "" or text not in str(caught.value)


def test_a_key_file_that_is_none_is_named(tmp_path: Path) -> None:
    """A missing file, and a folder in its place, come with what to do."""
    missing = of("https://example.org", str(tmp_path / "missing"))
    folder = of("https://example.org", str(tmp_path))

    for endpoint in (missing, folder):
        with pytest.raises(ConfigError, match=f"remote_key_file {endpoint.key_file}"):
            read_key(endpoint, {})
