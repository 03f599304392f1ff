"""What `eidosctl status` prints of the daemon's answer."""

from answering import IDLE

from eidosctl.output import status_lines


def test_each_engine_has_a_line_of_its_own() -> None:
    """Process, state, slots, restarts, memory and processor of each; the memory of all is added."""
    (idle,) = IDLE["engines"]
    loading = {**idle, "pid": None, "state": "loading", "slots": 0, "restarts": 1}
    lines = status_lines({**IDLE, "engines": [idle, loading]})

    assert "engine    pid 2, idle, 0 of 8 slots in use, 0 restarts, 64 MB, 1 % since start" in lines
    assert any(line.startswith("engine    pid None, loading, 0 of 0 slots") for line in lines)
    assert "memory    160 MB (daemon 32 MB)" in lines


def test_refusals_are_told_by_their_reason() -> None:
    """Reasons that refused nobody are left out; without any there is a plain zero."""
    refused = {"full": 2, "late": 0, "rate": 5}

    assert "refused   0" in status_lines(IDLE)
    assert "refused   2 queue full, 5 too many a second" in status_lines(
        {**IDLE, "refused": refused}
    )


def test_requests_are_told_by_what_became_of_them() -> None:
    """Answered, failed, and those for which nobody waited any more."""
    assert "requests  3 (2 ok, 1 failed, 0 cancelled)" in status_lines(IDLE)


def test_a_model_that_serves_in_another_ones_place_is_told() -> None:
    """Whoever looks at the status sees that it is not the model that was chosen, and what to do."""
    fault = "the model in slot a cannot be used; run: eidosctl model rollback"
    body = {**IDLE, "model": {**IDLE["model"], "fault": fault}}

    assert any(f"warning: {fault}" in line for line in status_lines(body))
    assert not any("warning" in line for line in status_lines(IDLE))
