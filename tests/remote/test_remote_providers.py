"""Who is asked, at which address, with which key; and what is said where nobody can be."""

import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from eidos.config import Config
from eidos.errors import ConfigError
from eidos_remote.keys import key_for, key_place
from eidos_remote.provider import ProviderName
from eidos_remote.providers import chat_provider, translate_provider

OPENAI = {"OPENAI_API_KEY": "key-of-openai"}
URL = {"LLM_API_URL": "https://llm.example/v1", "LLM_API_KEY": "key-of-llm"}
OLLAMA = {"OLLAMA_HOST": "127.0.0.1"}
LIBRE = {"LIBRETRANSLATE_URL": "https://libre.example", "LIBRETRANSLATE_API_KEY": "key-of-libre"}
ALL = OPENAI | URL | OLLAMA | LIBRE
CHAT_URL = "https://configured.example"


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    """A private file with a key."""
    path = tmp_path / "key"
    path.write_text("key-of-file\n")
    path.chmod(0o600)
    return str(path)


def chats(
    given: dict[str, str] | None = None, own: dict[str, str] | None = None, **keys: Any
) -> tuple[str, str, str]:
    """Return who chats: name, address and key."""
    found = chat_provider(Config(**keys), given or {}, own or {})
    return found.name, found.url, found.key.reveal()


def translates(
    given: dict[str, str] | None = None, own: dict[str, str] | None = None, **keys: Any
) -> tuple[str, str, str]:
    """Return who translates: name, address and key."""
    found = translate_provider(Config(**keys), given or {}, own or {})
    return found.name, found.url, found.key.reveal()


@pytest.mark.parametrize(
    ("given", "keys", "expected"),
    [
        (ALL, {"chat_url": CHAT_URL}, ("compatible", CHAT_URL, "key-of-llm")),
        (ALL, {}, ("compatible", "https://llm.example", "key-of-llm")),
        (OPENAI | OLLAMA, {}, ("openai", "https://api.openai.com", "key-of-openai")),
        (OLLAMA, {}, ("ollama", "http://127.0.0.1:11434", "")),
        (ALL, {"chat_provider": "openai"}, ("openai", "https://api.openai.com", "key-of-openai")),
        (ALL, {"chat_provider": "ollama"}, ("ollama", "http://127.0.0.1:11434", "")),
        ({}, {"chat_provider": "ollama"}, ("ollama", "http://127.0.0.1:11434", "")),
        (
            OPENAI,
            {"chat_provider": "ollama", "chat_url": "http://[::1]:1/v1"},
            ("ollama", "http://[::1]:1", ""),
        ),
    ],
)
def test_who_chats(given: dict[str, str], keys: dict[str, str], expected: tuple[str, ...]) -> None:
    """The configuration says so, else the first variable that is set, in the order of the docs."""
    assert chats(given, **keys) == expected
    assert chats({}, given, **keys) == expected


@pytest.mark.parametrize(
    ("given", "keys", "expected"),
    [
        (ALL, {"translate_url": CHAT_URL}, ("libretranslate", CHAT_URL, "key-of-libre")),
        (ALL, {}, ("libretranslate", "https://libre.example", "key-of-libre")),
        (OPENAI, {}, ("openai", "https://api.openai.com", "key-of-openai")),
        ({}, {"chat_provider": "ollama"}, ("ollama", "http://127.0.0.1:11434", "")),
        (ALL, {"translate_provider": "chat"}, ("compatible", "https://llm.example", "key-of-llm")),
    ],
)
def test_who_translates(
    given: dict[str, str], keys: dict[str, str], expected: tuple[str, ...]
) -> None:
    """A translation server where there is one, else who chats."""
    assert translates(given, **keys) == expected


def test_what_is_given_comes_before_the_own_environment() -> None:
    """The shell that asks knows better than the service, and the configuration best."""
    assert chats(OPENAI, {"OPENAI_API_KEY": "old"})[2] == "key-of-openai"
    assert chats({"OPENAI_API_KEY": " "}, OPENAI)[2] == "key-of-openai"
    assert chats(URL, {"LLM_API_URL": "https://old.example"})[1] == "https://llm.example"


def test_whom_the_shell_names_is_asked_though_the_service_names_another() -> None:
    """The service may have been started by another shell, in another project."""
    service = {"LLM_API_URL": "https://other-project.example"}

    assert chats(OPENAI, service)[0] == "openai"
    assert chats(OLLAMA, service | OPENAI)[0] == "ollama"


