"""What the functions do that fetch, send and connect."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from eidos.validator.code.trace import Act, Site, Trace
from eidos.validator.code.values import (
    Value,
    call,
    carried,
    concatenated,
    known,
    output_of,
)
from eidos.validator.script import Call, Pipeline

_HOSTS: Final = ("PeerAddr", "PeerHost", "host", "hostname", "LocalAddr")
_PORTS: Final = ("PeerPort", "port", "LocalPort")


def _url(value: Value) -> Value:
    """Return the address in *value*, which may be a table of host and path."""
    table = value.entries
    if table is None:
        return value.items[0] if value.items else value
    if "url" in table:
        return table["url"]
    host = next((table[name] for name in _HOSTS if name in table), None)
    return concatenated(known("http://"), host, table.get("path", known("/"))) if host else value


def _sent(values: Iterable[Value], *, always: bool) -> list[Value]:
    """Return what is sent along: everything that comes from outside the program."""
    found: list[Value] = []
    for value in values:
        inner = (*(value.items or ()), *(value.entries or {}).values())
        if value.sources:
            is_plain = value.parts is not None
            found.append(replace(value, name="") if is_plain else carried((value,)))
        elif always and value.text:
            found.append(value)
        elif always and inner:
            found += _sent(inner, always=True)[:1]
    return found


def request(
    trace: Trace, site: Site, url: Value, values: Iterable[Value], *, sends: bool = False
) -> Value:
    """Note that *url* is asked for with *values* sent along; return the answer."""
    data = [word for value in _sent(values, always=sends) for word in (known("-d"), value)]
    command = call("curl", *data, _url(url), source=site.source)
    trace.add(command)
    return output_of(command, f"{site.name}()")


def _others(site: Site, used: int) -> list[Value]:
    rest = (value for position, value in enumerate(site.args) if position != used)
    row = (v for v in rest if v.function is None and v.entries is None)
    return [*row, *site.named.values()]


def fetch(trace: Trace, site: Site) -> Value:
    """Fetch what is at an address: `urlopen`, `http.get`, `fetch`."""
    url = site.arg(0, "url", "uri", "URI")
    return request(trace, site, url, _others(site, 0))


def post(trace: Trace, site: Site) -> Value:
    """Send data to an address: `requests.post`."""
    url = site.arg(0, "url", "uri")
    return request(trace, site, url, _others(site, 0), sends=True)


def request_by_method(trace: Trace, site: Site) -> Value:
    """Send a request whose method is named before the address: `requests.request`."""
    url = site.arg(1, "url")
    sends = (site.arg(0, "method").text or "").upper() in {"POST", "PUT", "PATCH"}
    return request(trace, site, url, _others(site, 1), sends=sends)


def connect_to_host(trace: Trace, site: Site) -> Value:
    """Prepare requests to one host: `http.client.HTTPConnection`."""
    del trace
    return replace(concatenated(known("http://"), site.arg(0)), name=f"{site.name}()")


def request_on_host(trace: Trace, site: Site) -> Value:
    """Send a request to the host that a connection was prepared for."""
    url = concatenated(site.receiver, site.arg(1, "url"))
    return request(trace, site, url, _others(site, 1)[1:])


def download(url_at: int = 0, to: int = 1) -> Act:
    """Return the act of a function that fetches into a file: `urlretrieve`, `getstore`."""

    def act(trace: Trace, site: Site) -> Value:
        target = site.arg(to, "filename", "destfile", "out")
        command = call("curl", "-o", target, site.arg(url_at, "url"), source=site.source)
        trace.add(command)
        return target

    return act


def prepare(trace: Trace, site: Site) -> Value:
    """Make a request that is sent later: `urllib.request.Request`, `URI`."""
    if any(value.sources for value in _others(site, 0)):
        fetch(trace, site)
    return replace(site.arg(0, "url"), name=f"{site.name}()")


def resolve(trace: Trace, site: Site) -> Value:
    """Ask for the address of a host, whose name may carry data out."""
    host = site.arg(0)
    if host.sources:
        trace.add(call("nslookup", host, source=site.source))
    return host


def send_mail(trace: Trace, site: Site) -> Value:
    """Send what a mail is made of."""
    for value in _sent(_others(site, -1), always=False):
        giver = value.script or call("echo", value)
        trace.add(Pipeline((giver, call("mail", site.arg(1)))))
    return Value()


# Connections without a protocol.


def connect(trace: Trace, site: Site) -> Value:
    """Connect to a host and a port, in whatever order and shape they are given."""
    host, port = _place(site.args, site.named)
    if not site.args and not site.named:
        return site.receiver
    trace.socket.host = host or trace.socket.host or Value(name="host")
    trace.socket.port = port or trace.socket.port
    return _connection(trace, site)


def listen(trace: Trace, site: Site) -> Value:
    """Wait for others to connect."""
    _, port = _place(site.args, site.named)
    trace.socket.listens = True
    trace.socket.port = trace.socket.port or port
    return _connection(trace, site)


def _connection(trace: Trace, site: Site) -> Value:
    command = _netcat(trace)
    return output_of(command, "socket()") if command else Value(name=f"{site.name}()")


def _netcat(trace: Trace) -> Call | None:
    socket = trace.socket
    if socket.host is None:
        return call("nc", "-l", "-p", socket.port or Value(name="port")) if socket.listens else None
    return call("nc", socket.host, socket.port or Value(name="port"))


def _place(args: Iterable[Value], named: Mapping[str, Value]) -> tuple[Value | None, Value | None]:
    flat = [inner for value in args for inner in (value.items or (value,))]
    tables = [named, *(value.entries for value in flat if value.entries)]
    host = next((table[name] for table in tables for name in _HOSTS if name in table), None)
    port = next((table[name] for table in tables for name in _PORTS if name in table), None)
    before = ""
    for value in flat:
        text, key = value.text, before
        before = text or ""
        if key in _HOSTS:
            host = host or value
            continue
        if before in (*_HOSTS, *_PORTS):
            continue
        is_number = value.number is not None or (text or "").isdigit()
        if is_number:
            port = port or value
        elif text and value.parts is not None and host is None:
            host, port = _split(text, port)
        elif value.parts is not None and text is None:
            host = host or value
    text = host.text if host else None
    return _split(text, port) if text and ":" in text else (host, port)


def _split(text: str, port: Value | None) -> tuple[Value, Value | None]:
    """Take `tcp://host:port` apart."""
    bare = text.rpartition("//")[2]
    host, _, number = bare.partition(":")
    return known(host), known(number) if number.isdigit() else port


def receive(trace: Trace, site: Site) -> Value:
    """Read from a connection."""
    command = _netcat(trace)
    return output_of(command) if command else carried((site.receiver,))


def send(trace: Trace, site: Site) -> Value:
    """Write to a connection."""
    command = _netcat(trace)
    for value in site.args:
        if command is not None and value.sources:
            giver = value.script or call("echo", value)
            trace.add(Pipeline((giver, command)))
    return Value()


def attach(trace: Trace, site: Site) -> Value:
    """Make a connection the input or output of what the program starts."""
    del site
    trace.socket.is_attached = True
    return Value()


def serve(trace: Trace, site: Site) -> Value:
    """Serve files over HTTP, which matters when the program has chosen the folder."""
    folder = site.arg(-1, "directory")
    if folder.parts is not None:
        trace.add(call("python", "-m", "http.server", "--directory", folder, source=site.source))
    elif trace.folder_is_set:
        trace.add(call("python", "-m", "http.server", source=site.source))
    return Value()


def upload(trace: Trace, site: Site) -> Value:
    """Send a file to a server: `FTP.storbinary`."""
    for value in site.args[1:]:
        if value.sources:
            giver = value.script or call("echo", value)
            trace.add(Pipeline((giver, call("curl", "-T", "-", "ftp://host/"))))
    return Value()
