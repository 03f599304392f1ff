"""Lines and scripts of bash and zsh as a `script.Statement`.

A reader of our own rather than a walk over the tree of tree-sitter: that grammar has no node for
much of what the two shells take (zsh patterns, short loops, `coproc`, `{a,b}` as a command) and
takes some lines for others (`cat <<EOF | sh`, `echo >&2 x`, backticks in a here-document).
"""

from eidos.protocol import Shell
from eidos.validator.budget import Budget, OverBudget
from eidos.validator.faults import SyntaxFault
from eidos.validator.reading.bash_blocks import BlockReader
from eidos.validator.script import Statement


def read_bash(text: str, shell: Shell, budget: Budget) -> Statement:
    """Return the structure of *text*, one line or many.

    Raises:
        OverBudget: It is too large, too deep or too slow to be read.
        SyntaxFault: *shell* would not take it as a whole.
    """
    return _read(BlockReader(text, shell, budget))


def read_at_prompt(text: str, shell: Shell, budget: Budget) -> Statement:
    """Return the structure of *text* as the prompt of *shell* reads it.

    Raises:
        OverBudget: It is too large, too deep or too slow to be read.
        SyntaxFault: *shell* would not take it as a whole, would wait for more, or at its prompt
            takes it for something else. Tried in interactive bash 5.2 and zsh 5.9.
    """
    reader = BlockReader(text, shell, budget)
    statement = _read(reader)
    if reader.has_open_here_document:
        raise SyntaxFault("a here-document needs more than one line")
    if reader.is_zsh and reader.has_comment:
        raise SyntaxFault("zsh takes # at the prompt for an argument, not for a comment")
    if reader.is_zsh and reader.has_bang_before_quote:
        raise SyntaxFault('at the zsh prompt !" removes itself and leaves the quote open')
    return statement


def _read(reader: BlockReader) -> Statement:
    try:
        return reader.read_all()
    except RecursionError as exc:
        raise OverBudget("nested too deeply") from exc
