"""Lines and scripts of fish as a `script.Statement`.

The grammar is that of fish 3.6, held against `fish --no-execute`, and the `{ …; }` of fish 4.1.
Refused too is what fish takes, but for something else than it says: bash's `<( )`, `$1`, backticks.
"""

from typing import Final

from eidos.validator.budget import Budget, OverBudget
from eidos.validator.faults import SyntaxFault
from eidos.validator.reading.fish_grammar import Grammar
from eidos.validator.reading.fish_tokens import Tokenizer
from eidos.validator.script import Sequence, Statement

MAX_CHARS: Final = 8192


def read_fish(text: str, budget: Budget) -> Statement:
    """Return the structure of *text*, one line or many.

    Raises:
        OverBudget: It is too large, too deep or too slow to be read.
        SyntaxFault: fish would not take it as a whole, or not for what it says.
    """
    if len(text) > MAX_CHARS:
        raise OverBudget(f"longer than {MAX_CHARS} characters")
    tokenizer = Tokenizer(text, budget)
    script = Grammar(tokenizer).read_all()
    if not tokenizer.has_ampersand_in_word:
        return script
    earlier = _read_as_before_3_5(text, budget)
    return Sequence((script, earlier)) if earlier else script


def _read_as_before_3_5(text: str, budget: Budget) -> Statement | None:
    """Return what an & inside a word made of *text* before fish 3.5, if it was a line at all.

    `true&rm -rf x` ran rm there; since then `true&rm` is the name of one program.
    """
    try:
        return Grammar(Tokenizer(text, budget, is_split_at_ampersand=True)).read_all()
    except SyntaxFault:
        return None
