"""The drop-in that lets a remote engine out: what it opens, and that nothing else does."""

import subprocess
import sys
from pathlib import Path

import pytest
from openai_server import openai_server
from usermanager_fixture import Manager

from eidos.resources import systemd_dir
from eidosctl import unit
from eidosctl.usermanager import UserManager

pytestmark = pytest.mark.systemd
REACHES = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5)"

SAYS_WHY = """
import asyncio, sys
from eidos.errors import EngineError
from eidos.remote_client import RemoteClient
from eidos.remote_questions import Chat
from remote_program import endpoint, settings

async def ask():
    given = endpoint(sys.argv[1])
    client = RemoteClient(given, "", Chat(settings(given), given), connections=1)
    try:
        await client.ask({})
    except EngineError as exc:
        assert "Address family not supported by protocol" in str(exc), exc
    else:
        raise AssertionError("it was reached")

asyncio.run(ask())
"""


def directives(text: str) -> list[str]:
    """Return what *text*, a unit or a drop-in, says about the network and the sandbox."""
    section = text.partition("[Service]")[2].partition("[Install]")[0]
    about = ("RestrictAddressFamilies=", "Private", "NoNewPrivileges=", "ProtectSystem=")
    return [line for line in section.splitlines() if line.startswith(about)]


def test_the_drop_in_opens_the_network(manager: Manager) -> None:
    """With it a server can be reached from under the unit and its sandbox; without it none can."""
    found = UserManager.find(manager.environ, manager.uid)
    assert found is not None
    base = directives(unit.unit_text(Path("/usr/bin/true")))
    sandbox = directives(unit.sandbox_text())
    lifted = directives((systemd_dir() / "remote-engine.conf").read_text())
    assert len(lifted) == 2

    with openai_server() as server:
        reaches = [sys.executable, "-c", REACHES, server.url.rpartition(":")[2]]
        subprocess.run(reaches, check=True)

        assert not found.can_run(base, reaches)
        assert not found.can_run([*base, *sandbox], reaches)
        assert not found.can_run([*base, *sandbox, lifted[0]], reaches)
        assert found.can_run([*base, *lifted], reaches)
        assert found.can_run([*base, *sandbox, *lifted], reaches)


def test_what_the_unit_forbids_is_told(manager: Manager) -> None:
    """Who forgot the drop-in reads of the address family, as the page about it says."""
    found = UserManager.find(manager.environ, manager.uid)
    assert found is not None
    base = directives(unit.unit_text(Path("/usr/bin/true")))
    path = f'Environment="PYTHONPATH={Path(__file__).parents[1]}"'

    with openai_server() as server:
        says_why = [sys.executable, "-c", SAYS_WHY, server.url]

        assert found.can_run([*base, path], says_why)
        assert not found.can_run([path], says_why)


def test_nothing_installs_the_drop_in() -> None:
    """It is beside the unit's folder of drop-ins, and neither the unit nor the sandbox has it."""
    assert [path.name for path in (systemd_dir() / "eidosd.service.d").iterdir()] == [
        "50-sandbox.conf"
    ]
    for text in (unit.unit_text(Path("/usr/bin/true")), unit.sandbox_text()):
        assert "AF_INET" not in text
