"""What statements in SQL, and in the languages like it, take away.

Only as much is read as the question needs: comments and quoted text are taken out, then each
statement is looked at by itself, so that text which only mentions a statement is none.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from eidos.validator.effects.sql_text import joined
from eidos.validator.patterns import Pattern

MAX_TEXT: Final = 8192
"""Longer texts are cut: a line is no longer than this."""


class Loss(StrEnum):
    """What a statement takes away."""

    EVERY_DATABASE = "every database of a server"
    DATA = "a database, a table or a user"
    ROWS = "every row of a table"
    VALUES = "the values in every row of a table"
    COLUMN = "a column or a partition"


def losses_of(text: str) -> frozenset[Loss]:
    """Return what the statements in *text* take away."""
    text = text[:MAX_TEXT]
    runs_text = _RUNS_TEXT.search(text) is not None
    if runs_text:
        text = joined(text)
    if not _WORTH_READING.search(text):
        return _NONE
    text = _OPTION.sub("", text)
    found = losses_made_by(text) if runs_text else _NONE
    if runs_text and _BUILT_TRUNCATE.search(text):
        found |= {Loss.ROWS}
    return found.union(
        loss
        for statement in _statements(text)
        if _KEYWORD.search(statement) and not _ONLY_SHOWS.match(statement)
        for loss in _losses_in(statement)
    )


def losses_made_by(text: str) -> frozenset[Loss]:
    """Return what statements take away that *text* only builds, for another call to run."""
    return frozenset(
        Loss.EVERY_DATABASE if match[2].lower() in _WHOLE and match[3] else Loss.DATA
        for match in _BUILT.finditer(text[:MAX_TEXT])
    )


_NONE: Final = frozenset[Loss]()
_WORTH_READING: Final = Pattern(
    r"drop|truncate|delete|update|remove|purge|reset|flush|restore|blackhole", re.IGNORECASE
)
_KEYWORD: Final = Pattern(
    r"\b(?:drop|truncate|delete|update|remove|purge|reset|flush|restore|blackhole)\b"
)
_OPTION: Final = Pattern(
    r"^(?:--[\w-]+=|-[a-zA-Z]{1,4}?(?=\s*(?:drop|truncate|delete|update|alter)\b))", re.IGNORECASE
)
_WHOLE: Final = frozenset({"database", "schema", "keyspace"})
_BUILT: Final = Pattern(
    r"['\"/|^]\s*(drop|truncate|delete)\s+(database|schema|keyspace|table|from|user|role)\b"
    r"(?:\s+if\s+exists)?(\s*[\[`\"']{0,2}(?:['\"]|[?&%]|\\1|\{))?",
    re.IGNORECASE,
)
"""A statement that begins inside quotes; the last group says that its names are put in later."""
_BUILT_TRUNCATE: Final = Pattern(r"['\"]\s?truncate\s+\w", re.IGNORECASE)
_RUNS_TEXT: Final = Pattern(
    r"\\gexec|\bexec(?:ute)?\b|\bsp_\w|\bprepare\b|\bquery_to_\w|\bdblink\w|\bcron\.schedule\b",
    re.IGNORECASE,
)
_COMMENT: Final = Pattern(r"/\*(?!!).*?\*/", re.DOTALL)
_LINE_COMMENT: Final = Pattern(r"(?:--\s|#\s)[^\n]*")
_VERSION_COMMENT: Final = Pattern(r"/\*!\d*|\*/")
_TEXT: Final = Pattern(r"'(?:(%+)|[^']*)'")
_NAME: Final = Pattern(r"\"[^\"]*\"|`[^`]*`|\[[^\]\[]*\]")
_SPACES: Final = Pattern(r"\s+")
_ONLY_SHOWS: Final = Pattern(
    r"explain\s+(?!\(?analyze)|\\(?:h|help|echo|qecho|warn|d\w*)\b|help\b|\?|show\b|comment\b"
    r"|grant\b|revoke\b|describe\b"
)


def _statements(text: str) -> Iterator[str]:
    """Yield the statements of *text* in small letters, comments and quoted text left out."""
    end = text.rfind("*/") + 2  # behind it every comment is open, and looking for its end is slow
    bare = _COMMENT.sub(" ", text[:end]) + text[end:] if end > 1 else text
    bare = _LINE_COMMENT.sub(" ", _VERSION_COMMENT.sub(" ", bare))
    bare = _TEXT.sub(r"'\1'", bare)
    bare = _NAME.sub("name", bare)
    for statement in bare.lower().split(";"):
        if found := _SPACES.sub(" ", statement).strip():
            yield found


_THINGS: Final = (
    "(?:pluggable )?database|schema|(?:foreign |external |virtual )?tables?|keyspace|tablespace"
    "|user|role|login|owned|measurement|series|shard|collection|warehouse|share|stage|catalog"
    "|extension|retention policy|namespace|stream|all objects|server|volume|column family|bucket"
    "|graph|space|tenant|continuous query|availability group"
)
_DROP: Final = Pattern(rf"(?:^|[^.\w])(?:\.?drop|remove) (?:{_THINGS})\b(?! trigger)")
_OTHER_DROP: Final = Pattern(
    r"^(?:purge (?:recyclebin|dba_recyclebin|table|tablespace|binary|master)"
    r"|reset (?:master|binary)|flush (?:collection|bucket)|restore database .*\breplace\b)"
)
_TRUNCATE: Final = Pattern(
    r"(?:^|[^.\w])truncate (?:table|only|partition|collection|all)\b|^truncate [\w.]"
)
_DELETE: Final = Pattern(r"(?:^|[^\w.])delete (?:[\w.,]+ ){0,3}from\b|^delete (?!from\b)[\w.]+$")
_DELETE_NODES: Final = Pattern(r"\bmatch ?\([^)]{0,99}\).{0,99}\bdelete\b")
_UPDATE: Final = Pattern(r"(?:^|[^\w.])update (?:[\w.,]+ ){1,4}set ")
_ALTER: Final = Pattern(
    r"^alter (?:foreign |external )?table\b.*?(?:\b(?:drop (?!index|key|constraint|foreign|primary"
    r"|check|default|not |expression|identity|policy|row|projection|unique|statistics|partition by)"
    r"|truncate partition)|\bdelete where 1|\bengine ?= ?blackhole)"
)
_WHERE: Final = Pattern(r"\bwhere\b")
_LIMIT: Final = Pattern(r"\b(?:limit|top) ?\(?\d")
_ALWAYS: Final = Pattern(
    r"(?:\bwhere|\bor) \(?(?:true\b|not false|1(?= ?$|\)| or\b| and 1| returning)"
    r"|(\d+) ?= ?\1(?!\d)|'' ?= ?''|([a-z_][\w.]*) ?= ?\2(?![\w.])"
    r"|[\w.]*id ?(?:>|>=|<>|!=) ?(?:0|-1)(?= ?$)|[\w.]*\bid is not null(?= ?$)|null is null"
    r"|\d{1,9} ?(?:[<>]=?|<>|!=) ?\d{1,9}(?= ?$)|[\w.]+ i?like '%+'(?= ?$)|exists ?\(select 1\))"
)


def _losses_in(statement: str) -> Iterator[Loss]:
    if _DROP.search(statement) or _OTHER_DROP.match(statement):
        yield Loss.DATA
    if _TRUNCATE.search(statement):
        yield Loss.ROWS
    if _ALTER.match(statement):
        yield Loss.COLUMN
    if _is_on_all(statement, _DELETE) or _deletes_all_nodes(statement):
        yield Loss.ROWS
    if _is_on_all(statement, _UPDATE):
        yield Loss.VALUES


def _is_on_all(statement: str, change: Pattern) -> bool:
    """Whether *statement* makes the change on rows that nothing chooses."""
    match = change.search(statement)
    if match is None:
        return False
    rest = statement[match.start() :]
    if _WHERE.search(rest):
        return _ALWAYS.search(rest) is not None
    return not _LIMIT.search(rest)


def _deletes_all_nodes(statement: str) -> bool:
    """Whether a statement in Cypher deletes nodes that neither a value nor WHERE chooses."""
    match = _DELETE_NODES.search(statement)
    return match is not None and not _WHERE.search(statement) and "{" not in statement
