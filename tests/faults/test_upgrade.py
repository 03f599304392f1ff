"""Two versions that speak different protocols: who meets the other is told what to do."""

import subprocess
from contextlib import ExitStack

import pytest
from real_daemon import EXAMPLE, EXAMPLE_COMMAND, private_folders, until

from eidos.client import is_listening
from faults.harmed_daemon import HarmedDaemon
from faults.upgrade_faults import EIDOSCTL, assert_says_what_to_do, other_package, suggest

pytestmark = pytest.mark.model


def test_eidosctl_restart_mends_a_daemon_of_another_protocol() -> None:
    """A daemon that an upgrade left running is told apart, and the command in the error ends it."""
    with private_folders() as environ, ExitStack() as cleanup:
        others = dict(environ)
        other_package(others, cleanup)
        daemon = HarmedDaemon(others).start()
        cleanup.callback(daemon.stop)
        until(lambda: is_listening(daemon.socket), log=lambda: daemon.log)

        assert_says_what_to_do(suggest(environ).stderr)

        cleanup.callback(subprocess.run, [EIDOSCTL, "stop"], env=environ, check=True)
        subprocess.run([EIDOSCTL, "restart"], env=environ, check=True, capture_output=True)
        found = suggest(environ, EXAMPLE)
        assert found.stdout.strip() == EXAMPLE_COMMAND
        assert daemon.wait() == 0
