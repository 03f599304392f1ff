"""Look through the audit log, and find out whether it is what was written."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from eidos.audit import AuditLog
from eidos.audit_chain import NOTHING, Own, Record, first_fault, foundation, records
from eidos.audit_head import Head, JournalUnavailable, heads_in_journal, read_head
from eidos.errors import EidosError
from eidos.paths import audit_head_file, state_file
from eidos.state import schema_fault

_ABOUT_DELETION: Final = {
    Own.PRUNE: "deleted because of their age, or for want of room (keep_days)",
    Own.PURGE: "deleted by eidosctl privacy purge --everything",
}


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at; `ok` is None where nobody could tell."""

    ok: bool | None
    text: str


def audit_log() -> AuditLog:
    """Return this user's audit log, what an older Eidos wrote included.

    Raises:
        EidosError: the older log cannot be taken over.
    """
    audit = AuditLog(state_file(), audit_head_file())
    audit.take_over()
    return audit


def read(audit: AuditLog, *, since: str = "") -> list[Record]:
    """Return the records of *audit*, from the time *since* on, the oldest first.

    Raises:
        EidosError: the log cannot be read.
    """
    if not audit.state.exists():
        return []
    return audit.state.look(lambda connection: records(connection, since=since))


def row(record: Record) -> dict[str, object]:
    """Return *record* as an object for scripts, with all that its hash is made from."""
    return {**msgspec.structs.asdict(record), "details": record.values}


def line(record: Record) -> tuple[str, str]:
    """Return number and time of *record*, and what happened, for a table."""
    details = " ".join(f"{name}={value}" for name, value in record.values.items())
    return f"{record.seq:>5}  {record.time}", f"{record.event:<14} {details}"


def verify(audit: AuditLog) -> list[Finding]:
    """Return what there is to say of *audit*; it is sound if no finding is false."""
    heads = [*_from_file(audit.head), *_from_journal(audit.state.path)]
    noted = [(where, head) for where, head in heads if isinstance(head, Head)]
    unknown = [finding for _, finding in heads if isinstance(finding, Finding)]
    if not audit.state.exists():
        if noted:
            where, head = max(noted, key=lambda pair: pair[1].seq)
            text = f"{audit.state.path} is gone; {where} knows of {head.seq} records"
            return [Finding(ok=False, text=text), *unknown]
        return [Finding(ok=True, text="there is no audit log yet"), *unknown]
    try:
        schema, chain = audit.state.look(lambda c: (schema_fault(c), records(c)))
    except EidosError as exc:
        return [Finding(ok=False, text=str(exc)), *unknown]
    if schema:
        unknown.insert(0, Finding(ok=False, text=f"{audit.state.path} is {schema}"))
    return [*_of_chain(chain), *_of_heads(chain, noted, audit.head), *unknown]


def _of_chain(chain: list[Record]) -> Iterator[Finding]:
    if not chain:
        yield Finding(ok=True, text="no records yet")
        return
    fault = first_fault(chain)
    if fault is not None:
        yield Finding(ok=False, text=fault)
        return
    base = foundation(chain)
    if base is None:
        text = f"the records before number {chain[0].seq} are gone, and nothing says why"
        yield Finding(ok=False, text=text)
    else:
        numbers = f"records {chain[0].seq} to {chain[-1].seq}"
        yield Finding(ok=True, text=f"{numbers} follow one another, unchanged")
    yield from _told(chain)


def _told(chain: list[Record]) -> Iterator[Finding]:
    """What the records themselves say of others that are gone, each kind once, the latest."""
    latest = {Own(record.event): record for record in chain if record.event in list(Own)}
    for event, record in latest.items():
        values = record.values
        if event in _ABOUT_DELETION:
            text = f"records up to {values.get('through')} were {_ABOUT_DELETION[event]}"
            yield Finding(ok=True, text=f"{text}, {record.time}")
        elif event is Own.MISSING:
            found = values.get("why") or f"those up to {values.get('through')} should have been"
            text = f"records were missing before number {record.seq}, {record.time}: {found}"
            yield Finding(ok=False, text=text)
        elif "fault" in values:
            yield Finding(ok=False, text=f"the log of the older Eidos: {values['fault']}")


def _of_heads(
    chain: list[Record], noted: list[tuple[str, Head]], head_file: Path
) -> Iterator[Finding]:
    """Compare what is noted elsewhere with the chain."""
    known = {record.seq: record.hash for record in chain}
    if chain:
        known.setdefault(chain[0].seq - 1, chain[0].previous)
    newest = max(known, default=0)
    first = min(known, default=0)
    for where in dict.fromkeys(where for where, _ in noted):
        heads = [head for place, head in noted if place == where]
        wrong = [h for h in heads if h.seq >= first and known.get(h.seq) != h.hash and h != NOTHING]
        if not wrong:
            latest = max(head.seq for head in heads)
            yield Finding(ok=True, text=f"{where} knows the same, up to record {latest}")
        elif (last := max(head.seq for head in wrong)) > newest:
            text = f"the end is cut off: {where} knows of record {last}, the log ends at {newest}"
            yield Finding(ok=False, text=text)
        else:
            text = f"{where} knows another record {wrong[0].seq} than stands in the log"
            yield Finding(ok=False, text=text)
    if chain and str(head_file) not in {where for where, _ in noted}:
        text = f"{head_file} is gone: nothing in it tells whether the end was cut off"
        yield Finding(ok=False, text=text)


def _from_file(path: Path) -> Iterator[tuple[str, Head | Finding]]:
    try:
        head = read_head(path)
    except EidosError as exc:
        yield str(path), Finding(ok=False, text=str(exc))
        return
    if head is not None:
        yield str(path), head


def _from_journal(state: Path) -> Iterator[tuple[str, Head | Finding]]:
    try:
        heads = list(heads_in_journal(state))
    except JournalUnavailable as exc:
        yield "", Finding(ok=None, text=f"the journal was not asked: {exc}")
        return
    if not heads:
        yield "", Finding(ok=None, text="the journal knows nothing of this log")
    yield from (("the journal", head) for head in heads)
