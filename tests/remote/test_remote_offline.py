"""What sees a prompt has nothing to open a connection with: eidosd's modules, by their imports."""

import subprocess
import sys
from typing import Final

from layers import imported, modules

NETWORK: Final = {
    "aiohttp", "ftplib", "h11", "http", "httpcore", "httpx", "openai", "requests", "smtplib",
    "socketserver", "ssl", "telnetlib", "urllib3", "websockets", "xmlrpc",
}  # fmt: skip
BY_REQUEST: Final = {"eidos.http_faults", "eidos.remote_client", "eidos.spans"}
"""The remote engine, a process of its own, where remote_url is set, and traces, where trace_url is;
the unit forbids both."""
SPEAKS: Final = {"eidos_remote.messages"}


def test_eidosd_imports_no_network_library() -> None:
    """No module of eidosd's names a library that connects, but where a setting asks for it."""
    found = {
        name
        for name, file in modules().items()
        if name.split(".")[0] == "eidos"
        and NETWORK & {each.split(".")[0] for each in imported(file)}
    }

    assert found == BY_REQUEST


def test_eidosd_knows_the_messages_of_eidos_remote_alone() -> None:
    """What opens connections is no part of the daemon: it may be asked, and not be imported."""
    found = {
        each
        for name, file in modules().items()
        if name.split(".")[0] == "eidos"
        for each in imported(file)
        if each.split(".")[0] == "eidos_remote"
    }

    assert found <= SPEAKS


def test_a_daemon_that_starts_has_loaded_no_network_library() -> None:
    """Not by way of another library either, but what asyncio brings: sockets, and ssl behind it."""
    program = "import sys, eidos.main; print(sorted(set(sys.argv[1:]) & set(sys.modules)))"
    brought = {"ssl"}

    result = subprocess.run(
        [sys.executable, "-c", program, *sorted(NETWORK - brought)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert result.stdout == "[]\n"
