"""What Eidos adds to a chat, beside plain httpx: what eidos-remote asks with, and all of the way.

    python -m benchmarks.remote_overhead [--rounds 300] [--pieces 50]

All of the way is from a client through the socket, with consent, redaction and each piece sent on.
All ask a server on loopback, in a process of its own, that answers at once. They take turns, so
that whatever else the machine does slows both; the medians and their difference are printed.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import httpx
import msgspec

from benchmarks.measuring import machine, percentile
from benchmarks.remote_process import last, remote_process
from eidos import client as eidos_client
from eidos_remote.asking import Asking
from eidos_remote.messages import (
    LAST,
    MAX_FRAME_BYTES,
    Allow,
    Chat,
    End,
    Piece,
    Purpose,
    Turn,
    decode_reply,
    encode,
)
from eidos_remote.openai_chat import CHAT_PATH, chat_body
from eidos_remote.provider import Key, Message, Provider, ProviderName

MESSAGES = [Message("user", "how do I find the largest files in a folder? " * 10)]
MODEL = "instant"

Ask = Callable[[], Awaitable[float]]
"""Asks once; returns when the first piece had come."""


async def serve(pieces: int) -> None:
    """Answer every request at once with *pieces* events; say on which port."""
    event = msgspec.json.encode({"choices": [{"index": 0, "delta": {"content": "word "}}]})
    end = msgspec.json.encode({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    events = [b"data: " + event + b"\n\n"] * pieces + [b"data: " + end + b"\n\ndata: [DONE]\n\n"]
    body = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in events) + b"0\r\n\r\n"
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):  # the client has gone
            while request := await reader.readuntil(b"\r\n\r\n"):
                lines = request.lower().split(b"\r\n")
                (length,) = (line for line in lines if line.startswith(b"content-length:"))
                await reader.readexactly(int(length.split(b":")[1]))
                writer.write(head + body)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def plainly(client: httpx.AsyncClient, provider: Provider) -> Ask:
    """Return a way to ask with httpx alone: lines that begin with `data:`, decoded."""
    headers = {"Authorization": f"Bearer {provider.key.reveal()}"}

    async def ask() -> float:
        first_s = 0.0
        body = chat_body(MODEL, MESSAGES)
        url = provider.url + CHAT_PATH
        async with client.stream("POST", url, content=body, headers=headers) as response:
            async for line in response.aiter_lines():
                if line.startswith("data:") and not line.endswith("[DONE]"):
                    msgspec.json.decode(line[5:])
                    first_s = first_s or time.perf_counter()
        return first_s

    return ask


def by_eidos(asking: Asking, provider: Provider) -> Ask:
    """Return the way in which eidos-remote asks."""

    async def ask() -> float:
        first_s = 0.0
        async for _ in asking.stream(provider, MESSAGES):
            first_s = first_s or time.perf_counter()
        return first_s

    return ask


def all_of_the_way(line: eidos_client.Line) -> Ask:
    """Return the way of a client."""
    turns = tuple(Turn("user", message.content) for message in MESSAGES)

    async def ask() -> float:
        first_s = 0.0
        line.send(encode(Chat(id="chat", turns=turns)))
        while not isinstance(reply := decode_reply(line.receive(30)), LAST):
            if isinstance(reply, Piece):
                first_s = first_s or time.perf_counter()
        assert isinstance(reply, End), reply
        return first_s

    return ask


async def measure(
    url: str, line: eidos_client.Line, rounds: int
) -> dict[str, list[tuple[float, float]]]:
    """Return the milliseconds to the first piece and to the end, of each way, round by round."""
    provider = Provider(name=ProviderName.COMPATIBLE, url=url, model=MODEL, key=Key("a-key"))
    client, asking = httpx.AsyncClient(trust_env=False), Asking()
    ways = {
        "httpx": plainly(client, provider),
        "what asks": by_eidos(asking, provider),
        "all of the way": all_of_the_way(line),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for turn in range(rounds + 10):
        for name, ask in ways.items():
            begin_s = time.perf_counter()
            first_s = await ask()
            end_s = time.perf_counter()
            if turn >= 10:  # noqa: PLR2004 - before, connections are opened and code is warmed up
                taken[name].append(((first_s - begin_s) * 1000, (end_s - begin_s) * 1000))
    await client.aclose()
    await asking.close()
    return taken


def report(taken: dict[str, list[tuple[float, float]]]) -> str:
    """Return the table."""
    heads = ("to the", "through", "httpx", "Eidos", "added, median", "added, p95", "added, p99")
    rows = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for column, name in enumerate(("first piece", "end")):
        for way in ("what asks", "all of the way"):
            plain, ours = ([pair[column] for pair in taken[each]] for each in ("httpx", way))
            added = [mine - theirs for mine, theirs in zip(ours, plain, strict=True)]
            values = (statistics.median(plain), statistics.median(ours))
            values += (statistics.median(added), percentile(added, 95), percentile(added, 99))
            rows.append(f"| {name} | {way} | {' | '.join(f'{each:.2f} ms' for each in values)} |")
    return "\n".join(rows)


def _measured(url: str, rounds: int) -> dict[str, list[tuple[float, float]]]:
    settings = f'chat_url = "{url}"\nchat_model = "{MODEL}"'
    with (
        remote_process(settings) as socket,
        eidos_client.dialled(socket, max_frame_bytes=MAX_FRAME_BYTES) as line,
    ):
        last(line, Allow(id="allow", purpose=Purpose.CHAT, host=url.removeprefix("http://")))
        return asyncio.run(measure(url, line, rounds))


def main() -> None:
    """Start the server, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--pieces", type=int, default=50, help="events in an answer")
    parser.add_argument("--serve", action="store_true", help="be the server")
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.pieces))
        return
    load = os.getloadavg()[0]
    command = [sys.executable, "-m", "benchmarks.remote_overhead", "--serve"]
    command += ["--pieces", str(options.pieces)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            taken = _measured(f"http://127.0.0.1:{port}", options.rounds)
        finally:
            server.kill()
    print(report(taken))
    print(f"\n{options.rounds} rounds, {options.pieces} pieces. {machine(load)}")


if __name__ == "__main__":
    main()
