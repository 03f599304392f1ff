"""One line for each request: what is in it, at which level, and that nobody's words are."""

import logging

import pytest

from eidos.finished import Finished, Phase, PhaseName, Tokens
from eidos.protocol import Shell
from eidos.request_log import RequestLog


def finished(command: str = "suggest", outcome: str = "ok") -> Finished:
    """Return a request that took 123.4 ms."""
    phases = (
        Phase(PhaseName.QUEUE, 10.0, 10.001),
        Phase(PhaseName.GENERATE, 10.01, 10.06),
        Phase(PhaseName.GENERATE, 10.06, 10.11),
    )
    return Finished(
        id="ab-1",
        command=command,
        outcome=outcome,
        begin_s=10.0,
        end_s=10.1234,
        shell=str(Shell.ZSH),
        phases=phases if command == "suggest" else (),
        tokens=Tokens(30, 12, 5),
        verdicts=("ok", "block") if command == "suggest" else (),
    )


def test_a_request_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """Id, kind, outcome, time, phases and verdicts are in the sentence; a retry's are added up."""
    with caplog.at_level(logging.INFO):
        RequestLog().observe(finished())

    assert caplog.messages == [
        "request=ab-1 suggest ok in 123.4 ms; queue 1.0, generate 100.0; verdicts ok block"
    ]


def test_the_fields_say_the_same(caplog: pytest.LogCaptureFixture) -> None:
    """What programs read has names, and numbers where the sentence has digits."""
    with caplog.at_level(logging.INFO):
        RequestLog(trace_of=lambda _: "1f").observe(finished())

    assert vars(caplog.records[0])["fields"] == {
        "request_id": "ab-1",
        "command": "suggest",
        "outcome": "ok",
        "duration_ms": pytest.approx(123.4),
        "phase_queue_ms": pytest.approx(1.0),
        "phase_generate_ms": pytest.approx(100.0),
        "shell": "zsh",
        "tokens_prompt": 30,
        "tokens_generated": 12,
        "verdicts": "ok block",
        "trace_id": "1f",
    }
    assert caplog.messages[0].endswith("; trace=1f")


@pytest.mark.parametrize(
    ("command", "outcome", "level"),
    [
        ("suggest", "ok", logging.INFO),
        ("suggest", "deadline", logging.INFO),
        ("suggest", "cancelled", logging.INFO),
        ("unknown", "bad-message", logging.INFO),
        ("reload", "ok", logging.INFO),
        ("status", "ok", logging.DEBUG),
        ("ping", "ok", logging.DEBUG),
        ("metrics", "ok", logging.DEBUG),
        ("health", "ok", logging.DEBUG),
        ("health", "engine", logging.INFO),
    ],
)
def test_what_only_looks_is_quiet(
    caplog: pytest.LogCaptureFixture, command: str, outcome: str, level: int
) -> None:
    """Probes that come every few seconds are logged at debug, unless they fail."""
    with caplog.at_level(logging.DEBUG):
        RequestLog().observe(finished(command, outcome))

    assert [record.levelno for record in caplog.records] == [level]


def test_nothing_is_made_that_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Below the level a request costs a comparison: not even its trace is asked for."""
    asked: list[Finished] = []
    with caplog.at_level(logging.WARNING):
        RequestLog(trace_of=lambda each: str(asked.append(each))).observe(finished())

    assert asked == []
