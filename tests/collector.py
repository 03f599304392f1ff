"""A real OpenTelemetry collector on loopback: Rotel, which its wheel brings as a program."""

import re
import socket
import subprocess
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from real_daemon import until

_SPAN = re.compile(r"^Span #\d+$", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Span:
    """A span as the collector prints it."""

    name: str
    trace: str
    parent: str
    identity: str
    begin_ns: int
    end_ns: int
    status: str
    attributes: dict[str, str]

    @property
    def request(self) -> str:
        """The id of the request that it is the root of; a phase has none."""
        return self.attributes.get("eidos.request_id", "")


@dataclass
class Collector:
    """The running collector: where it listens, and what it was sent."""

    url: str
    output: Path

    @property
    def text(self) -> str:
        """All that it printed."""
        return _COLOUR.sub("", self.output.read_text(errors="replace"))

    @property
    def spans(self) -> list[Span]:
        """The spans that it was sent."""
        _, *blocks = _SPAN.split(self.text)
        return [_span(block) for block in blocks]

    def spans_with(self, *requests: str) -> list[Span]:
        """Return the spans that it was sent once the requests of these ids are among them.

        It takes spans before it prints them, and `Tracing.close` waits for a second at most: on a
        busy machine both have ended when nothing is to be read yet.
        """
        until(lambda: {*requests} <= {span.request for span in self.spans}, log=lambda: self.text)
        return self.spans


@contextmanager
def collector(folder: Path, *, port: int = 0) -> Generator[Collector]:
    """Run a collector that prints what it is sent; on *port*, or on any."""
    found = find_spec("rotel")
    assert found is not None
    assert found.origin is not None
    program = Path(found.origin).with_name("rotel-agent")
    port, other = port or _free_port(), _free_port()
    output = folder / f"collector-{port}.txt"
    command = [program, "start", "--exporter", "blackhole"]
    command += ["--otlp-http-endpoint", f"127.0.0.1:{port}"]
    command += ["--otlp-grpc-endpoint", f"127.0.0.1:{other}"]
    command += ["--debug-log", "traces", "--debug-log-verbosity", "detailed"]
    with ExitStack() as stack:
        file = stack.enter_context(output.open("wb"))
        process = subprocess.Popen(command, stdout=file, stderr=file, stdin=subprocess.DEVNULL)
        stack.callback(process.wait, 30)
        stack.callback(process.terminate)
        running = Collector(f"http://127.0.0.1:{port}", output)
        until(lambda: _listens(port), log=lambda: running.text)
        yield running


def _span(block: str) -> Span:
    head, _, attributes = block.partition("Attributes:\n")
    pairs = dict(re.findall(r"^ *([\w ]+?) *: ?(.*)$", head, re.MULTILINE))
    found = re.findall(r"^ +-> ([\w.]+): (?:Str|Int|Slice)\((.*)\)$", attributes, re.MULTILINE)
    return Span(
        name=pairs["Name"],
        trace=pairs["Trace ID"],
        parent=pairs["Parent ID"],
        identity=pairs["ID"],
        begin_ns=int(pairs["Start time"]),
        end_ns=int(pairs["End time"]),
        status=f"{pairs['Status code']} {pairs['Status message']}".strip(),
        attributes=dict(found),
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
