"""Tell systemd how we are, by sd_notify(3)'s protocol: a datagram to $NOTIFY_SOCKET."""

import contextlib
import socket
from collections.abc import Mapping


class Notifier:
    """Sends states to the service manager; does nothing where there is none."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        timeout_us = int(environ.get("WATCHDOG_USEC", "0") or 0)
        self.watchdog_interval_s = timeout_us / 1e6 / 3 if timeout_us else None
        """How often `alive` should be called: three times in the manager's patience."""

    def ready(self, status: str) -> None:
        """Say that requests are served from now on."""
        self._send(f"READY=1\nSTATUS={status}")

    def status(self, status: str) -> None:
        """Show *status* in `systemctl status`."""
        self._send(f"STATUS={status}")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the daemon has begun to stop."""
        self._send("STOPPING=1\nSTATUS=stopping")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        # A manager that does not listen is no reason to stop serving.
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock,
        ):
            sock.sendto(message.encode(), self._address)
