"""An engine program without a model, in which the text of a job says what becomes of it.

    say      is answered at once: the draft is "PID NUMBER", NUMBER counting the jobs of the process
    hold     is answered in the same way when SIGUSR1 comes, the oldest first, or is cancelled
    mute     is never answered, not even when it is cancelled
    fail     fails
    stop     is answered as if it had been cancelled
    stray    is answered with the id of no job
    garbage, huge, early     break the protocol
    die      ends the process with status 3

It takes as many jobs at a time as its argument `--slots N` says. With `--first TEXT` it does that
in place of saying that it is loaded; `unusable` says that the model cannot be used. It says so too
where the file that its settings name as the model's is there: so that file is what spoils it.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from eidos import engine_messages as messages
from eidos.engine_messages import Cancel, Cancelled, Done, Draft, EngineSettings, Failed, Job, pack

PROGRAM: Final = (str(Path(__file__)), "--slots")
"""How it is started; the number of slots follows."""
SETTINGS: Final = EngineSettings(
    model_path="", tokenizer_path="", threads=1, max_tokens=8, log_level="info"
)

Value = TypeVar("Value")


async def eventually(condition: Callable[[], Value], *, timeout_s: float = 30) -> Value:
    """Return the first true value of *condition*, while the loop goes on; fail after a while."""
    deadline_s = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline_s, f"did not happen in {timeout_s:g} s"
        await asyncio.sleep(0.005)
    return value


class FakeEngine:
    """Answers on stdout what the jobs say."""

    def __init__(self) -> None:
        self._held: dict[str, int] = {}
        self._count = 0

    def serve(self) -> None:
        """Do what each job says until stdin ends."""
        jobs = sys.stdin.buffer
        while header := jobs.read(messages.LENGTH_BYTES):
            job = messages.unpack_job(jobs.read(messages.body_bytes(header)))
            if isinstance(job, Cancel):
                if self._held.pop(job.id, None):
                    send(Cancelled(job.id))
                continue
            self._count += 1
            self._do(job)

    def release(self, *_: object) -> None:
        """Answer the oldest job that is held."""
        if self._held:
            oldest = next(iter(self._held))
            send(self._done(oldest, self._held.pop(oldest)))

    def _do(self, job: Job) -> None:
        answers = {
            "say": self._done(job.id, self._count),
            "fail": Failed(job.id, "no wish to"),
            "stop": Cancelled(job.id),
            "stray": self._done("stray", 0),
        }
        if job.text == "hold":
            self._held[job.id] = self._count
        elif job.text in answers:
            send(answers[job.text])
        else:
            misbehave(job.text)

    def _done(self, identity: str, number: int) -> Done:
        return Done(identity, [Draft(f"{os.getpid()} {number}", -0.5, 1)])


def send(message: messages.FromEngine) -> None:
    """Send *message* to the daemon."""
    write(pack(message))


def write(data: bytes) -> None:
    """Send *data*, whatever it is, in one call: a signal may come at any time."""
    os.write(sys.stdout.fileno(), data)


def misbehave(how: str) -> None:
    """Break the protocol in the way that has the name *how*."""
    match how:
        case "garbage":
            write(b"\x00\x00\x00\x03\xc1\xc1\xc1")
        case "huge":
            write(b"\xff\xff\xff\xff")
        case "early":
            send(messages.Loaded("toy", "", "", 0.0))
        case "unusable":
            send(messages.Unusable("there is no file; get one"))
        case "die":
            os._exit(3)
        case _:
            pass


def main() -> None:
    """Load nothing, and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--slots", type=int, required=True)
    parser.add_argument("--first", default="")
    parser.add_argument("settings")
    options = parser.parse_args()
    engine = FakeEngine()
    signal.signal(signal.SIGUSR1, engine.release)
    settings = msgspec.json.decode(options.settings, type=EngineSettings)
    if settings.model_path and Path(settings.model_path).exists():
        misbehave("unusable")
    elif options.first:
        misbehave(options.first)
    else:
        send(messages.Loaded("toy", "/toy", "ab", 0.0, slots=options.slots))
    engine.serve()


if __name__ == "__main__":
    main()
