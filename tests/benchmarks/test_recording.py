"""The measuring of single functions, and what is concluded from it."""

from benchmarks.recording import Parts, recorded


class Doubler:
    """Something to measure."""

    def double(self, values: list[int]) -> list[int]:
        """Return *values* twice."""
        return values * 2


def test_a_recorded_method_does_what_it_did() -> None:
    """Calls are noted with the length of what they return, as long as somebody listens."""
    with recorded(Doubler, "double") as calls:
        result = Doubler().double([1, 2, 3])
    Doubler().double([1])

    assert result == [1, 2, 3, 1, 2, 3]
    assert [call.returned for call in calls] == [6]


def test_what_no_pass_made_was_drafted() -> None:
    """Of ten tokens the first pass always makes one, and each further pass one."""
    parts = Parts(
        total_ms=100,
        retrieve_ms=3,
        prompt_ms=40,
        step_ms=(8.0, 8.0),
        known_ms=0,
        tokens=10,
        drafted=9,
    )

    assert parts.accepted == 7
