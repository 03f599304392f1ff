"""Another configuration takes over while requests are under way, or does not and says why."""

import signal
import threading
from pathlib import Path

import pytest
from real_daemon import EXAMPLE, EXAMPLE_COMMAND, RealDaemon, until

from eidos.protocol import Done, ErrorCode, Failure, Reply, Suggestions

pytestmark = pytest.mark.model


def refusal(reply: Reply) -> str:
    """Return what a reload was refused for."""
    assert isinstance(reply, Failure)
    assert reply.code is ErrorCode.CONFIG
    assert "the old configuration stays in force" in reply.message
    return reply.message


def told(reply: Reply) -> str:
    """Return what a reload came to."""
    assert isinstance(reply, Done)
    return reply.message


def pid_of(daemon: RealDaemon) -> int:
    """Return the process id of its engine."""
    return daemon.status()["engines"][0]["pid"]


def answers(daemon: RealDaemon) -> bool:
    """Tell whether an ordinary request gets its ordinary answer."""
    reply = daemon.ask(EXAMPLE)
    return isinstance(reply, Suggestions) and reply.candidates[0].command == EXAMPLE_COMMAND


def test_a_setting_that_the_engine_is_not_told_changes_without_a_new_engine(
    own: RealDaemon,
) -> None:
    """The limit is in force at once, and the model is not loaded again for it."""
    engine = pid_of(own)
    own.configure("cache_size = 7\n")

    assert told(own.reload()).endswith("changed: cache_size")
    assert own.status()["cache"]["size"] == 7
    assert pid_of(own) == engine
    assert answers(own)


def test_a_reload_without_a_change_says_so(own: RealDaemon) -> None:
    """Who expected a change learns that the daemon saw none."""
    assert told(own.reload()).endswith("no setting has changed")


def test_a_setting_of_the_engine_brings_a_new_one_and_ends_the_old_one(own: RealDaemon) -> None:
    """The new engine takes over once it has answered; the old process is gone soon after."""
    old = pid_of(own)
    own.configure("threads = 1\n")

    assert "changed: threads; a new engine took over" in told(own.reload())
    assert pid_of(own) != old
    assert answers(own)
    until(lambda: not Path(f"/proc/{old}").exists(), log=lambda: own.log)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("threads = 0\n", "threads = 0 is not allowed"),
        ("thread = 2\n", "unknown key 'thread'"),
        ("threads = \n", "cannot read"),
        ('model_path = "/nowhere/model.onnx"\n', "there is no file /nowhere/model.onnx"),
        ('rules = {"no-such-rule" = "ok"}\n', "no-such-rule"),
        ('remote_url = "http://example.com/v1"\n', "remote_url"),
    ],
    ids=["value", "key", "syntax", "model", "rule", "address"],
)
def test_a_wrong_configuration_leaves_the_old_one_in_force(
    running: RealDaemon, text: str, why: str
) -> None:
    """The reply says what is wrong; the engine is the same process, and answers."""
    engine = pid_of(running)
    running.configure(text)
    try:
        assert why in refusal(running.reload())
    finally:
        running.config_file.unlink()
    assert pid_of(running) == engine
    assert answers(running)


def test_sighup_reloads_and_a_fault_is_in_the_log(own: RealDaemon) -> None:
    """`systemctl reload` and `kill -HUP` do what eidosctl reload does."""
    own.configure("cache_size = 9\n")
    own.signal(signal.SIGHUP)
    until(lambda: own.status()["cache"]["size"] == 9, log=lambda: own.log)

    own.configure("cache_size = -1\n")
    own.signal(signal.SIGHUP)
    until(lambda: "the old configuration stays in force" in own.log, log=lambda: own.log)
    assert own.status()["cache"]["size"] == 9


def test_a_storm_of_sighup_is_two_reloads_at_a_time(own: RealDaemon) -> None:
    """One is under way, one waits and reads what the file says then; the others are the same."""
    with own.engine_held_still():
        own.configure("cache_size = 9\n")
        for _ in range(100):
            own.signal(signal.SIGHUP)
            own.status()
        own.configure("cache_size = 10\n")
    until(lambda: own.status()["cache"]["size"] == 10, log=lambda: own.log)

    assert own.log.count("the configuration was read again") == 2


def test_no_request_is_lost_while_engines_change(own: RealDaemon) -> None:
    """Clients that ask without a pause get an answer each, from the old engine or the new one."""
    replies: list[Reply] = []
    is_over = threading.Event()

    def ask(number: int) -> None:
        asked = 0
        while not is_over.is_set():
            asked += 1
            replies.append(own.ask(f"show the last {number}{asked} lines of a.txt"))

    clients = [threading.Thread(target=ask, args=(number,)) for number in (1, 2)]
    for client in clients:
        client.start()
    try:
        for threads in (1, 2, 1):
            own.configure(f"threads = {threads}\n")
            assert "a new engine took over" in told(own.reload())
    finally:
        is_over.set()
        for client in clients:
            client.join()
    assert len(replies) > 3
    assert {type(reply) for reply in replies} == {Suggestions}


def test_the_level_of_the_log_changes_with_the_configuration(own: RealDaemon) -> None:
    """What was asked for in the file is in force without a restart."""
    own.configure('log_level = "debug"\n')
    own.reload()
    answers(own)

    assert f"text='{EXAMPLE}'" in own.log
