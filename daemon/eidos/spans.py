"""From requests that have ended to spans; the only module that imports OpenTelemetry.

A trace is made of what is known of a request when it has ended: nothing on the path of a request
knows of it. The SDK sends spans from a thread of its own, and nothing waits for that.
"""

import hashlib
import logging
import os
import threading
import time
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, Status, StatusCode, format_trace_id, set_span_in_context

from eidos import __version__
from eidos.finished import Finished

log = logging.getLogger(__name__)

_EXPORT_TIMEOUT_S: Final = 5.0
_MAX_WAITING_SPANS: Final = 2048
"""About 300 requests; more push out the oldest."""
_FINE: Final = frozenset({"ok", "cancelled"})


class Spans:
    """Makes a trace of each request, or of a share of them, and sends it to one collector."""

    def __init__(self, address: str, share: float) -> None:
        """Make ready to send traces of *share* of the requests to *address*."""
        self._share = TraceIdRatioBased(share)
        self._salt = os.urandom(16)
        self._ids = _GivenIds()
        self._provider = TracerProvider(
            sampler=ParentBased(self._share),
            # Not Resource.create: it adds what the environment says, which may name people.
            resource=Resource({"service.name": "eidosd", "service.version": __version__}),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        exporter = _Watched(_exporter(address), urlsplit(address).netloc)
        batches = BatchSpanProcessor(exporter, max_queue_size=_MAX_WAITING_SPANS)
        self._provider.add_span_processor(batches)
        self._tracer = self._provider.get_tracer("eidos", __version__)

    def trace_id(self, finished: Finished) -> str:
        """Return the id of the trace that *finished* has, "" if it has none."""
        number = self._number(finished)
        sampled = self._share.should_sample(None, number, "eidos.request").decision.is_sampled()
        return format_trace_id(number) if sampled else ""

    def observe(self, finished: Finished) -> None:
        """Make the trace of *finished*, if it is one of the share."""
        if not self.trace_id(finished):
            return
        self._ids.trace_id = self._number(finished)
        # The phases have the clock that never jumps; now is when the two are compared.
        offset_ns = time.time_ns() - time.monotonic_ns()
        root = self._tracer.start_span(
            "eidos.request",
            kind=SpanKind.SERVER,
            attributes=_attributes(finished),
            start_time=_wall_ns(finished.begin_s, offset_ns),
        )
        if finished.outcome not in _FINE:
            root.set_status(Status(StatusCode.ERROR, finished.outcome))
        context = set_span_in_context(root)
        for phase in finished.phases:
            begin_ns = _wall_ns(phase.begin_s, offset_ns)
            span = self._tracer.start_span(f"eidos.{phase.name}", context, start_time=begin_ns)
            span.end(_wall_ns(phase.end_s, offset_ns))
        root.end(_wall_ns(finished.end_s, offset_ns))

    def close(self, timeout_s: float) -> None:
        """Send what waits; return when that is done, or after *timeout_s*."""
        # The SDK's own shutdown waits for the export under way, and for half a minute.
        closing = threading.Thread(target=self._provider.shutdown, name="close-traces", daemon=True)
        closing.start()
        closing.join(timeout_s)

    def _number(self, finished: Finished) -> int:
        """Return the id of the trace of *finished*: the same for whoever asks, and no other's."""
        known = f"{finished.id} {finished.begin_s!r} {finished.end_s!r}".encode()
        digest = hashlib.blake2b(known, digest_size=16, key=self._salt).digest()
        return int.from_bytes(digest, "big") or 1


class _GivenIds(RandomIdGenerator):
    """Gives the next trace the id that was set; its spans get random ones."""

    trace_id = 1

    def generate_trace_id(self) -> int:
        return self.trace_id


class _Watched(SpanExporter):
    """Says once when the collector does not take spans, and once when it does again."""

    def __init__(self, exporter: SpanExporter, host: str) -> None:
        self._exporter = exporter
        self._host = host
        self._is_answering = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        is_answering = result is SpanExportResult.SUCCESS
        if is_answering and not self._is_answering:
            log.info("the collector at %s takes traces again", self._host)
        elif self._is_answering and not is_answering:
            text = "the collector at %s takes no traces; they are lost until it does (trace_url)"
            log.warning(text, self._host)
        self._is_answering = is_answering
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _exporter(address: str) -> SpanExporter:
    # Each failed try is a line of the SDK's, every few seconds; `_Watched` says it once.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)
    session = requests.Session()
    session.trust_env = False  # no proxy and no .netrc: spans go to the one address
    session.max_redirects = 0
    return OTLPSpanExporter(address, timeout=_EXPORT_TIMEOUT_S, session=session)


def _attributes(finished: Finished) -> dict[str, str | int | Sequence[str]]:
    attributes: dict[str, str | int | Sequence[str]] = {
        "eidos.request_id": finished.id,
        "eidos.command": finished.command,
        "eidos.outcome": finished.outcome,
        "eidos.tokens.prompt": finished.tokens.prompt,
        "eidos.tokens.generated": finished.tokens.generated,
        "eidos.tokens.drafted": finished.tokens.drafted,
    }
    if finished.shell:
        attributes["eidos.shell"] = finished.shell
    if finished.verdicts:
        attributes["eidos.verdicts"] = finished.verdicts
    return attributes


def _wall_ns(monotonic_s: float, offset_ns: int) -> int:
    return int(monotonic_s * 1e9) + offset_ns
