"""What is given to options that stand at the end of a cluster: `-sSLo file`."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.evaluating.options import rest_of

_CLUSTER: Final = "-[A-Za-z]*?"


@cache
def _cluster_to(letter: str) -> re.Pattern[str]:
    return re.compile(_CLUSTER + re.escape(letter))


def option_values(command: Command, letter: str, *longs: str) -> Iterator[Word]:
    """Yield what is given to an option, also at the end of a cluster: `-sSLo file`."""
    cluster = _cluster_to(letter)
    expects = False
    for word in command.args:
        if expects:
            yield word
            expects = False
        elif word.text.startswith("--"):
            name, equals, _ = word.text.partition("=")
            if name in longs and equals:
                yield rest_of(word, len(name) + 1)
            expects = word.text in longs
        elif match := cluster.match(word.text):
            expects = match.end() == len(word.text)
            if not expects:
                yield rest_of(word, match.end())
