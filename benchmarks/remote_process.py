"""A real `eidos-remote` to be measured, in folders of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from real_daemon import until

from eidos import client
from eidos_remote.messages import LAST, Reply, Request, decode_reply, encode

_TIMEOUT_S: Final = 30.0


@contextmanager
def remote_process(settings: str) -> Generator[Path]:
    """Run an `eidos-remote` with *settings*; yield its socket."""
    with tempfile.TemporaryDirectory(prefix="eidos-", dir="/tmp") as folder:
        root = Path(folder)
        names = ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")
        environ = {name: str(root / name.lower()) for name in names}
        for path in environ.values():
            Path(path).mkdir(mode=0o700)
        config = Path(environ["XDG_CONFIG_HOME"], "eidos", "config.toml")
        config.parent.mkdir()
        config.write_text(f"{settings}\nremote_per_minute = 1000\n")
        program = Path(sys.executable).with_name("eidos-remote")
        process = subprocess.Popen(
            [program], env={**environ, "PATH": os.environ["PATH"]}, stderr=subprocess.DEVNULL
        )
        socket = Path(environ["XDG_RUNTIME_DIR"], "eidos", "remote.sock")
        try:
            until(lambda: client.is_listening(socket))
            yield socket
        finally:
            process.terminate()
            process.wait()


def last(line: client.Line, request: Request) -> Reply:
    """Return the last reply to *request*."""
    line.send(encode(request))
    while not isinstance(reply := decode_reply(line.receive(_TIMEOUT_S)), LAST):
        pass
    return reply
