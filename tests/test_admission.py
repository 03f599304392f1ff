"""Who may wait, who is told at once that it would be too long, and who gives way."""

import pytest

from eidos.admission import Admission
from eidos.errors import RequestRefused
from eidos.protocol import ErrorCode


def waiting(*clients: str, queue_size: int = 32, service_s: float = 0.0) -> Admission[str]:
    """Return a queue with an item of each of *clients*, answers taking *service_s* of late."""
    admission: Admission[str] = Admission(queue_size=queue_size, deadline_s=10)
    for client in clients:
        admission.admit(client, client, slots=1)
    if service_s:
        admission.served(service_s)
    return admission


def test_whose_answer_would_come_too_late_is_refused_at_once() -> None:
    """Five jobs of two seconds and the own one take twelve; the deadline is ten."""
    admission = waiting("a", "b", "c", "d", "e", service_s=2)

    with pytest.raises(RequestRefused, match=r"ahead of this one \(5\) take about 10\.0 s") as no:
        admission.admit("f", "f", slots=1)
    assert no.value.code == ErrorCode.BUSY
    assert "deadline_s = 10; try again" in str(no.value)
    assert (admission.late, admission.full, len(admission.queue)) == (1, 0, 5)


@pytest.mark.parametrize(("slots", "clients"), [(2, "abcde"), (1, "abcd"), (8, "abcdefghijklmno")])
def test_whose_answer_comes_in_time_may_wait(slots: int, clients: str) -> None:
    """With more slots, or with fewer jobs ahead, the same wait is short enough."""
    admission = waiting(*clients, service_s=2)

    assert admission.admit("z", "z", slots=slots) is None


def test_only_those_count_that_go_first() -> None:
    """A hundred jobs of one client are one turn for another, and too many for their own client."""
    admission = waiting(*"a" * 30, service_s=2)

    assert admission.admit("b", "b", slots=1) is None
    with pytest.raises(RequestRefused, match=r"ahead of this one \(31\)"):
        admission.admit("a", "a", slots=1)


def test_with_nothing_ahead_nobody_is_refused() -> None:
    """However slow the engine is: who is first may try, and shows how slow it is now."""
    assert waiting(service_s=1000).admit("a", "a", slots=1) is None


def test_before_the_first_answer_nobody_is_too_late() -> None:
    """What is not known refuses nobody."""
    assert waiting(*"abcdefgh").admit("z", "z", slots=1) is None


def test_an_engine_that_became_quick_is_trusted_again() -> None:
    """The average follows the answers of late, and one slow answer does not stand for all."""
    admission = waiting("a", "b", service_s=9)
    with pytest.raises(RequestRefused):
        admission.admit("z", "z", slots=1)
    for _ in range(10):
        admission.served(0.1)
    assert admission.admit("z", "z", slots=1) is None
    admission.served(5)
    assert admission.admit("y", "y", slots=1) is None


def test_in_a_full_queue_the_greedy_make_room_for_the_modest() -> None:
    """The newest of whoever has most leaves; who has most finds no room."""
    admission = waiting("a", "a", "a", queue_size=3)

    assert admission.admit("b", "b", slots=1) == "a"
    with pytest.raises(RequestRefused, match="3 requests are waiting already") as no:
        admission.admit("a", "a", slots=1)
    assert no.value.code == ErrorCode.BUSY
    assert (admission.full, len(admission.queue)) == (2, 3)
