"""Many readings, one model: each pass reads for all that are under way.

What comes first is not served first and to its end: all that have begun go on by a token or more
in each pass, so that a short answer does not wait for a long one.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from traceback import clear_frames
from typing import Final, Generic, TypeVar

from eidos.reading import Part, Reader, Reading, Row

T = TypeVar("T")

_DRAFTED: Final = (3, 3, 2)
"""How many drafted tokens are worth reading, by how many readings are under way.

The second token of a pass costs a third of the first. With more readings, each token costs what it
costs, and a wrong guess takes time from the others.
"""


@dataclass(frozen=True, slots=True)
class Finished(Generic[T]):
    """A reading that has ended: with its result, or with what went wrong."""

    id: str
    result: T | Exception


@dataclass(slots=True)
class _Work(Generic[T]):
    reading: Reading[T]
    parts: list[Part] = field(default_factory=list[Part])
    rows: list[list[Row]] | None = None


class Scheduler(Generic[T]):
    """Does readings side by side on one reader."""

    def __init__(self, reader: Reader) -> None:
        """Read with *reader*."""
        self._reader = reader
        self._works: dict[str, _Work[T]] = {}

    def __len__(self) -> int:
        """Return how many readings are under way."""
        return len(self._works)

    @property
    def is_full(self) -> bool:
        """Whether no more readings should be added now."""
        return len(self._works) >= self._reader.slots

    def draft_tokens(self) -> int:
        """Return how many drafted tokens a reading should have read in the next pass."""
        return _DRAFTED[len(self._works)] if len(self._works) < len(_DRAFTED) else 0

    def add(self, identity: str, reading: Reading[T]) -> None:
        """Begin *reading* with the next step."""
        self._works[identity] = _Work(reading)

    def cancel(self, identity: str) -> bool:
        """Stop the reading of that *identity*; return whether there was one."""
        work = self._works.pop(identity, None)
        if work is not None:
            work.reading.close()
        return work is not None

    def step(self) -> list[Finished[T]]:
        """Do one pass for all readings; return those that have ended."""
        finished = list(self._go_on())
        works = list(self._works.values())
        try:
            rows = iter(self._reader.read([part for work in works for part in work.parts]))
        except Exception as exc:  # noqa: BLE001 - onnxruntime's; it is every reading's failure
            for work in works:
                work.reading.close()
                work.parts.clear()
            clear_frames(exc.__traceback__)  # they have trails, and exc is in a cycle with ours
            failed: list[Finished[T]] = [Finished(identity, exc) for identity in self._works]
            self._works.clear()
            return finished + failed
        for work in works:
            work.rows = [next(rows) for _ in work.parts]
        return finished

    def _go_on(self) -> Generator[Finished[T]]:
        """Give each reading its rows; yield those that ask for nothing more."""
        for identity, work in list(self._works.items()):
            reading = work.reading
            try:
                work.parts = next(reading) if work.rows is None else reading.send(work.rows)
                continue
            except StopIteration as stop:
                end: Finished[T] = Finished(identity, stop.value)
            except Exception as exc:  # noqa: BLE001 - one bad request must not end the others
                work.parts.clear()
                clear_frames(exc.__traceback__)
                end = Finished(identity, exc)
            del self._works[identity]
            yield end
