"""Traces of requests, for an OpenTelemetry collector: whether they are made, and for whom.

Off unless `trace_url` is set; then `spans.py` makes them. docs/tracing.md says what is sent.
"""

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from eidos.addresses import trace_address
from eidos.errors import ConfigError
from eidos.finished import Finished

if TYPE_CHECKING:
    from eidos.spans import Spans

_PACKAGES: Final = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
_CLOSE_TIMEOUT_S: Final = 1.0


class Tracing:
    """The traces of a daemon; none until `configure` names a collector, which need not be there."""

    def __init__(self) -> None:
        self._spans: Spans | None = None
        self._configured: tuple[str, float] = ("", 1.0)

    def configure(self, url: str, share: float) -> None:
        """Send traces of *share* of all requests to the collector at *url*; none where it is empty.

        Raises:
            ConfigError: the address cannot be used, or the packages are not installed; all stays
                as it was.
        """
        if (url, share) == self._configured:
            return
        before, self._spans = self._spans, _spans_of(url, share) if url else None
        self._configured = (url, share)
        if before is not None:
            before.close(0)  # it goes on sending what it has, and nobody waits for it

    def trace_id(self, finished: Finished) -> str:
        """Return the id of the trace that *finished* has, "" if it has none."""
        return self._spans.trace_id(finished) if self._spans is not None else ""

    def observe(self, finished: Finished) -> None:
        """Make the trace of *finished*, if it is to have one; it is sent later."""
        if self._spans is not None:
            self._spans.observe(finished)

    def close(self) -> None:
        """Send what waits, for a second at most; what the collector has not taken then is lost."""
        if self._spans is not None:
            self._spans.close(_CLOSE_TIMEOUT_S)


def _spans_of(url: str, share: float) -> "Spans":
    address = trace_address(url)
    if not all(_is_installed(package) for package in _PACKAGES):
        raise ConfigError(
            "trace_url needs the packages of OpenTelemetry; "
            f"run: {sys.executable} -m pip install 'eidosctl[tracing]'"
        )
    from eidos.spans import Spans  # 0.3 s and 20 MB

    return Spans(address, share)


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # a package above it is missing
        return False
