"""`eidosd`: build the configuration and the server, and turn errors into exit codes."""

import argparse
import asyncio
import logging
import os
import signal
import sys

from eidos import __version__
from eidos.audit import AuditLog
from eidos.audit_queue import AuditQueue
from eidos.config import Config
from eidos.errors import EidosError
from eidos.history import History, Retention, boot_id
from eidos.limits import limit_resources
from eidos.logs import configure_logging, daemon_share, keep_small, set_level
from eidos.notify import Notifier
from eidos.outside import Outside
from eidos.paths import audit_file, config_file, socket_path
from eidos.request_log import RequestLog
from eidos.server import Server
from eidos.serving import Serving, choose
from eidos.tracing import Tracing

log = logging.getLogger(__name__)

_OPEN_FILES = 65_536


def main() -> int:
    """Run the daemon until SIGTERM or SIGINT; return the exit code of the error tree."""
    arguments = _arguments()
    configure_logging("info", os.environ)
    tracing = Tracing()
    try:
        config = _read_config()
        _apply(config, tracing)
        asyncio.run(_check(config) if arguments.check else _serve(config, tracing))
    except EidosError as exc:
        log.error("%s", exc)  # noqa: TRY400 - a sentence for a person, not a traceback
        return exc.exit_code
    finally:
        tracing.close()
    return 0


async def _serve(config: Config, tracing: Tracing) -> None:
    acts = AuditLog(audit_file())
    audit = AuditQueue(acts)
    history = History(acts.state, boot=boot_id())
    outside = Outside(
        socket=socket_path(os.environ, os.getuid()),
        notifier=Notifier(os.environ),
        audit=audit,
        reread=_read_config,
        apply=lambda config: _apply(config, tracing),
        set_level=set_level,
        observers=[RequestLog(tracing.trace_id), tracing, history],
    )
    server = Server(config, outside)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    loop.add_signal_handler(signal.SIGHUP, server.begin_reload)
    audit.record("start", version=__version__)
    retention = Retention(acts, lambda: server.serving.config.keep_days)
    was_stopped = False
    try:
        await server.serve(
            [
                keep_small,
                lambda: history.flush(engine_restarts=server.engine_restarts),
                retention.prune,
            ]
        )
        was_stopped = True
    finally:
        history.flush(engine_restarts=server.engine_restarts, clean=was_stopped)
        audit.close()


async def _check(config: Config) -> None:
    """Return if a daemon of this configuration would serve.

    Raises:
        EidosError: why it would not.
    """
    serving = Serving(config, choose(config), _NoAudit())
    try:
        await serving.prove()
    finally:
        await serving.end()
    loaded = serving.engine.loaded
    log.info("this configuration serves, with %s", loaded.model if loaded else "no model")


class _NoAudit:
    """Keeps no account: who only checks a configuration does nothing to Eidos."""

    def record(self, event: str, **details: str) -> None:
        """Do nothing."""


def _read_config() -> Config:
    return Config.load(os.environ, config_file())


def _apply(config: Config, tracing: Tracing) -> None:
    """Have this process itself follow *config*.

    Raises:
        ConfigError: its trace_url cannot be used; nothing has changed.
    """
    tracing.configure(config.trace_url, config.trace_share)
    configure_logging(
        config.log_level,
        os.environ,
        log_format=config.log_format,
        mb_per_day=daemon_share(config.log_mb_per_day),
    )
    # Upkeep looks once a second; this is the wall for whoever fills memory faster than that.
    limit_resources(open_files=_OPEN_FILES, memory_bytes=4 * config.memory_limit_mb << 20)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="eidosd",
        description="The Eidos daemon: keeps the model warm and answers on a Unix socket.",
        epilog="It is usually started by systemd or by: eidosctl start. Exit codes: 0 stopped, "
        "1 error, 5 already running, 78 wrong configuration or model.",
    )
    parser.add_argument("--version", action="version", version=f"eidosd {__version__}")
    parser.add_argument(
        "--check",
        action="store_true",
        help="read the configuration, load the model and have it answer once; serve nobody",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
