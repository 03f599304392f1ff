"""Take keys, tokens and passwords out of a text before it goes, and put them back into an answer.

Each becomes a placeholder like `[AWS access key 1]`; what stands around it stays. The same secret
has the same placeholder wherever it stands in a conversation, also where nothing but the place in
which it was told gave it away.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from eidos_remote.messages import Redacted, Turn
from eidos_remote.secret_kinds import KINDS
from eidos_remote.secret_shapes import Kind, Lead

_MIN_REPEATED_CHARS: Final = 6
"""A shorter secret is left where nothing tells it: it may well be a common word."""
_NAMES: Final = sorted({kind.name for kind in KINDS}, key=len, reverse=True)
_ANY: Final = re.compile(
    r"[\[［【]\s{0,3}(?P<name>"
    + "|".join(r"\s{1,3}".join(map(re.escape, name.split())) for name in _NAMES)
    + r")\s{0,3}(?P<number>\d{1,6})\s{0,3}[\]］】]",
    re.IGNORECASE,
)
"""A placeholder, also as a translator may have written it."""


@dataclass(frozen=True, slots=True)
class Clean:
    """A text without its secrets, and what was taken out of it."""

    text: str = field(repr=False)
    found: tuple[Redacted, ...]
    secrets: Mapping[str, str] = field(repr=False)
    """What each placeholder stands for."""

    def restore(self, answer: str) -> str:
        """Return *answer* with each secret put back in the place of its placeholder.

        The case of a placeholder, the blanks in it and the form of its brackets may have changed.
        """
        secrets = {_key(*_parts(shown)): secret for shown, secret in self.secrets.items()}
        return _ANY.sub(
            lambda match: secrets.get(_key(match["name"], match["number"]), match[0]), answer
        )


def redact(text: str) -> Clean:
    """Return *text* with a placeholder in the place of each secret."""
    texts, placeholders = _redact([text])
    return Clean(texts[0], placeholders.found, placeholders.secrets)


def redact_turns(turns: Sequence[Turn]) -> tuple[tuple[Turn, ...], tuple[Redacted, ...]]:
    """Return *turns* without their secrets, numbered over all of them, and what was taken out."""
    texts, placeholders = _redact([turn.text for turn in turns])
    clean = (
        msgspec.structs.replace(turn, text=text) for turn, text in zip(turns, texts, strict=True)
    )
    return tuple(clean), placeholders.found


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a secret stands; `rank` is the place of its kind in KINDS."""

    start: int
    end: int
    rank: int


class _Placeholders:
    """Numbers secrets, and never with a number that the texts have already."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._taken = {_key(match["name"], match["number"]) for match in _matches(texts)}
        self._last: Counter[str] = Counter()
        self._shown: dict[str, str] = {}
        self._kinds: list[Redacted] = []

    def of(self, secret: str, kind: str) -> str:
        """Return the placeholder of *secret*, which is of *kind* where it is a new one."""
        if secret not in self._shown:
            self._last[kind] += 1
            while _key(kind, str(self._last[kind])) in self._taken:
                self._last[kind] += 1
            self._shown[secret] = shown = f"[{kind} {self._last[kind]}]"
            self._kinds.append(Redacted(kind, shown))
        return self._shown[secret]

    @property
    def found(self) -> tuple[Redacted, ...]:
        """What was taken out, in the order in which it stands."""
        return tuple(self._kinds)

    @property
    def secrets(self) -> dict[str, str]:
        """What each placeholder stands for."""
        return {shown: secret for secret, shown in self._shown.items()}


def _redact(texts: Sequence[str]) -> tuple[list[str], _Placeholders]:
    told = [_joined(_detected(text)) for text in texts]
    ranks: dict[str, int] = {}
    for text, spans in zip(texts, told, strict=True):
        for span in spans:
            ranks.setdefault(text[span.start : span.end], span.rank)
    placeholders = _Placeholders(texts)
    cleaned: list[str] = []
    for text, spans in zip(texts, told, strict=True):
        cleaned.append(_replaced(text, _joined([*spans, *_repeated(text, ranks)]), placeholders))
    return cleaned, placeholders


def _detected(text: str) -> list[_Span]:
    lowered = text.replace("İ", "i").lower()  # as long as *text*: all others are one for one
    own = [match.span() for match in _ANY.finditer(text)]
    leads: dict[Lead, list[int]] = {}
    spans: list[_Span] = []
    for rank, kind in enumerate(KINDS):
        if not any(needle in lowered for needle in kind.needles):
            continue
        for match in _fitting(kind, text, lowered, leads):
            start, end = match.span(match.lastgroup or 0)
            is_ours = any(first <= start < last for first, last in own)
            if not is_ours and (kind.test is None or kind.test(text[start:end])):
                spans.append(_Span(start, end, rank))
    return spans


def _fitting(
    kind: Kind, text: str, lowered: str, leads: dict[Lead, list[int]]
) -> Iterator[re.Match[str]]:
    """Yield where *kind* fits; *leads* keeps where each lead ends, found once for all kinds."""
    if kind.lead is None:
        yield from kind.pattern.finditer(text)
        return
    if kind.lead not in leads:
        leads[kind.lead] = list(kind.lead.ends(text, lowered))
    for end in leads[kind.lead]:
        match = kind.pattern.match(text, end)
        if match is not None:
            yield match


def _repeated(text: str, ranks: Mapping[str, int]) -> Iterator[_Span]:
    """Yield where secrets that were told elsewhere stand in *text*, as whole words."""
    for secret, rank in ranks.items():
        if len(secret) < _MIN_REPEATED_CHARS or not any(map(str.isdigit, secret)):
            continue
        start = text.find(secret)
        while start >= 0:
            end = start + len(secret)
            if not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
                yield _Span(start, end, rank)
            start = text.find(secret, end)


def _joined(spans: Iterable[_Span]) -> list[_Span]:
    """Return *spans* in order; those that overlap are one."""
    joined: list[_Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if joined and span.start < joined[-1].end:
            last = joined.pop()
            joined.append(_Span(last.start, max(last.end, span.end), min(last.rank, span.rank)))
        else:
            joined.append(span)
    return joined


def _replaced(text: str, spans: Iterable[_Span], placeholders: _Placeholders) -> str:
    parts: list[str] = []
    done = 0
    for span in spans:
        secret = text[span.start : span.end]
        parts += text[done : span.start], placeholders.of(secret, KINDS[span.rank].name)
        done = span.end
    return "".join([*parts, text[done:]])


def _matches(texts: Iterable[str]) -> Iterator[re.Match[str]]:
    for text in texts:
        yield from _ANY.finditer(text)


def _parts(shown: str) -> tuple[str, str]:
    name, _, number = shown.strip("[]").rpartition(" ")
    return name, number


def _key(name: str, number: str) -> tuple[str, int]:
    return " ".join(name.lower().split()), int(number)
