"""What lies too close to the development set to be trained on."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

TASKS: Final = Path(__file__).parent / "tasks"
JACCARD_LIMIT: Final = 0.8
"""Of the words of two requests, how many both share; from here on they are the same question."""


class Question(msgspec.Struct, frozen=True):
    """A request of the development set, and the program that answers it."""

    request: str
    utility: str


def read_questions(folder: Path = TASKS) -> tuple[Question, ...]:
    """Return every request of the development set in *folder*; none where there is no such set."""
    tables = (tomllib.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.toml")))
    return tuple(
        Question(task["request"], task["utility"])
        for table in tables
        for task in table.get("task", ())
    )


class DevelopmentSet:
    """The questions that nothing in training may come close to."""

    def __init__(self, questions: Iterable[Question]) -> None:
        self._requests = set[tuple[str, ...]]()
        self._of_utility = defaultdict[str, list[frozenset[str]]](list)
        for question in questions:
            words = request_words(question.request)
            self._requests.add(words)
            self._of_utility[question.utility].append(frozenset(words))

    def is_close(self, request: str, command: str) -> bool:
        """Whether *request* is one of the questions, but for its form, or nearly one.

        Nearly: it shares `JACCARD_LIMIT` of its words with a question whose utility is anywhere in
        *command*.
        """
        words = request_words(request)
        if words in self._requests:
            return True
        here = frozenset(words)
        utilities = set(_PROGRAM.findall(command)) & self._of_utility.keys()
        return any(
            _jaccard(here, there) >= JACCARD_LIMIT
            for utility in utilities
            for there in self._of_utility[utility]
        )


def request_words(request: str) -> tuple[str, ...]:
    """Return the words of *request* that count: no case, quotes, articles, polite frames."""
    text = _FRAME.sub("", re.sub(r"[\"'`]", "", request.lower()))
    return tuple(word for word in _WORD.findall(text) if word not in _FILLERS)


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    fewer, more = sorted((len(one), len(other)))
    if not fewer or fewer < JACCARD_LIMIT * more:
        return 0.0
    shared = len(one & other)
    return shared / (fewer + more - shared)


_PROGRAM: Final = re.compile(r"[\w.+-]+|\[+")
_WORD: Final = re.compile(r"[\w./@:*~$%+-]*\w|[*~$%]+\.?\w*")
_FILLERS: Final = frozenset("a an the please of my me all".split())
_FRAME: Final = re.compile(
    r"^(?:\s*(?:please|hey|hi|hello|ok|so|now)\b[, ]*)*"
    r"(?:(?:how (?:do|can|could|would) (?:i|you)|(?:can|could|would) you"
    r"|i (?:want|need|would like) to"
    r"|i'?d like to|what is the command to|command to|help me|show me how to)\s+)?"
    r"|[?!. ]+(?:please|thanks|thank you)?[?!. ]*$"
)
