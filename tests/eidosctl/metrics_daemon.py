"""A stand-in for eidosd in a thread that tells the metrics a test gives it."""

from pathlib import Path

from answering import AnsweringDaemon

from eidos.frames import decode_request
from eidos.protocol import ErrorCode, Failure, MetricsRequest, MetricsText


class MetricsDaemon(AnsweringDaemon):
    """Answers with `body`, or like a daemon that does not know the request where it is None."""

    def __init__(self, socket: Path) -> None:
        super().__init__(socket)
        self.body: bytes | None = b"eidos_x 1.0\n"
        self.scrapes = 0

    def stop(self) -> None:
        """End, as a daemon does; may be called twice."""
        self.__exit__()

    def _reply(self, frames: list[bytes]) -> MetricsText | Failure:
        request = decode_request(frames)
        assert isinstance(request, MetricsRequest)
        self.scrapes += 1
        if self.body is None:
            return Failure(request.id, ErrorCode.BAD_MESSAGE, "unknown request 'metrics'")
        return MetricsText(request.id, self.body)
