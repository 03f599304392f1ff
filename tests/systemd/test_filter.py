"""The filter of system calls leaves what the real daemon and its engines ask for, and no more.

A call that the unit refuses gets an error, which a library may well swallow. Here it ends the
process that made it: so whatever is missing from the filter is seen.
"""

import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from usermanager_fixture import EIDOSCTL, Manager, until

from eidosctl import unit
from eidosctl.usermanager import UserManager

pytestmark = [pytest.mark.systemd, pytest.mark.model]
UNIT = "eidosd.service"
ENGINES = 4
CLIENTS = 8
DEADLY = f"""[Service]
SystemCallErrorNumber=kill
Environment=EIDOS_ENGINES={ENGINES} EIDOS_QUEUE_SIZE=100 EIDOS_DEADLINE_S=60
# Where the graph that engines share cannot be mapped, each has one of its own.
MemoryHigh=infinity
MemoryMax=infinity
"""
REQUESTS = (
    "find all files larger than 100 MB under /var/log",
    "count the lines of all python files here",
)


@pytest.fixture(scope="module")
def strict(manager: Manager) -> Iterator[Manager]:
    """Eidos installed with four engines, where a refused system call ends who made it."""
    manager.run(EIDOSCTL, "install", "--allow-root", "--shell", "bash")
    drop_in = manager.home / ".config/systemd/user" / f"{UNIT}.d" / "90-test.conf"
    drop_in.write_text(DEADLY)
    manager.systemctl("daemon-reload")
    manager.run(EIDOSCTL, "restart")
    until(lambda: states(manager) == {"idle"}, 120, lambda: manager.journal(UNIT))
    yield manager
    drop_in.unlink()
    manager.run(EIDOSCTL, "uninstall")


def status(manager: Manager) -> dict[str, Any]:
    """Return what the daemon says of itself."""
    return json.loads(manager.run(EIDOSCTL, "status", "--json").stdout)


def states(manager: Manager) -> set[str]:
    """Return the states in which its engines are."""
    return {engine["state"] for engine in status(manager)["engines"]}


def test_nothing_is_refused_under_load(strict: Manager) -> None:
    """Four engines answer eight clients, one is killed and comes back, and no call is missed."""
    before = status(strict)
    assert len(before["engines"]) == ENGINES

    with ThreadPoolExecutor(CLIENTS) as clients:
        asked = [f"{text} {number}" for number in range(CLIENTS) for text in REQUESTS]
        answers = list(clients.map(lambda text: strict.run(EIDOSCTL, "suggest", text), asked))
    os.kill(before["pid"], signal.SIGHUP)
    os.kill(before["engines"][0]["pid"], signal.SIGKILL)
    until(
        lambda: (
            states(strict) == {"idle"}
            and sum(engine["restarts"] for engine in status(strict)["engines"]) == 1
        ),
        120,
        lambda: strict.journal(UNIT),
    )
    after = status(strict)

    assert all(answer.stdout.strip() for answer in answers)
    assert after["pid"] == before["pid"]
    assert "signal 31" not in strict.journal(UNIT)
    assert "SYS" not in strict.systemctl("show", "--property=Result,ExecMainStatus", UNIT)


def test_filter_ends_who_asks_for_more(strict: Manager) -> None:
    """The test above can fail: under the same filter a call that is not in it is the last one."""
    filters = [line for line in unit.unit_text(Path("/e")).splitlines() if "SystemCall" in line]
    deadly = [line for line in filters if "ErrorNumber" not in line]
    found = UserManager.find(strict.environ, strict.uid)
    assert found is not None

    assert found.can_run(deadly, ["/usr/bin/python3", "-c", "import os; os.sched_yield()"])
    assert not found.can_run(deadly, ["/usr/bin/python3", "-c", "import os; os.chown('/', -1, -1)"])
