"""The unit's memory runs out: whoever waits gets an answer or an error, and later ones too."""

from collections.abc import Callable

import pytest
from faults.load import Load
from faults.memory_faults import Service, fill_by_daemon, fill_by_engine
from usermanager_fixture import Manager

pytestmark = [pytest.mark.systemd, pytest.mark.model]


@pytest.mark.parametrize("fill", [fill_by_engine, fill_by_daemon], ids=["engine", "daemon"])
def test_no_request_is_lost_where_memory_runs_out(
    installed: Manager, fill: Callable[[Service, Load], None]
) -> None:
    """At MemoryMax the kernel kills, systemd and the daemon start again, and answers come."""
    socket = installed.runtime / "eidos" / "eidosd.sock"
    with Load(socket, environ=installed.environ) as load:
        load.until_answered(3, log=lambda: installed.journal("eidosd.service"))
        fill(installed, load)
        load.until_answered(3, log=lambda: installed.journal("eidosd.service"))
    assert load.tally().lost == ()
