"""The queue and the engines behind it: who is served when, by which engine, and what a death costs.

The engines are real processes without a model (fake_engine.py), so that the order is exact.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path

import msgspec
import pytest
from fake_engine import PROGRAM, SETTINGS, eventually

from eidos.engine_messages import Draft, Job
from eidos.engine_supervisor import EngineSupervisor
from eidos.errors import EngineError, ModelError, RequestRefused
from eidos.file_identity import identity_of


def supervisor_of(
    *, engines: int = 1, slots: int = 1, queue_size: int = 99, deadline_s: float = 60
) -> EngineSupervisor:
    """Return a supervisor of fake engines, not started yet."""
    return EngineSupervisor(
        SETTINGS,
        queue_size=queue_size,
        job_timeout_s=30,
        deadline_s=deadline_s,
        engines=engines,
        program=(*PROGRAM, str(slots)),
    )


@contextlib.asynccontextmanager
async def running(supervisor: EngineSupervisor) -> AsyncGenerator[EngineSupervisor]:
    """Run *supervisor*, all its engines loaded."""
    life = asyncio.create_task(supervisor.run())
    try:
        await eventually(lambda: len(pids(supervisor)) == len(supervisor.engines()))
        yield supervisor
    finally:
        life.cancel()
        await asyncio.wait([life])


def ask(
    supervisor: EngineSupervisor, text: str, client: str = "", name: str = "a"
) -> asyncio.Task[list[Draft]]:
    """Let *client* ask for what *text* does."""
    return asyncio.create_task(supervisor.generate(Job(name, text, 1, client=client)))


def pids(supervisor: EngineSupervisor) -> set[int]:
    """Return the process ids of the engines that can serve."""
    return {engine.pid for engine in supervisor.engines() if engine.pid}


def slots_in_use(supervisor: EngineSupervisor) -> list[int]:
    """Return how many jobs each engine has."""
    return [engine.slots_in_use for engine in supervisor.engines()]


async def number_of(task: asyncio.Task[list[Draft]]) -> int:
    """Return which job of its process *task* was."""
    return int((await task)[0].text.split()[1])


async def pid_of(task: asyncio.Task[list[Draft]]) -> int:
    """Return the process id of the engine that answered *task*."""
    return int((await task)[0].text.split()[0])


async def release_all(supervisor: EngineSupervisor, tasks: Iterable[asyncio.Task[object]]) -> None:
    """Have the engines answer what they hold until all of *tasks* are done."""
    waiting = list(tasks)

    def done() -> bool:
        for pid in pids(supervisor):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGUSR1)
        return all(task.done() for task in waiting)

    await eventually(done)


def test_who_gives_up_leaves_the_place_to_the_next_one() -> None:
    """A full queue refuses; once a waiting request is past its deadline there is room again."""

    async def scenario() -> None:
        supervisor = supervisor_of(queue_size=2)
        first, second = ask(supervisor, "say"), ask(supervisor, "say")
        await asyncio.sleep(0)
        with pytest.raises(RequestRefused, match="2 requests are waiting already"):
            await supervisor.generate(Job("third", "say", 1))

        first.cancel()
        await asyncio.wait([first])

        assert supervisor.queue_length == 1
        third = ask(supervisor, "say")
        await asyncio.sleep(0)
        assert supervisor.queue_length == 2
        second.cancel()
        third.cancel()

    asyncio.run(scenario())


def test_a_flood_makes_a_person_wait_for_one_job() -> None:
    """A script has fifty jobs in the queue; the person's one is served after the script's first."""

    async def scenario() -> None:
        async with running(supervisor_of()) as supervisor:
            under_way = ask(supervisor, "hold", "script")
            await eventually(lambda: slots_in_use(supervisor) == [1])
            flood = [ask(supervisor, "say", "script") for _ in range(50)]
            await asyncio.sleep(0)
            person = ask(supervisor, "say", "person")
            await eventually(lambda: supervisor.queue_length == 51)

            os.kill(supervisor.engines()[0].pid or 0, signal.SIGUSR1)

            assert await number_of(under_way) == 1
            assert await number_of(person) == 3
            assert [await number_of(task) for task in flood] == [2, *range(4, 53)]

    asyncio.run(scenario())


def test_in_a_full_queue_a_flood_gives_way_to_a_person() -> None:
    """The newest job of the script is told that there is no room; the person's is answered."""

    async def scenario() -> None:
        async with running(supervisor_of(queue_size=3)) as supervisor:
            under_way = ask(supervisor, "hold", "script")
            await eventually(lambda: slots_in_use(supervisor) == [1])
            flood = [ask(supervisor, "say", "script") for _ in range(3)]
            await asyncio.sleep(0)
            person = ask(supervisor, "say", "person")

            with pytest.raises(RequestRefused, match="3 requests are waiting already"):
                await flood[2]

            os.kill(supervisor.engines()[0].pid or 0, signal.SIGUSR1)
            assert [await number_of(task) for task in (under_way, flood[0], person, flood[1])] == [
                1, 2, 3, 4
            ]  # fmt: skip

    asyncio.run(scenario())


