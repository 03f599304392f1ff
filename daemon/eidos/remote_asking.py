"""How the daemon asks `eidos-remote`, which may open connections as the daemon may not.

Nothing here knows a network: what is asked goes over a Unix socket beside the daemon's own. The
daemon never starts who listens there; systemd does, or `eidosctl start`.
"""

import asyncio
import os
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import zmq
import zmq.asyncio

from eidos.errors import EidosError, ProtocolError, ProviderError, RuntimeDirError
from eidos.paths import check_private, remote_socket_path
from eidos_remote.messages import (
    LAST,
    MAX_FRAME_BYTES,
    Cancel,
    Code,
    Failure,
    Purpose,
    Redacted,
    Reply,
    Sending,
    Suggest,
    Suggested,
    Translate,
    Translation,
    decode_reply,
    encode,
)

Question = Translate | Suggest
_CANCEL_LINGER_MS: Final = 100
"""How long a cancel may wait for a reader that does not read; one that does has it at once."""
_GONE: Final = zmq.EVENT_CONNECT_RETRIED | zmq.EVENT_DISCONNECTED
"""libzmq would go on trying in silence, until the deadline."""
_ATTEMPTS: Final = 2
"""eidos-remote ends when it is idle: who asks just then is answered by the next one."""
_MOST: Final = 8
"""Questions at once: each has two threads and a dozen descriptors, and libzmq aborts the process
where there are no more of these (thread.cpp, 100 questions in a unit that may have 128 threads)."""
_READ_AHEAD: Final = 16
"""Replies that wait here, of MAX_FRAME_BYTES each at most."""


class Answered(NamedTuple):
    """What came of a question, and what was taken out of it before it went."""

    reply: Translation | Suggested
    redacted: tuple[Redacted, ...]


class RemoteAsking:
    """Asks `eidos-remote`, whose socket is where *environ* says."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._connections = 0

    async def ask(self, question: Question, *, timeout_s: float) -> Answered:
        """Return the answer to *question*, whose id is chosen here.

        Where the wait ends without one, cancelled or late, eidos-remote is told to stop.

        Raises:
            ProviderError: there is none within *timeout_s*; the message says why in a clause.
        """
        try:
            async with asyncio.timeout(timeout_s):
                return await self._answer_to(question)
        except TimeoutError:
            raise ProviderError("no answer in time", code=Code.TIMEOUT) from None
        except zmq.ZMQError as exc:
            said = f"eidos-remote cannot be asked: {exc.strerror}"
            raise ProviderError(said, code=Code.UNREACHABLE) from exc

    async def _answer_to(self, question: Question) -> Answered:
        for _ in range(_ATTEMPTS):
            own = msgspec.structs.replace(question, id=uuid.uuid4().hex)
            with suppress(_Gone):
                async with self._connection(own) as (dealer, monitor):
                    return await _answer(own, dealer, monitor)
        said = "eidos-remote does not run; start it: eidosctl start"
        raise ProviderError(said, code=Code.UNREACHABLE)

    @asynccontextmanager
    async def _connection(
        self, question: Question
    ) -> AsyncGenerator[tuple[zmq.asyncio.Socket, zmq.asyncio.Socket]]:
        """Yield a socket that leads to eidos-remote, and one that tells when it does no more."""
        path = self._path()
        if self._connections >= _MOST:
            said = f"{_MOST} other requests wait for eidos-remote; ask again in a moment"
            raise ProviderError(said, code=Code.BUSY)
        # A context of its own: its thread is gone with it, and a reload has none to hand over.
        context = zmq.asyncio.Context(io_threads=1)
        self._connections += 1
        try:
            with _dealer(context) as dealer, dealer.get_monitor_socket(_GONE) as monitor:
                try:
                    dealer.connect(f"ipc://{path}")
                    yield dealer, monitor
                except asyncio.CancelledError:
                    dealer.setsockopt(zmq.LINGER, _CANCEL_LINGER_MS)
                    _send(dealer, encode(Cancel(id=question.id)))
                    raise
                finally:
                    dealer.disable_monitor()
        finally:
            # It waits for the cancel to be read: in a thread, or nobody else is answered meanwhile.
            ended = asyncio.get_running_loop().run_in_executor(None, context.term)
            ended.add_done_callback(self._forget)

    def _path(self) -> Path:
        try:
            path = remote_socket_path(self._environ, os.getuid())
            check_private(path.parent, os.getuid())
        except (RuntimeDirError, OSError) as exc:
            said = "the folder of its socket is not ours alone; see: eidosctl doctor"
            raise ProviderError(said, code=Code.UNREACHABLE) from exc
        return path

    def _forget(self, _ended: object) -> None:
        self._connections -= 1


def without(redacted: Sequence[Redacted]) -> str:
    """Return in words that *redacted* was left out of what went; "" where nothing was."""
    if not redacted:
        return ""
    kinds = dict.fromkeys(each.kind for each in redacted)
    return f" (left out: {', '.join(kinds)})"


class _Gone(EidosError):  # noqa: N818 - reads as the state it reports
    """Nobody listens, or who did has ended."""


def _dealer(context: zmq.asyncio.Context) -> zmq.asyncio.Socket:
    dealer = context.socket(zmq.DEALER)
    dealer.setsockopt(zmq.LINGER, 0)
    dealer.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
    dealer.setsockopt(zmq.RCVHWM, _READ_AHEAD)
    return dealer


async def _answer(
    question: Question, dealer: zmq.asyncio.Socket, monitor: zmq.asyncio.Socket
) -> Answered:
    redacted: tuple[Redacted, ...] = ()
    _send(dealer, encode(question))
    gone = asyncio.ensure_future(monitor.recv_multipart())
    try:
        while True:
            came = asyncio.ensure_future(dealer.recv_multipart())
            try:
                await asyncio.wait((came, gone), return_when=asyncio.FIRST_COMPLETED)
                if not came.done():
                    raise _Gone
            finally:
                came.cancel()
            reply = _read(came.result())
            if isinstance(reply, Sending):
                redacted = reply.redacted
            elif isinstance(reply, LAST):
                return Answered(_expected(reply, question), redacted)
    finally:
        gone.cancel()


def _send(dealer: zmq.asyncio.Socket, frames: list[bytes]) -> None:
    """Queue *frames*, of which there are never so many that one has to wait."""
    for frame in frames[:-1]:
        dealer.send(frame, zmq.NOBLOCK | zmq.SNDMORE)
    dealer.send(frames[-1], zmq.NOBLOCK)


def _read(frames: list[bytes]) -> Reply:
    try:
        return decode_reply(frames)
    except ProtocolError as exc:
        raise ProviderError(str(exc), code=Code.BROKEN) from exc


def _expected(reply: Reply, question: Question) -> Translation | Suggested:
    if isinstance(reply, Failure):
        raise ProviderError(_clause(reply, question), code=reply.code)
    if not isinstance(reply, Translation | Suggested):
        raise ProviderError("eidos-remote answered something else", code=Code.BROKEN)
    return reply


def _clause(failure: Failure, question: Question) -> str:
    if failure.code == Code.CONSENT:
        purpose = question.purpose if isinstance(question, Translate) else Purpose.SUGGEST
        return f"to allow it, run: eidosctl remote allow {purpose}"
    return failure.message
