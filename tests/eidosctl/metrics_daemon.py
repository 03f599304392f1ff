"""A stand-in for eidosd in a thread that tells the metrics a test gives it."""

import threading
from pathlib import Path
from typing import Self

import zmq

from eidos.frames import decode_request, encode_reply
from eidos.protocol import ErrorCode, Failure, MetricsRequest, MetricsText


class MetricsDaemon:
    """Answers with `body`, or like a daemon that does not know the request where it is None."""

    def __init__(self, socket: Path) -> None:
        self.body: bytes | None = b"eidos_x 1.0\n"
        self.asked = 0
        self._socket = socket
        self._stop = threading.Event()
        self._bound = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._socket.parent.mkdir(mode=0o700, exist_ok=True)
        self._thread.start()
        assert self._bound.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End, as a daemon does; may be called twice."""
        self._stop.set()
        self._thread.join()

    def _serve(self) -> None:
        with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
            router.linger = 0
            router.bind(f"ipc://{self._socket}")
            self._bound.set()
            while not self._stop.is_set():
                if router.poll(20):
                    sender, *frames = router.recv_multipart()
                    router.send_multipart([sender, *encode_reply(self._reply(frames))])

    def _reply(self, frames: list[bytes]) -> MetricsText | Failure:
        request = decode_request(frames)
        assert isinstance(request, MetricsRequest)
        self.asked += 1
        if self.body is None:
            return Failure(request.id, ErrorCode.BAD_MESSAGE, "unknown request 'metrics'")
        return MetricsText(request.id, self.body)