def test_jobs_go_to_the_engine_with_most_free_slots() -> None:
    """Six jobs on two engines of four slots are three each; the ninth waits."""

    async def scenario() -> None:
        async with running(supervisor_of(engines=2, slots=4)) as supervisor:
            tasks = [ask(supervisor, "hold") for _ in range(6)]
            await eventually(lambda: slots_in_use(supervisor) == [3, 3])
            tasks += [ask(supervisor, "hold") for _ in range(3)]
            await eventually(lambda: slots_in_use(supervisor) == [4, 4])
            assert supervisor.queue_length == 1

            await release_all(supervisor, tasks)

            assert {await pid_of(task) for task in tasks} == pids(supervisor)
            assert slots_in_use(supervisor) == [0, 0]

    asyncio.run(scenario())


def test_a_job_that_nobody_waits_for_frees_its_slot() -> None:
    """Cancelled in the engine, it is stopped there, and the next job is served."""

    async def scenario() -> None:
        async with running(supervisor_of(slots=2)) as supervisor:
            tasks = [ask(supervisor, "hold") for _ in range(2)]
            await eventually(lambda: slots_in_use(supervisor) == [2])
            waiting = ask(supervisor, "say")
            for task in tasks:
                task.cancel()

            assert await number_of(waiting) == 3
            await eventually(lambda: slots_in_use(supervisor) == [0])

    asyncio.run(scenario())


def test_a_slot_stays_taken_until_the_engine_has_stopped() -> None:
    """An engine that does not stop keeps its slot; it is not given more than it can do."""

    async def scenario() -> None:
        async with running(supervisor_of(slots=2)) as supervisor:
            stubborn = ask(supervisor, "mute")
            await number_of(ask(supervisor, "say"))
            stubborn.cancel()
            await number_of(ask(supervisor, "say"))

            assert slots_in_use(supervisor) == [1]

    asyncio.run(scenario())


def test_a_job_cancelled_at_once_is_never_missed() -> None:
    """However early somebody gives up, no slot is lost."""

    async def scenario() -> None:
        async with running(supervisor_of(slots=2)) as supervisor:
            for turns in range(6):
                task = ask(supervisor, "hold")
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
            await eventually(lambda: slots_in_use(supervisor) == [0])

            assert await number_of(ask(supervisor, "say"))

    asyncio.run(scenario())


def test_a_killed_engine_loses_no_request_and_the_other_serves_on() -> None:
    """Its jobs go to the other engine, in front of all that wait; it is started again."""

    async def scenario() -> None:
        async with running(supervisor_of(engines=2, slots=2)) as supervisor:
            tasks = [ask(supervisor, "hold") for _ in range(8)]
            await eventually(lambda: slots_in_use(supervisor) == [2, 2])
            killed = supervisor.engines()[0].pid or 0
            loaded = supervisor.loaded

            os.kill(killed, signal.SIGKILL)
            await eventually(lambda: killed not in pids(supervisor))
            await release_all(supervisor, tasks)

            assert killed not in {await pid_of(task) for task in tasks}
            await eventually(lambda: len(pids(supervisor)) == 2)
            assert [engine.restarts for engine in supervisor.engines()] == [1, 0]
            assert supervisor.loaded is not loaded, "what it answers may be of another version"

    asyncio.run(scenario())


@pytest.mark.parametrize("engines", [1, 2])
def test_a_job_that_kills_engines_takes_no_other_with_it(engines: int) -> None:
    """After two deaths it alone gets an error, whatever was under way beside it."""

    async def scenario() -> None:
        async with running(supervisor_of(engines=engines, slots=4)) as supervisor:
            others = [ask(supervisor, "hold") for _ in range(3 * engines)]
            await eventually(lambda: slots_in_use(supervisor) == [3] * engines)
            killer = ask(supervisor, "die")

            await release_all(supervisor, [killer, *others])

            with pytest.raises(EngineError, match="died 2 times on this request; try other words"):
                await killer
            assert [len(await task) for task in others] == [1] * len(others)
            assert sum(engine.restarts for engine in supervisor.engines()) == 2

    asyncio.run(scenario())


def test_two_jobs_that_kill_engines_take_no_other_with_them() -> None:
    """What is tried again is tried alone, also where several must be."""

    async def scenario() -> None:
        async with running(supervisor_of(slots=4)) as supervisor:
            other = ask(supervisor, "hold")
            await eventually(lambda: slots_in_use(supervisor) == [1])
            killers = [ask(supervisor, "die"), ask(supervisor, "die")]

            await release_all(supervisor, [*killers, other])

            for killer in killers:
                with pytest.raises(EngineError, match="died 2 times on this request"):
                    await killer
            assert len(await other) == 1

    asyncio.run(scenario())