@pytest.mark.timeout(10)
def test_a_pipe_is_no_key_file(tmp_path: Path) -> None:
    """It is not waited for until somebody writes into it."""
    os.mkfifo(tmp_path / "key", 0o600)

    with pytest.raises(ConfigError, match="is no file"):
        chats({}, chat_provider="openai", chat_key_file=str(tmp_path / "key"))


def test_a_key_goes_to_its_own_provider_alone(key_file: str, tmp_path: Path) -> None:
    """OpenAI's key goes to no other address, and a foreign address gets no key that was kept."""
    (tmp_path / "llm-api-key").write_text("credential")
    kept = {"CREDENTIALS_DIRECTORY": str(tmp_path), "LLM_API_KEY": "own"}
    foreign = {"LLM_API_URL": "https://project.example"}

    assert chats(OPENAI, chat_url=CHAT_URL) == ("compatible", CHAT_URL, "")
    assert chats(OPENAI | foreign, kept, chat_key_file=key_file)[2] == ""
    assert chats(foreign | {"LLM_API_KEY": "given"}, kept)[2] == "given"
    assert chats({}, foreign, chat_key_file=key_file)[2] == ""
    assert chats(OPENAI, chat_key_file=key_file)[2] == "key-of-openai"
    assert chats(OLLAMA, chat_key_file=key_file)[2] == ""
    assert (
        translates({"LIBRETRANSLATE_URL": "https://project.example"}, translate_key_file=key_file)[
            2
        ]
        == ""
    )


def test_a_file_has_the_key_of_what_the_configuration_names(key_file: str) -> None:
    """For its address, or for OpenAI where it says so."""
    assert chats(chat_url=CHAT_URL, chat_key_file=key_file)[2] == "key-of-file"
    assert chats(chat_provider="openai", chat_key_file=key_file)[2] == "key-of-file"
    assert translates(translate_url=CHAT_URL, translate_key_file=key_file)[2] == "key-of-file"


def test_the_order_of_keys(key_file: str, tmp_path: Path) -> None:
    """Who asks, this process, systemd's credential, the file; the place can be told."""
    (tmp_path / "openai-api-key").write_text("credential\n")
    own = {"CREDENTIALS_DIRECTORY": str(tmp_path), "OPENAI_API_KEY": "own"}
    name = ProviderName.OPENAI

    found = [
        (key_for(name, *where).reveal(), key_place(name, *where))
        for where in (
            ({"OPENAI_API_KEY": "given"}, own, key_file),
            ({}, own, key_file),
            ({}, {"CREDENTIALS_DIRECTORY": str(tmp_path)}, key_file),
            ({}, {"CREDENTIALS_DIRECTORY": "/nonexistent"}, key_file),
            ({}, {}, ""),
        )
    ]

    assert found == [
        ("given", "OPENAI_API_KEY"),
        ("own", "OPENAI_API_KEY"),
        ("credential", "the credential openai-api-key"),
        ("key-of-file", "chat_key_file"),
        ("", ""),
    ]


def test_a_new_key_counts_at_once(key_file: str) -> None:
    """The file is read for each request."""
    assert chats(chat_url=CHAT_URL, chat_key_file=key_file)[2] == "key-of-file"

    Path(key_file).write_text("new-key")

    assert chats(chat_url=CHAT_URL, chat_key_file=key_file)[2] == "new-key"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622])
def test_a_key_that_others_can_read_is_refused(key_file: str, mode: int) -> None:
    """The message has the command that mends it."""
    Path(key_file).chmod(mode)

    with pytest.raises(ConfigError, match=f"chat_key_file {key_file} is open .* chmod 600"):
        chats(chat_url=CHAT_URL, chat_key_file=key_file)


@pytest.mark.parametrize("value", ["two words", "line\nline", "schlüssel", "a\x00b"])
def test_what_is_no_key_is_refused_unsaid(value: str, key_file: str) -> None:
    """It could not stand in a header; the message names its place and not a word of it."""
    Path(key_file).write_text(value)

    for given, keys in (({"OPENAI_API_KEY": value}, {}), ({}, {"chat_key_file": key_file})):
        with pytest.raises(ConfigError, match="holds no key") as caught:
            chats(given, chat_provider="openai", **keys)
        assert value not in str(caught.value)


