"""Places reached through a link that the line itself made: `ln -s /etc x; rm -rf x/*`."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from msgspec.structs import replace

from eidos.validator.commands import Command, Word

_MAX_LINKS: Final = 8
_MADE_BY: Final = frozenset({"ln", "link"})


def through_links(command: Command, words: Iterable[Word]) -> Iterable[Word]:
    """Return *words*, each as the place that it leads to."""
    links = list(islice((one for one in command.reads if one.name in _MADE_BY), _MAX_LINKS))
    return (_followed(word, links) for word in words) if links else words


def _followed(word: Word, links: list[Command]) -> Word:
    for made in links:
        *_, place, made_link = (word, Word(""), *made.operands)
        link = made_link.text.rstrip("/")
        if link and place.text and (word.text == link or word.text.startswith(f"{link}/")):
            rest = word.text[len(link) :]
            return replace(word, text=place.text.rstrip("/") + rest or "/", folder=place.folder)
    return word
