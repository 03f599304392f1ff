"""Traces from under the unit and its sandbox: forbidden, and let out by the drop-in."""

import shutil
from collections.abc import Iterator

import pytest
from collector import Collector, Span, collector
from usermanager_fixture import EIDOSCTL, Manager, until

from eidos.resources import systemd_dir

pytestmark = [pytest.mark.systemd, pytest.mark.model]
UNIT = "eidosd.service"
REQUEST = "find all files larger than 100 MB under /var/log"
COMMAND = "find /var/log -type f -size +100M\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """A real collector."""
    with collector(tmp_path_factory.mktemp("collector")) as started:
        yield started


@pytest.fixture(scope="module")
def installed(manager: Manager, running: Collector) -> Iterator[Manager]:
    """A home into which Eidos is installed, with the collector in its configuration."""
    file = manager.home / ".config" / "eidos" / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'trace_url = "{running.url}"\n')
    manager.run(EIDOSCTL, "install", "--allow-root", "--shell", "bash")
    yield manager
    manager.run(EIDOSCTL, "uninstall")


def test_the_unit_lets_no_trace_out(installed: Manager, running: Collector) -> None:
    """Who forgot the drop-in has a daemon that answers, and a line in the log about traces."""
    assert installed.run(EIDOSCTL, "suggest", REQUEST).stdout == COMMAND
    until(lambda: "takes no traces" in installed.journal(UNIT), 30, lambda: installed.journal(UNIT))

    assert running.spans == []


def test_the_drop_in_lets_traces_out(installed: Manager, running: Collector) -> None:
    """With it the collector gets the request's trace, and the journal has its id as a field."""
    folder = installed.home / ".config" / "systemd" / "user" / "eidosd.service.d"
    shutil.copy(systemd_dir() / "tracing.conf", folder / "60-tracing.conf")
    installed.systemctl("daemon-reload")
    installed.run(EIDOSCTL, "restart")

    assert installed.run(EIDOSCTL, "suggest", REQUEST).stdout == COMMAND
    installed.run(EIDOSCTL, "stop")

    (root,) = until(lambda: suggestions(running), 30, lambda: running.text)
    found = installed.journal(UNIT, f"EIDOS_TRACE_ID={root.trace}", "--output=cat")
    assert f"request={root.request} suggest ok" in found


def suggestions(running: Collector) -> list[Span]:
    """Return the roots of the requests for a suggestion that the collector was sent."""
    return [span for span in running.spans if span.attributes.get("eidos.command") == "suggest"]
