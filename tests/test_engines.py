"""Real daemons and engines under load: two share it, one dies, a person is not kept waiting."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from real_daemon import EXAMPLE, EXAMPLE_COMMAND, RealDaemon, until

from eidos.protocol import Reply, Suggestions

pytestmark = pytest.mark.model

FLOOD = """
import sys, zmq
from eidos.frames import encode_request
from eidos.protocol import Shell, SuggestRequest
with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
    dealer.linger = 0
    dealer.connect(sys.argv[1])
    for number in range(int(sys.argv[2])):
        text = f"find all files larger than {number} MB under /var/log"
        request = SuggestRequest(id=str(number), shell=Shell.BASH, count=4, text=text)
        dealer.send_multipart(encode_request(request))
    sys.stdin.read()
"""
"""Asks as many different things at once as it is told, and waits for the end of its input."""


def flood(daemon: RealDaemon, count: int) -> subprocess.Popen[bytes]:
    """Have another program ask *count* things at once."""
    command = [sys.executable, "-c", FLOOD, f"ipc://{daemon.socket}", str(count)]
    return subprocess.Popen(command, stdin=subprocess.PIPE)


def serving(daemon: RealDaemon, count: int) -> list[dict[str, Any]] | None:
    """Return how the engines are once *count* of them can serve."""
    engines = daemon.status()["engines"]
    return engines if sum(bool(engine["pid"]) for engine in engines) == count else None


def is_answered(reply: Reply) -> bool:
    """Tell whether *reply* has a command."""
    return isinstance(reply, Suggestions) and bool(reply.candidates)


def test_two_engines_share_the_load_and_one_that_dies_costs_no_request(stopped: RealDaemon) -> None:
    """Killed under load, its jobs are answered by the other one, and it comes back."""
    stopped.start(EIDOS_ENGINES="2", EIDOS_DEADLINE_S="300").until_loaded()
    engines = until(lambda: serving(stopped, 2), log=lambda: stopped.log)
    with ThreadPoolExecutor(max_workers=12) as pool:
        texts = [f"find all files larger than {number} MB under /var/log" for number in range(12)]
        replies = [pool.submit(stopped.ask, text) for text in texts]
        until(lambda: all(engine["slots_in_use"] for engine in stopped.status()["engines"]))

        os.kill(engines[0]["pid"], signal.SIGKILL)

        assert [is_answered(reply.result()) for reply in replies] == [True] * len(texts)
    after = until(lambda: serving(stopped, 2), log=lambda: stopped.log)
    assert [engine["restarts"] for engine in after] == [1, 0]
    assert after[1]["pid"] == engines[1]["pid"]


def test_a_flood_from_one_program_does_not_keep_another_one_waiting(stopped: RealDaemon) -> None:
    """The person's request is answered while nearly all of the flood still waits."""
    stopped.start(EIDOS_QUEUE_SIZE="100", EIDOS_DEADLINE_S="300").until_loaded()
    with flood(stopped, 90) as script:
        until(lambda: stopped.status()["queue"]["length"] > 40, log=lambda: stopped.log)

        reply = stopped.ask(EXAMPLE)

        assert isinstance(reply, Suggestions)
        assert reply.candidates[0].command == EXAMPLE_COMMAND
        assert stopped.status()["queue"]["length"] > 0
        script.kill()


def test_who_asks_too_often_is_told_so_and_counted(stopped: RealDaemon) -> None:
    """What is sent beyond twice the rate gets an error; who waits for each answer never does."""
    stopped.start(EIDOS_RATE_LIMIT_PER_S="1").until_loaded()
    with flood(stopped, 9) as script:
        until(lambda: stopped.status()["refused"]["rate"] >= 6, log=lambda: stopped.log)

        assert is_answered(stopped.ask(EXAMPLE))
        script.kill()
    before = stopped.status()["refused"]["rate"]
    assert all(is_answered(stopped.ask(EXAMPLE)) for _ in range(4))
    assert stopped.status()["refused"]["rate"] == before
    assert "more than 1 times a second" in stopped.log
