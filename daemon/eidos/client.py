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


def ask(request: Request, *, socket: Path, timeout_s: float) -> Reply:
    """Send *request* and return the daemon's reply, a Failure included.

    Where the wait ends without one, Ctrl-C included, the daemon is told that nobody waits any more.

    Raises:
        DaemonUnavailable: nobody listens on *socket*, or who did has gone.
        DaemonSilent: no reply within *timeout_s*.
        ProtocolError: the reply cannot be read.
    """
    import zmq

    if not is_listening(socket):
        message = f"no daemon listens on {socket}; start it: eidosctl start"
        raise DaemonUnavailable(message)
    with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
        dealer.linger = 0
        dealer.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
        # ZeroMQ would connect again, silently, to whoever comes next; the request would be lost.
        with dealer.get_monitor_socket(zmq.EVENT_DISCONNECTED) as monitor:
            dealer.connect(f"ipc://{socket}")
            poller = zmq.Poller()
            poller.register(dealer, zmq.POLLIN)
            poller.register(monitor, zmq.POLLIN)
            with _cancelled_if_left(request, dealer):
                dealer.send_multipart(encode_request(request))
                events = dict(poller.poll(int(timeout_s * 1000)))
                if not events:
                    message = f"no answer on {socket} after {timeout_s:g} s; try: eidosctl restart"
                    raise DaemonSilent(message)
            dealer.disable_monitor()
        if dealer in events:
            return decode_reply(dealer.recv_multipart())
        message = f"the daemon on {socket} went away before it answered; ask again"
        raise DaemonUnavailable(message)


@contextmanager
def _cancelled_if_left(request: Request, dealer: "zmq.Socket[bytes]") -> Generator[None]:
    """Tell the daemon that nobody waits for *request* when the wait is left by an exception."""
    import zmq

    try:
        yield
    except BaseException:
        if isinstance(request, SuggestRequest):
            dealer.linger = _CANCEL_LINGER_MS
            with suppress(zmq.ZMQError):
                dealer.send_multipart(encode_request(CancelRequest(request.id)), zmq.NOBLOCK)
        raise


def ping(socket: Path, *, timeout_s: float = PING_TIMEOUT_S) -> Pong:
    """Return the daemon's sign of life, given without its engine.

    Raises:
        DaemonUnavailable, DaemonSilent, ProtocolError: as `ask` does.
    """
    reply = ask(PingRequest(id="ping"), socket=socket, timeout_s=timeout_s)
    if not isinstance(reply, Pong):
        raise ProtocolError(f"whoever listens on {socket} is not eidosd; see: eidosctl doctor")
    return reply
