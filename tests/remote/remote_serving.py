"""The server of `eidos-remote` with a stub in place of all that answers: a program for its tests.

remote_serving.py own PATH              binds its own socket, serves, ends
remote_serving.py again PATH ROUNDS     as systemd does: keeps a listening socket, and starts
                                        a process for it whenever somebody waits
"""

import asyncio
import os
import select
import signal
import socket
import sys
from pathlib import Path

from eidos.config import Config
from eidos.logs import configure_logging
from eidos.notify import Notifier
from eidos_remote.entrance import Entrance, inherited, own
from eidos_remote.messages import AnsweredRequest, Chat, Done, End, Piece
from eidos_remote.server import Send, Server
from eidos_remote.status import Counts

SLOW, LONG = "slow", "long"


class Stub:
    """Answers a chat by what its last turn says: at once, never, or with very many pieces."""

    def __init__(self, marks: Path) -> None:
        self._marks = marks

    async def answer(self, request: AnsweredRequest, send: Send) -> str:
        """Answer *request*; whether slow work was stopped, a file beside the socket says."""
        if not isinstance(request, Chat):
            await send(Done(id=request.id, message=str(os.getpid())))
            return "ok"
        said = request.turns[-1].text
        if said == SLOW:
            await send(Piece(id=request.id, text="begun"))
            try:
                await asyncio.sleep(600)
            finally:
                self._marks.with_suffix(".stopped").touch()
        for number in range(20_000 if said == LONG else 1):
            await send(Piece(id=request.id, text=f"{number} {os.getpid()} ".ljust(200)))
        await send(End(id=request.id, finish="stop", provider_ms=0, total_ms=0))
        return "ok"


async def serve(path: Path, idle_s: float) -> None:
    """Serve on what systemd would have handed over, else on *path*; then end the process."""
    entrance = Entrance(inherited(os.environ) or own(path, os.getuid()))
    config = Config(
        remote_idle_s=idle_s,
        remote_per_minute=int(os.environ.get("MOST", "1000")),
        translate_requests=bool(os.environ.get("ASKED")),
    )
    server = Server(
        entrance, Stub(path), lambda: config, counts=Counts(), notifier=Notifier(os.environ)
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.stop)
    await server.serve()
    os._exit(0)


def again(path: Path, rounds: int) -> None:
    """Start a process whenever somebody waits and none runs, as systemd does; tell how it ended."""
    keep = socket.socket(socket.AF_UNIX)
    keep.bind(str(path))
    keep.listen(128)
    for _ in range(rounds):
        select.select([keep], [], [])
        child = os.fork()
        if child == 0:
            os.dup2(keep.fileno(), 3)
            os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
            asyncio.run(serve(path, float(os.environ["IDLE_S"])))
        _, status = os.waitpid(child, 0)
        os.write(1, f"{os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    configure_logging("info", os.environ)
    mode, place, *rest = sys.argv[1:]
    if mode == "own":
        asyncio.run(serve(Path(place), float(os.environ["IDLE_S"])))
    else:
        again(Path(place), int(rest[0]))
