"""Requests in other languages: translated, or sent as they are with a word about it."""

import asyncio
import threading
from typing import cast

import pytest

from eidos.errors import ProviderError
from eidos.finished import Account, PhaseName
from eidos.foreign import Foreign
from eidos.protocol import Shell, SuggestRequest
from eidos.remote_asking import Answered, Question, RemoteAsking
from eidos_remote.messages import Code, Redacted, Translate, Translation

GERMAN = "zeige alle Prozesse, die den Port 8080 benutzen"


class Translator:
    """An eidos-remote with one answer, or a fault; remembers what it was asked."""

    def __init__(self, text: str | Exception, **fields: object) -> None:
        self._text = text
        self._fields = fields
        self.asked: list[tuple[Question, float]] = []

    async def ask(self, question: Question, *, timeout_s: float) -> Answered:
        """Answer, or fail."""
        self.asked.append((question, timeout_s))
        if isinstance(self._text, Exception):
            raise self._text
        told = {"provider": "libretranslate (x.org)", **self._fields}
        reply = Translation(id="1", text=self._text, source="de", to="en", **told)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        return Answered(reply, (Redacted("password in a URL", "[password in a URL 1]"),))


def in_english(text: str, translator: Translator | None) -> tuple[str, str]:
    """Return the text that the model is asked, and what the person is told."""
    foreign = Foreign(cast("RemoteAsking | None", translator), timeout_s=2.5)
    request = SuggestRequest(id="x", shell=Shell.BASH, count=1, text=text)
    asked, notice = asyncio.run(foreign.in_english(request, Account()))
    assert (asked.id, asked.shell, asked.count) == ("x", Shell.BASH, 1)
    return asked.text, notice


@pytest.mark.parametrize(
    "text", ["list files by size", "git status", "ls -la /srv/größe", "tar xf müller.tar.gz"]
)
def test_what_may_be_english_or_a_command_is_left_alone(text: str) -> None:
    """Nobody is asked, and nothing is said."""
    translator = Translator("never")

    assert in_english(text, translator) == (text, "")
    assert translator.asked == []


def test_a_translation_takes_the_place_of_the_request() -> None:
    """The model is asked in English; language, translator, text and what went without are told."""
    translator = Translator("show all processes that use port 8080")

    text, notice = in_english(GERMAN, translator)

    assert text == "show all processes that use port 8080"
    by = "translated from German by libretranslate (x.org) (left out: password in a URL)"
    assert notice == f"{by}: «{text}»"
    ((question, timeout_s),) = translator.asked
    assert isinstance(question, Translate)
    assert (question.text, question.source, question.to) == (GERMAN, "de", "en")
    assert question.is_request
    assert timeout_s == 2.5


def test_a_translation_of_several_lines_becomes_one() -> None:
    """Blanks around and breaks within do not matter to the model."""
    assert in_english(GERMAN, Translator(" show\n all \n"))[0] == "show all"


def test_a_long_translation_is_shortened_in_the_message_alone() -> None:
    """The model gets all of it."""
    text, notice = in_english(GERMAN, Translator("show " * 60))

    assert len(text) == 299
    assert len(notice) < 250
    assert notice.endswith("…»")


def test_a_text_that_was_english_after_all_is_left_alone() -> None:
    """Where the translator says so, nothing has changed and nothing is said."""
    assert in_english(GERMAN, Translator(GERMAN, is_same=True)) == (GERMAN, "")


@pytest.mark.parametrize("text", ["", " \n", "ls\x1b[2K", "show \u202e all", "x" * 1001])
def test_what_is_no_request_is_not_asked(text: str) -> None:
    """An answer that is empty, too long or more than text does not take the request's place."""
    asked, notice = in_english(GERMAN, Translator(text))

    assert asked == GERMAN
    assert notice == "not translated from German: what came is no request"


def test_a_fault_is_told_and_costs_nothing() -> None:
    """Whatever fails, the request goes to the model as it was typed."""
    fault = ProviderError("openai (x) refused its key", code=Code.REFUSED)

    asked, notice = in_english(GERMAN, Translator(fault))

    assert asked == GERMAN
    assert notice == "not translated from German: openai (x) refused its key"


def test_without_a_translator_the_person_is_told() -> None:
    """The model does not know the language; the message says what to do."""
    said = "the model does not know German: ask in English, or set translate_requests = true"

    assert in_english(GERMAN, None) == (GERMAN, said)


@pytest.mark.parametrize(("text", "phases"), [("list files", []), (GERMAN, [PhaseName.TRANSLATE])])
def test_the_wait_for_a_translation_is_a_phase(text: str, phases: list[PhaseName]) -> None:
    """A request that nobody translates has none, one that fails there has it."""
    account = Account()
    translator = Translator(ProviderError("openai (x) is silent", code=Code.TIMEOUT))
    foreign = Foreign(cast("RemoteAsking", translator), timeout_s=2.5)
    request = SuggestRequest(id="x", shell=Shell.BASH, count=1, text=text)

    asyncio.run(foreign.in_english(request, account))

    assert [phase.name for phase in account.phases] == phases


def test_telling_the_language_does_not_hold_up_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model of languages is loaded in a thread."""
    threads: list[threading.Thread] = []

    def noted(_text: str) -> None:
        threads.append(threading.current_thread())

    monkeypatch.setattr("eidos.foreign.is_foreign", noted)

    in_english(GERMAN, None)

    assert threads != [threading.main_thread()]
