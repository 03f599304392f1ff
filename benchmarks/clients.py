"""Many clients at once, each a DEALER socket of this process, on the socket of a real daemon."""

import re
import time
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import zmq
from msgspec import Struct
from real_daemon import EXAMPLE, real_daemon

from benchmarks.measuring import memory_mb
from eidos.frames import decode_reply, encode_request
from eidos.protocol import ErrorCode, Failure, Shell, Suggestions, SuggestRequest

PATIENCE_S = 60
PAUSE_S = 0.1
"""A client that is told "busy" asks again after it."""
_GENERATED = re.compile(r"request=(\S+) generated in (\d+) ms")


class Waits(Struct, frozen=True):
    """What one request cost, in milliseconds."""

    client_ms: float
    """From the first try to the answer."""
    daemon_ms: float
    """From the message to the reply in the daemon, of the try that was answered."""
    engine_ms: float
    """In the engine, all its candidates together."""


class Load(Struct, frozen=True):
    """What happened while *clients* asked as fast as they were answered."""

    clients: int
    taken_s: float
    waits: list[Waits]
    busy: int
    """How often a client was told to come again."""
    failed: int
    memory_mb: dict[str, tuple[float, float]]
    """Resident and proportional, of each process, afterwards."""
    again_ms: list[float]
    """What the client waited for each request when it asked again; one client alone does."""

    @property
    def per_second(self) -> float:
        """Answers in a second."""
        return len(self.waits) / self.taken_s


def load(texts: Sequence[str], clients: int, threads: int) -> Load:
    """Return how a fresh daemon answers each of *texts* once, *clients* of them at a time.

    Fresh, so that no answer is one that the daemon gave before. Its log says what the engine took,
    in whole milliseconds.
    """
    environ = {
        "EIDOS_LOG_LEVEL": "debug",
        "EIDOS_THREADS": str(threads),
        "EIDOS_RATE_LIMIT_PER_S": "0",  # to the daemon, all clients are this one process
        "EIDOS_DEADLINE_S": str(PATIENCE_S),
    }
    with real_daemon(**environ) as daemon:
        daemon.ask(EXAMPLE)
        crowd = Crowd(daemon.socket, texts)
        crowd.ask_all(clients)
        waits = crowd.waits(daemon.log)
        again = Crowd(daemon.socket, texts)
        if clients == 1:
            again.ask_all(1)
        status = daemon.status()
        pids = {"eidosd": status["pid"], "engine": status["engines"][0]["pid"]}
        return Load(
            clients,
            crowd.taken_s,
            waits,
            crowd.busy,
            crowd.failed,
            {name: memory_mb(pid) for name, pid in pids.items()},
            again.client_ms(),
        )


@dataclass
class _Client:
    """A socket, the number of the request that it waits for, and since when."""

    dealer: zmq.Socket[bytes]
    number: int = -1
    begin_s: float = 0.0
    again_s: float | None = None
    """When to ask again, if the daemon was busy."""


class Crowd:
    """Clients of the daemon on *socket* that share a list of requests."""

    def __init__(self, socket: Path, texts: Sequence[str]) -> None:
        self._socket = socket
        self._texts = texts
        self._left = deque(range(len(texts)))
        self._answered: dict[int, tuple[float, float]] = {}
        self.busy = 0
        self.failed = 0
        self.taken_s = 0.0

    def ask_all(self, clients: int) -> None:
        """Have every request answered or refused for good."""
        with zmq.Context() as context, ExitStack() as stack:
            poller = zmq.Poller()
            by_socket: dict[object, _Client] = {}
            for _ in range(min(clients, len(self._texts))):
                dealer = stack.enter_context(context.socket(zmq.DEALER))
                dealer.linger = 0
                dealer.connect(f"ipc://{self._socket}")
                poller.register(dealer, zmq.POLLIN)
                by_socket[dealer] = _Client(dealer)
            begin_s = time.perf_counter()
            waiting = {dealer for dealer, client in by_socket.items() if self._ask_next(client)}
            while waiting:
                for dealer, _ in poller.poll(int(PAUSE_S * 1000 / 4)):
                    if not self._take(by_socket[dealer]):
                        waiting.discard(dealer)
                for dealer in waiting:
                    self._ask_again(by_socket[dealer])
            self.taken_s = time.perf_counter() - begin_s

    def waits(self, log: str) -> list[Waits]:
        """Return what each answered request cost, the engine's part as its *log* has it."""
        engine_ms: dict[int, float] = {}
        for identity, taken_ms in _GENERATED.findall(log):
            if identity.isdigit():
                engine_ms[int(identity)] = engine_ms.get(int(identity), 0.0) + float(taken_ms)
        return [
            Waits(client_ms, daemon_ms, engine_ms.get(number, 0.0))
            for number, (client_ms, daemon_ms) in self._answered.items()
        ]

    def client_ms(self) -> list[float]:
        """Return how long the client of each answered request waited."""
        return [client_ms for client_ms, _ in self._answered.values()]

    def _ask_next(self, client: _Client) -> bool:
        """Send the next request for *client*; return whether there was one."""
        if not self._left:
            return False
        client.number = self._left.popleft()
        client.begin_s = time.perf_counter()
        self._send(client)
        return True

    def _send(self, client: _Client) -> None:
        text = self._texts[client.number]
        request = SuggestRequest(id=str(client.number), shell=Shell.BASH, count=1, text=text)
        client.dealer.send_multipart(encode_request(request))

    def _take(self, client: _Client) -> bool:
        """Take the reply that came for *client*; return whether it goes on."""
        now_s = time.perf_counter()
        reply = decode_reply(client.dealer.recv_multipart())
        if isinstance(reply, Failure) and reply.code is ErrorCode.BUSY:
            self.busy += 1
            client.again_s = now_s + PAUSE_S
            return True
        if isinstance(reply, Suggestions):
            taken_ms = (now_s - client.begin_s) * 1000
            self._answered[client.number] = taken_ms, reply.total_ms
        else:
            self.failed += 1
        return self._ask_next(client)

    def _ask_again(self, client: _Client) -> None:
        now_s = time.perf_counter()
        if now_s - client.begin_s > PATIENCE_S:
            raise TimeoutError(f"request {client.number} has no answer after {PATIENCE_S} s")
        if client.again_s is not None and now_s >= client.again_s:
            client.again_s = None
            self._send(client)
