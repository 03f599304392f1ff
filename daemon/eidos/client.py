"""Ask the daemon from Python; the only ZeroMQ code that eidosctl imports.

(The key path does not come through here: `import zmq` alone costs 60 to 90 ms. zsh speaks ZMTP
itself, bash and fish through eidos-client.pl; see docs/client-path.md.)
"""

import os
import socket as sockets
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from eidos.errors import DaemonSilent, DaemonUnavailable, ProtocolError
from eidos.frames import decode_reply, encode_request
from eidos.paths import check_private
from eidos.protocol import (
    MAX_FRAME_BYTES,
    CancelRequest,
    PingRequest,
    Pong,
    Reply,
    Request,
    SuggestRequest,
)

if TYPE_CHECKING:
    import zmq

PING_TIMEOUT_S: Final = 1.0
_CANCEL_LINGER_MS: Final = 100
"""How long a cancel may wait for a daemon that does not read; one that does has it at once."""


def is_listening(socket: Path) -> bool:
    """Tell whether anybody accepts connections on *socket*, in well under a millisecond.

    A ZeroMQ connect to a dead path does not fail but waits; a plain one fails at once.

    Raises:
        RuntimeDirError: the socket's folder is not ours alone.
    """
    try:
        check_private(socket.parent, os.getuid())
        with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as probe:
            probe.settimeout(PING_TIMEOUT_S)
            probe.connect(os.fspath(socket))
    except OSError:
        return False
    return True


class Line:
    """A connection to who listens on a socket: frames out, frames in, by one thread."""

    def __init__(self, socket: Path, dealer: "zmq.Socket[bytes]", poller: "zmq.Poller") -> None:
        self._socket = socket
        self._dealer = dealer
        self._poller = poller

    def send(self, frames: list[bytes]) -> None:
        """Send one message."""
        self._dealer.send_multipart(frames)

    def send_last(self, frames: list[bytes]) -> None:
        """Send a message behind which this side goes; where nobody takes it, it is lost."""
        import zmq

        self._dealer.linger = _CANCEL_LINGER_MS
        with suppress(zmq.ZMQError):
            self._dealer.send_multipart(frames, zmq.NOBLOCK)

    def receive(self, timeout_s: float) -> list[bytes]:
        """Return the next message.

        Raises:
            DaemonUnavailable: the other side has gone.
            DaemonSilent: nothing came within *timeout_s*.
        """
        events = dict(self._poller.poll(int(timeout_s * 1000)))
        if self._dealer in events:
            return self._dealer.recv_multipart()
        if events:
            message = f"the daemon on {self._socket} went away before it answered; ask again"
            raise DaemonUnavailable(message)
        message = f"no answer on {self._socket} after {timeout_s:g} s; try: eidosctl restart"
        raise DaemonSilent(message)


@contextmanager
def dialled(socket: Path, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> Generator[Line]:
    """Connect to who listens on *socket*; a message with a longer frame ends the connection.

    Raises:
        DaemonUnavailable: nobody listens there.
    """
    import zmq

    if not is_listening(socket):
        message = f"no daemon listens on {socket}; start it: eidosctl start"
        raise DaemonUnavailable(message)
    with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
        dealer.linger = 0
        dealer.setsockopt(zmq.MAXMSGSIZE, max_frame_bytes)
        # ZeroMQ would connect again, silently, to whoever comes next; the request would be lost.
        with dealer.get_monitor_socket(zmq.EVENT_DISCONNECTED) as monitor:
            dealer.connect(f"ipc://{socket}")
            poller = zmq.Poller()
            poller.register(dealer, zmq.POLLIN)
            poller.register(monitor, zmq.POLLIN)
            try:
                yield Line(socket, dealer, poller)
            finally:
                dealer.disable_monitor()


def ask(request: Request, *, socket: Path, timeout_s: float) -> Reply:
    """Send *request* and return the daemon's reply, a Failure included.

    Where the wait ends without one, Ctrl-C included, the daemon is told that nobody waits any more.

    Raises:
        DaemonUnavailable: nobody listens on *socket*, or who did has gone.
        DaemonSilent: no reply within *timeout_s*.
        ProtocolError: the reply cannot be read.
    """
    with dialled(socket) as line:
        try:
            line.send(encode_request(request))
            frames = line.receive(timeout_s)
        except BaseException:
            if isinstance(request, SuggestRequest):
                line.send_last(encode_request(CancelRequest(request.id)))
            raise
        return decode_reply(frames)


def ping(socket: Path, *, timeout_s: float = PING_TIMEOUT_S) -> Pong:
    """Return the daemon's sign of life, given without its engine.

    Raises:
        DaemonUnavailable, DaemonSilent, ProtocolError: as `ask` does.
    """
    reply = ask(PingRequest(id="ping"), socket=socket, timeout_s=timeout_s)
    if not isinstance(reply, Pong):
        raise ProtocolError(f"whoever listens on {socket} is not eidosd; see: eidosctl doctor")
    return reply
