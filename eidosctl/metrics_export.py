"""The daemon's metrics for Prometheus: as text, as a file for node_exporter, or on a loopback port.

The daemon sees what people type, and so never opens a port. This is another process, which knows
nothing but the figures: it asks for them on the socket, and passes on what it could read.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import (
    CollectorRegistry,
    generate_latest,
    make_wsgi_app,  # pyright: ignore[reportUnknownVariableType] - the library does not say
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import ThreadingWSGIServer
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from eidos.errors import EidosError, ProtocolError
from eidos.protocol import MetricsRequest, MetricsText
from eidosctl import control
from eidosctl.files import write_atomically
from eidosctl.place import Place

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

_TIMEOUT_S: Final = 5.0
_FRESH_S: Final = 1.0
"""So long the same figures are good for everybody who asks on the port: it is open to all users of
the machine, who must not keep the daemon busy."""
_MAX_PORT: Final = 65_535

Say = Callable[[str], None]
"""Takes a sentence for a person."""


class DaemonMetrics(Collector):
    """What the daemon says of itself, and `eidos_up`: whether it said it."""

    def __init__(self, place: Place, say: Say, *, fresh_s: float = 0.0) -> None:
        """Ask the daemon at *place* at most once in *fresh_s*; *say* is told when it goes away."""
        self._place = place
        self._say = say
        self._fresh_s = fresh_s
        self._lock = threading.Lock()
        self._families: list[Metric] = []
        self._asked_s = -fresh_s
        self.error: EidosError | None = None
        """Why there are no figures now, or None where there are."""

    def collect(self) -> Iterator[Metric]:
        """Yield the daemon's metrics and `eidos_up`, or only this one where it does not answer."""
        with self._lock:
            if time.monotonic() - self._asked_s >= self._fresh_s:
                self._ask()
                self._asked_s = time.monotonic()
            families = self._families
        yield from families

    def _ask(self) -> None:
        before, self.error, self._families = self.error, None, []
        try:
            self._families = read(self._place)
        except EidosError as exc:
            self.error = exc
            if before is None:
                self._say(str(exc))
        else:
            if before is not None:
                self._say("the daemon answers again")
        self._families.append(up(is_up=self.error is None))


def up(*, is_up: bool) -> Metric:
    """Return the metric that is there with a daemon and without one."""
    return GaugeMetricFamily("eidos_up", "1: the daemon told its figures, 0: it did not.", is_up)


def read(place: Place) -> list[Metric]:
    """Return the metrics of the daemon at *place*.

    Raises:
        DaemonUnavailable, DaemonSilent: there is no daemon, or no answer.
        ProtocolError: it is an older one, or not eidosd at all.
    """
    request = MetricsRequest(control.new_id("metrics"))
    reply = control.ask(place, request, MetricsText, timeout_s=_TIMEOUT_S)
    try:
        return list(text_string_to_metric_families(reply.body.decode()))
    except ValueError as exc:
        message = f"the daemon's metrics cannot be read: {exc}; try: eidosctl restart"
        raise ProtocolError(message) from exc


def text(place: Place) -> tuple[str, EidosError | None]:
    """Return the metrics in Prometheus' text format, and why `eidos_up` is 0 in it if it is."""
    metrics = DaemonMetrics(place, lambda _: None)
    return generate_latest(_registry(metrics)).decode(), metrics.error


def write(place: Place, target: Path, say: Say, *, every_s: float | None = None) -> None:
    """Write the metrics to *target*, whole or not at all; again *every_s* seconds, for ever.

    Raises:
        EidosError: it cannot be written, at the first time. Later *say* is told, once.
    """
    registry = _registry(DaemonMetrics(place, say))
    write_atomically(target, generate_latest(registry), mode=0o644)
    is_well = True
    while every_s is not None:
        time.sleep(every_s)
        try:
            write_atomically(target, generate_latest(registry), mode=0o644)
            is_well = True
        except EidosError as exc:
            if is_well:
                say(str(exc))
            is_well = False


def serve(place: Place, address: tuple[str, int], say: Say) -> None:
    """Serve the metrics by HTTP on *address*, which `loopback` allowed, until interrupted.

    Raises:
        EidosError: it cannot be listened on.
    """
    host, port = address
    registry = _registry(DaemonMetrics(place, say, fresh_s=_FRESH_S))
    application = cast("WSGIApplication", make_wsgi_app(registry))
    kind = _Server6 if ":" in host else _Server
    try:
        server = make_server(host, port, application, kind, _Handler)
    except OSError as exc:
        message = f"cannot listen on {host} port {port}: {exc.strerror}; choose another port"
        raise EidosError(message) from exc
    with server:
        say(f"serving metrics on {host} port {server.server_port}, to this machine alone")
        server.serve_forever()


def loopback(address: str) -> tuple[str, int]:
    """Return host and port of *address*, like 127.0.0.1:9464, [::1]:9464 or localhost:9464.

    Raises:
        ValueError: it is none, or others than this machine could reach it.
    """
    host, colon, digits = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not colon or not (digits.isascii() and digits.isdigit()) or int(digits) > _MAX_PORT:
        raise ValueError(f"{address!r} is no address; give one like 127.0.0.1:9464")
    host = "127.0.0.1" if host == "localhost" else host
    try:
        is_loopback = ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ValueError(
            f"{address!r} could be reached from other machines, or is no address; metrics are "
            "served to this machine alone: 127.0.0.1:PORT, [::1]:PORT or localhost:PORT"
        )
    return host, int(digits)


def _registry(metrics: DaemonMetrics) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(metrics)
    return registry


class _Server(ThreadingWSGIServer):
    """Serves each connection in a thread, and is silent about those that hang up."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a log that any user of the machine can fill is none."""


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    """Answers one request, and waits for it no longer than `timeout`."""

    timeout = _TIMEOUT_S

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
        """Say nothing: there is a request every few seconds."""
