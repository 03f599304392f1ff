"""Run by test_configuring.py: a change of the configuration, killed at each line that writes.

python killed_change.py set|undo: prints, for each line, whether the file was still the old one.
"""

import os
import signal
import sys
from types import FrameType, TracebackType
from typing import Any

from eidosctl import configuring, files
from eidosctl.place import Place

Trace = Any
REPLACE = configuring._replace
WRITING = [
    function.__code__
    for function in (
        REPLACE,
        configuring._keep,
        files.write_atomically,
        files._replace,
        files._copy_owner_and_mode,
        files.remove,
    )
]


def killed_at(line: int, what: str, place: Place) -> int:
    """Make the change in a child that is killed before its *line*-th line; return its status."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    left = iter(range(line))

    def trace(frame: FrameType, _event: str, _argument: TracebackType | None) -> Trace:
        if frame.f_code not in WRITING:
            return None
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    def replace(*arguments: Any) -> None:
        sys.settrace(trace)
        REPLACE(*arguments)
        sys.settrace(None)

    configuring._replace = replace
    if what == "set":
        configuring.set_value(place, "threads", "4")
    else:
        configuring.undo(place)
    os._exit(0)


def main(what: str) -> None:
    """Kill the change at one line after the other, until it comes to its end."""
    place = Place.find(os.environ)
    config, backup = place.config, configuring.backup(place)
    old, former = config.read_bytes(), backup.read_bytes()
    new = old.replace(b"3", b"4") if what == "set" else former
    line, status = 0, -1
    while status != 0:
        for path in config.parent.iterdir():
            path.unlink()
        config.write_bytes(old)
        backup.write_bytes(former)

        status = killed_at(line, what, place)

        texts = {path.read_bytes() for path in config.parent.iterdir()}
        assert config.read_bytes() in {old, new}, line
        assert old in texts, line
        assert former in texts or config.read_bytes() == new, line
        assert status in {0, signal.SIGKILL}, line
        sys.stdout.write(f"{line} {config.read_bytes() == old}\n")
        sys.stdout.flush()
        line += 1


main(sys.argv[1])
