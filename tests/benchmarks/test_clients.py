"""Many clients at once, on a daemon that is busy at times."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
from real_daemon import private_folders

from benchmarks import clients
from eidos.frames import decode_request, encode_reply
from eidos.protocol import ErrorCode, Failure, Suggestions, SuggestRequest

TEXTS = [f"list files {number}" for number in range(12)]


def serve(router: zmq.Socket[bytes], asked: list[str]) -> None:
    """Refuse every third try as busy, fail on the request 7, answer all else, until "stop"."""
    while True:
        sender, *frames = router.recv_multipart()
        if not frames or frames == [b"stop"]:
            return
        request = decode_request(frames)
        assert isinstance(request, SuggestRequest)
        asked.append(request.text)
        if len(asked) % 3 == 0:
            reply = Failure(request.id, ErrorCode.BUSY, "later")
        elif request.text == TEXTS[7]:
            reply = Failure(request.id, ErrorCode.ENGINE, "never")
        else:
            reply = Suggestions(request.id, 5.0, ())
        router.send_multipart([sender, *encode_reply(reply)])


@pytest.fixture
def asked() -> Iterator[tuple[Path, list[str]]]:
    """A daemon of this process, and what it was asked until now."""
    texts: list[str] = []
    with private_folders() as environ, zmq.Context() as context:
        socket = Path(environ["XDG_RUNTIME_DIR"], "s")
        router = context.socket(zmq.ROUTER)
        router.linger = 0
        router.bind(f"ipc://{socket}")
        thread = threading.Thread(target=serve, args=(router, texts))
        thread.start()
        yield socket, texts
        with context.socket(zmq.DEALER) as dealer:
            dealer.connect(f"ipc://{socket}")
            dealer.send(b"stop")
            thread.join()
        router.close()


@pytest.mark.parametrize("count", [1, 4, 100])
def test_every_request_is_answered_or_failed_once(
    asked: tuple[Path, list[str]], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is told "busy" asks again; the times are matched with the daemon's log by request."""
    monkeypatch.setattr(clients, "PAUSE_S", 0.001)
    socket, texts = asked
    crowd = clients.Crowd(socket, TEXTS)

    crowd.ask_all(count)

    log = "\n".join(f"DEBUG request={number} generated in {number} ms" for number in range(12))
    waits = crowd.waits(f"{log}\nDEBUG request=test generated in 99 ms")
    assert sorted(wait.engine_ms for wait in waits) == [n for n in range(12) if n != 7]
    assert {wait.daemon_ms for wait in waits} == {5.0}
    assert (crowd.failed, crowd.busy) == (1, len(texts) - 12)
    assert crowd.busy > 0
