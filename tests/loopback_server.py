"""An HTTP server on a free port of loopback, for as long as a test needs it."""

import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CERTIFICATE = Path(__file__).with_name("openai_server.pem")
"""For `localhost`, signed by itself."""


@contextmanager
def served(
    handler: type[BaseHTTPRequestHandler], go_on: threading.Event, *, tls: bool
) -> Generator[str]:
    """Serve by *handler*, and yield the address; at the end *go_on* lets those go that wait."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # a client that went away
    url = f"http://127.0.0.1:{server.server_port}"
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        url = f"https://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield url
    finally:
        go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()
