"""How long the first answer takes when nothing runs; the files are in the page cache."""

import subprocess
import time

from real_daemon import EXAMPLE, RealDaemon, private_folders, until

from eidos.client import is_listening


def first_answer_ms(threads: int) -> float:
    """Return the time from the start of a daemon to its first answer."""
    with private_folders() as environ:
        daemon = RealDaemon(environ)
        begin_s = time.perf_counter()
        daemon.start(EIDOS_THREADS=str(threads))
        try:
            until(lambda: is_listening(daemon.socket), log=lambda: daemon.log)
            daemon.ask(EXAMPLE)
            return (time.perf_counter() - begin_s) * 1000
        finally:
            daemon.stop()


def suggest_ms(threads: int) -> float:
    """Return the time of `eidosctl suggest` without a daemon, which it starts."""
    with private_folders() as folders:
        environ = {**folders, "EIDOS_THREADS": str(threads)}
        eidosctl = RealDaemon(folders).eidosctl
        begin_s = time.perf_counter()
        subprocess.run([eidosctl, "suggest", EXAMPLE], env=environ, check=True, capture_output=True)
        taken_ms = (time.perf_counter() - begin_s) * 1000
        subprocess.run([eidosctl, "stop"], env=environ, check=True, capture_output=True)
        return taken_ms