def test_a_request_that_would_come_too_late_is_refused_unless_nothing_is_ahead() -> None:
    """With a deadline that nothing can meet, only those are served that wait for nobody."""

    async def scenario() -> None:
        async with running(supervisor_of(deadline_s=1e-9)) as supervisor:
            await number_of(ask(supervisor, "say"))
            tasks = [ask(supervisor, "hold"), ask(supervisor, "say")]
            await eventually(lambda: supervisor.queue_length == 1)

            with pytest.raises(RequestRefused, match=r"ahead of this one \(1\)"):
                await supervisor.generate(Job("late", "say", 1))
            await release_all(supervisor, tasks)

            assert [await number_of(task) for task in tasks] == [2, 3]

    asyncio.run(scenario())


def test_a_job_that_fails_does_so_for_its_client_alone() -> None:
    """What the engine says of it is the error; nothing is tried again."""

    async def scenario() -> None:
        async with running(supervisor_of()) as supervisor:
            with pytest.raises(EngineError, match="no wish to"):
                await ask(supervisor, "fail")
            assert await number_of(ask(supervisor, "say")) == 2

    asyncio.run(scenario())


def test_a_first_engine_without_a_model_ends_it_all() -> None:
    """Restarting would not help; the message is the engine's."""

    async def scenario() -> None:
        program = (*PROGRAM, "1", "--first", "unusable")
        supervisor = EngineSupervisor(
            SETTINGS, queue_size=1, job_timeout_s=1, engines=3, program=program
        )
        with pytest.raises(ModelError, match="there is no file; get one"):
            await supervisor.run()

    asyncio.run(scenario())


def test_who_waits_for_a_model_that_is_none_is_answered_by_its_heir() -> None:
    """Those who wait already and those who come later, as where a daemon falls back."""

    async def scenario() -> None:
        former = supervisor_of()
        early = ask(former, "say")
        await eventually(lambda: former.queue_length == 1)
        heir = supervisor_of()
        former.hand_over(heir)
        async with running(heir):
            assert await number_of(early) == 1
            assert await number_of(ask(former, "say")) == 2
            assert former.queue_length == heir.queue_length == 0

    asyncio.run(scenario())


def test_a_thousand_clients_leave_nothing_behind() -> None:
    """Once all are answered, nothing is kept of any of them."""

    async def scenario() -> None:
        async with running(supervisor_of(slots=8, queue_size=1000)) as supervisor:
            await asyncio.gather(*(ask(supervisor, "say", str(client)) for client in range(1000)))
            await eventually(lambda: slots_in_use(supervisor) == [0])

            assert supervisor.queue_length == 0

    asyncio.run(scenario())


def test_nobody_waits_for_an_engine_that_cannot_load_its_model(tmp_path: Path) -> None:
    """Who waits and who comes is told why at once; when the model is mended, all is well."""
    spoilt = tmp_path / "spoilt"
    settings = msgspec.structs.replace(SETTINGS, model_path=str(spoilt))

    async def scenario() -> None:
        supervisor = EngineSupervisor(
            settings, queue_size=9, job_timeout_s=30, program=(*PROGRAM, "1")
        )
        async with running(supervisor):
            held = ask(supervisor, "hold")
            await eventually(lambda: slots_in_use(supervisor) == [1])
            waits = ask(supervisor, "say", name="b")
            spoilt.touch()
            os.kill(supervisor.pid or 0, signal.SIGKILL)

            for task in (held, waits):
                with pytest.raises(EngineError, match="there is no file; get one"):
                    await task
            with pytest.raises(EngineError, match="there is no file; get one"):
                await supervisor.generate(Job("c", "say", 1))

            spoilt.unlink()
            await eventually(lambda: supervisor.pid)
            assert await number_of(ask(supervisor, "say")) == 1

    asyncio.run(scenario())


def test_a_model_that_is_written_to_while_it_is_in_use_ends_its_engines(tmp_path: Path) -> None:
    """They have it mapped: the next ones verify it; one that was replaced is no such case."""
    model = tmp_path / "model.onnx"
    model.write_bytes(b"graph")

    async def scenario() -> None:
        async with running(supervisor_of()) as supervisor:
            first = supervisor.pid
            assert supervisor.loaded is not None
            supervisor.loaded = msgspec.structs.replace(supervisor.loaded, path=str(model))
            supervisor.loaded_identity = identity_of(model)

            supervisor.end_if_written_to()
            assert await number_of(ask(supervisor, "say")) == 1
            assert supervisor.pid == first

            model.write_bytes(b"other graph")
            supervisor.end_if_written_to()
            await eventually(lambda: supervisor.pid not in {first, None})

    asyncio.run(scenario())