def test_a_key_is_not_shown() -> None:
    """Nor written anywhere by accident."""
    found = chat_provider(Config(), OPENAI, {})

    assert "key-of-openai" not in f"{found!r} {found} {found.key} {found.key!r}"
    with pytest.raises(TypeError):
        pickle.dumps(found.key)


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("localhost", "http://localhost:11434"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:11434"),  # noqa: S104 - what a person wrote
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        (":8080", "http://127.0.0.1:8080"),
        ("[::]:8080", "http://[::1]:8080"),
        ("::1", "http://[::1]:11434"),
        ("[::1]", "http://[::1]:11434"),
        ("http://localhost", "http://localhost"),
        ("http://localhost:11434/", "http://localhost:11434"),
        ("https://ollama.example", "https://ollama.example"),
        ("https://ollama.example/sub/v1", "https://ollama.example/sub"),
    ],
)
def test_ollamas_host_is_read_as_ollama_reads_it(value: str, url: str) -> None:
    """With or without a port, as an address, and as what its server listens on."""
    assert chats({"OLLAMA_HOST": value})[1] == url


@pytest.mark.parametrize(
    ("given", "keys", "words"),
    [
        ({}, {}, "set LLM_API_URL, OPENAI_API_KEY or OLLAMA_HOST"),
        ({}, {"chat_provider": "compatible"}, "eidosctl config set chat_url URL"),
        (ALL, {"chat_provider": "off"}, "switched off.*chat_provider auto"),
        ({}, {"chat_provider": "openai"}, "set OPENAI_API_KEY or chat_key_file"),
        (OPENAI, {"chat_provider": "openai", "chat_url": CHAT_URL}, "config unset chat_url"),
        ({"LLM_API_URL": "http://llm.example"}, {}, "LLM_API_URL = .* use https"),
        ({"OLLAMA_HOST": "ollama.example"}, {}, "name ollama.example in plain_http_hosts"),
        ({"LLM_API_URL": "llm.example"}, {}, "must be like https://HOST/v1"),
        ({"LLM_API_URL": "https://me:secret@llm.example"}, {}, "put the key into LLM_API_KEY"),
        ({"OLLAMA_HOST": "me:secret@llm.example"}, {}, "OLLAMA_HOST must hold no user"),
    ],
)
def test_what_is_missing_is_said(given: dict[str, str], keys: dict[str, str], words: str) -> None:
    """With what to set, or where the fault is."""
    with pytest.raises(ConfigError, match=words) as caught:
        chats(given, **keys)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "keys", "words"),
    [
        ({}, {}, "set LIBRETRANSLATE_URL"),
        (OPENAI, {"translate_provider": "libretranslate"}, "set LIBRETRANSLATE_URL"),
        (ALL, {"translate_provider": "off"}, "translate_provider auto"),
        ({}, {"translate_provider": "chat"}, "set LLM_API_URL"),
        (LIBRE, {"translate_url": "http://libre.example"}, "translate_url = .* use https"),
    ],
)
def test_a_missing_translator_is_said(
    given: dict[str, str], keys: dict[str, str], words: str
) -> None:
    """With what to set."""
    with pytest.raises(ConfigError, match=words):
        translates(given, **keys)


def test_plain_http_is_for_hosts_that_are_named() -> None:
    """By the whole name, whatever the port; and nobody who is named like one."""
    named = {"plain_http_hosts": "other box.lan fd00::7"}

    assert chats({"LLM_API_URL": "http://BOX.lan:8080"}, **named)[1] == "http://BOX.lan:8080"
    assert chats({"LLM_API_URL": "http://[fd00::7]"}, **named)[1] == "http://[fd00::7]"
    for host in ("box.lan.example", "xbox.lan", "lan"):
        with pytest.raises(ConfigError, match="plain_http_hosts"):
            chats({"LLM_API_URL": f"http://{host}"}, **named)


def test_times_come_from_the_configuration() -> None:
    """A translation has its own, whoever makes it."""
    config = Config(chat_timeout_s=7, translate_timeout_s=6, read_timeout_s=5, connect_timeout_s=4)

    chat, by_chat = chat_provider(config, OPENAI, {}), translate_provider(config, OPENAI, {})
    libre = translate_provider(config, LIBRE, {})

    assert (chat.connect_timeout_s, chat.read_timeout_s, chat.total_timeout_s) == (4, 5, 7)
    assert (by_chat.total_timeout_s, libre.total_timeout_s, libre.read_timeout_s) == (6, 6, 5)
