"""`eidos-remote`: build the parts and the server, and turn errors into exit codes."""

import argparse
import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from eidos import __version__
from eidos.config import Config
from eidos.errors import ConfigError, EidosError
from eidos.file_identity import Identity, identity_of
from eidos.limits import limit_resources
from eidos.logs import configure_logging, keep_small
from eidos.notify import Notifier
from eidos.paths import config_file, permissions_file, remote_socket_path
from eidos_remote import consent
from eidos_remote.answering import Answering, Parts
from eidos_remote.asking import Asking
from eidos_remote.entrance import Entrance, inherited, own
from eidos_remote.messages import State
from eidos_remote.server import Server
from eidos_remote.status import Counts, Status
from eidos_remote.translation import Translator

log = logging.getLogger(__name__)

_MEMORY_BYTES: Final = 1 << 30
"""A wall for who sends a message without an end, where no unit has a lower one."""
_OPEN_FILES: Final = 8192
_PR_SET_DUMPABLE: Final = 4
_CHORES_S: Final = 60.0


class Settings:
    """The configuration as its file is now; the process follows what it says of logging."""

    def __init__(self, environ: Mapping[str, str], path: Path) -> None:
        self._environ = environ
        self._path = path
        self._identity: Identity | None = None
        self._config = Config()
        self._fault: ConfigError | None = None

    def config(self) -> Config:
        """Return the configuration, read again where its file has changed.

        Raises:
            ConfigError: it cannot be used; the next call tries again when it has changed.
        """
        identity = identity_of(self._path)
        if identity != self._identity:
            self._identity, self._fault = identity, None
            try:
                self._config = Config.load(self._environ, self._path)
            except ConfigError as exc:
                self._fault = exc
                log.error("%s", exc)  # noqa: TRY400 - a sentence for a person, not a traceback
            else:
                self._follow()
        if self._fault is not None:
            raise ConfigError(str(self._fault))
        return self._config

    def _follow(self) -> None:
        configure_logging(
            self._config.log_level,
            self._environ,
            log_format=self._config.log_format,
            mb_per_day=self._config.log_mb_per_day,
        )


@dataclass(frozen=True, slots=True)
class _Host:
    settings: Settings
    status: Status

    def config(self) -> Config:
        """Return the configuration as it is now."""
        return self.settings.config()

    def state(self, request: State) -> msgspec.Raw:
        """Return the body of a StateOf."""
        return self.status.body(self.settings.config, request.given.variables)


def main() -> int:
    """Run until idle, SIGTERM or SIGINT; return the exit code of the error tree."""
    _arguments()
    configure_logging("info", os.environ)
    limit_resources(open_files=_OPEN_FILES, memory_bytes=_MEMORY_BYTES)
    # No other program of this user is to read keys from our memory.
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    try:
        asyncio.run(_serve())
    except EidosError as exc:
        log.error("%s", exc)  # noqa: TRY400 - a sentence for a person, not a traceback
        return exc.exit_code
    return 0


async def _serve() -> None:
    """Serve, and end the process: libzmq cannot be closed any more (entrance.py)."""
    settings = Settings(os.environ, config_file())
    with contextlib.suppress(ConfigError):  # who asks is told
        settings.config()
    path = remote_socket_path(os.environ, os.getuid())
    entrance = Entrance(inherited(os.environ) or own(path, os.getuid()))
    counts, asking, consents = Counts(), Asking(), consent.Consents(permissions_file())
    host = _Host(settings, Status(counts, asking, consents, os.environ))
    answering = Answering(Parts(host, os.environ, consents, asking, Translator(asking)))
    notifier = Notifier(os.environ)
    server = Server(entrance, answering, settings.config, counts=counts, notifier=notifier)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    chores = asyncio.create_task(_keep_log_small())
    log.info("eidos-remote %s serves (pid %d)", __version__, os.getpid())
    try:
        await server.serve()
    finally:
        chores.cancel()
        await asking.close()
    log.info("stopped")
    logging.shutdown()
    os._exit(0)


async def _keep_log_small() -> None:
    while True:
        await asyncio.sleep(_CHORES_S)
        keep_small()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="eidos-remote",
        description="Chat and translation for Eidos: the only part that opens a connection.",
        epilog="It is started by systemd, or by eidosctl, when it is first asked something. Exit "
        "codes: 0 stopped or idle, 1 error, 5 already running, 78 no folder for its socket.",
    )
    parser.add_argument("--version", action="version", version=f"eidos-remote {__version__}")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
