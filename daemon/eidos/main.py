"""`eidosd`: build the configuration and the server, and turn errors into exit codes."""

import argparse
import asyncio
import contextlib
import logging
import os
import resource
import signal
import sys
from pathlib import Path

from eidos import __version__
from eidos.audit import AuditLog
from eidos.config import Config
from eidos.errors import EidosError
from eidos.logs import configure_logging
from eidos.notify import Notifier
from eidos.paths import audit_file, config_file, socket_path
from eidos.server import Server

log = logging.getLogger(__name__)

_OPEN_FILES = 65_536
"""libzmq aborts when `accept` fails for want of a file descriptor; 1024 is too few."""


def main() -> int:
    """Run the daemon until SIGTERM or SIGINT; return the exit code of the error tree."""
    _arguments()
    configure_logging("info", os.environ)
    try:
        config = Config.load(os.environ, config_file())
        configure_logging(config.log_level, os.environ)
        _limit_resources(config)
        asyncio.run(_serve(config, socket_path(os.environ, os.getuid())))
    except EidosError as exc:
        log.error("%s", exc)  # noqa: TRY400 - a sentence for a person, not a traceback
        return exc.exit_code
    return 0


async def _serve(config: Config, socket: Path) -> None:
    server = Server(config, socket, Notifier(os.environ), audit=AuditLog(audit_file()))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    await server.serve()


def _arguments() -> None:
    parser = argparse.ArgumentParser(
        prog="eidosd",
        description="The Eidos daemon: keeps the model warm and answers on a Unix socket.",
        epilog="It is usually started by systemd or by: eidosctl start. Exit codes: 0 stopped, "
        "1 error, 5 already running, 78 wrong configuration or model.",
    )
    parser.add_argument("--version", action="version", version=f"eidosd {__version__}")
    parser.parse_args()


def _limit_resources(config: Config) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    # Upkeep looks once a second; this is the wall for whoever fills memory faster than that.
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (4 * config.memory_limit_mb << 20, hard))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core holds what people typed


if __name__ == "__main__":
    sys.exit(main())
