"""Clients that make a daemon log as much as they can."""

import itertools
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import zmq

_WINDOW = 64
"""Messages that a client sends before it waits for the answers: the daemon is never idle."""


@dataclass
class Flood:
    """Hostile clients of the daemon at `socket`: each of their messages is one it has to refuse."""

    socket: Path
    clients: int = 8
    answered: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _end: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Generator["Flood"]:
        """Have the clients send until the block ends."""
        threads = [threading.Thread(target=self._send) for _ in range(self.clients)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._end.set()
            for thread in threads:
                thread.join()

    def _send(self) -> None:
        kinds = itertools.cycle([b"nonsense", b"suggest", b"reload-please"])
        with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
            dealer.linger = 0
            dealer.connect(f"ipc://{self.socket}")
            while not self._end.is_set():
                for number in range(_WINDOW):
                    identity = f"{'x' * 50}-{number}".encode()
                    dealer.send_multipart([b"eidos/2", next(kinds), identity])
                received = 0
                while received < _WINDOW and dealer.poll(5000):
                    dealer.recv_multipart()
                    received += 1
                with self._lock:
                    self.answered += received
