"""A real server on loopback with LibreTranslate's interface, which knows a few sentences."""

import json
from collections.abc import Generator
from contextlib import contextmanager

from faulty_server import Act, FaultyServer, Handler, faulty_server

KNOWN = {
    ("de", "en", "zeige alle dateien"): "show all files",
    ("fr", "en", "montre tous les fichiers"): "show all files",
    ("en", "de", "show all files"): "zeige alle dateien",
    ("en", "fr", "show all files"): "montre tous les fichiers",
}
LANGUAGES = ("de", "en", "fr")


def translates(*, key: str = "") -> Act:
    """Translate what is known, return anything else in brackets; refuse who has not the *key*."""

    def act(handler: Handler) -> None:
        asked = handler.payload
        if key and asked.get("api_key") != key:
            _fail(handler, 403, f"Invalid API key: {asked.get('api_key')}")
        elif asked["target"] not in LANGUAGES:
            _fail(handler, 400, f"{asked['target']} is not supported: {asked['q']}")
        else:
            _translate(handler)

    return act


def _translate(handler: Handler) -> None:
    asked = handler.payload
    source = asked["source"]
    if source == "auto":
        found = [lang for lang, _, text in KNOWN if text == asked["q"].lower()]
        source = found[0] if found else "en"
    known = KNOWN.get((source, asked["target"], asked["q"].lower()))
    answer: dict[str, object] = {"translatedText": known or f"({asked['q']})"}
    if asked["source"] == "auto":
        answer["detectedLanguage"] = {"confidence": 90.0, "language": source}
    handler.reply(json.dumps(answer).encode(), Content_Type="application/json")


def _fail(handler: Handler, status: int, error: str) -> None:
    body = json.dumps({"error": error}).encode()
    handler.reply(body, status=status, Content_Type="application/json")


@contextmanager
def libre_server(*, key: str = "") -> Generator[FaultyServer]:
    """Run a server that wants *key*, if there is one."""
    with faulty_server(translates(key=key)) as server:
        yield server
