"""The long versions of the faults: what benchmarks/faults.py does, one function for each kind."""

import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from faults.client_faults import rss_bytes
from faults.frame_faults import frames, garbled, send_all
from faults.load import Load, Tally
from faults.memory_faults import UNIT, Service, fill_by_daemon, fill_by_engine
from faults.scene import Fault, undergo
from faults.table import FAULTS
from hypothesis import HealthCheck, Phase, given, settings
from msgspec import Struct
from real_daemon import real_daemon
from systemd.usermanager_fixture import exclusive, system, unavailable, user_manager

from eidos.errors import ProtocolError
from eidos.frames import decode_request, encode_request, request_id

__all__ = ["FAULTS", "MEMORY", "Row", "run", "run_frames", "run_memory"]
REPEATS: Final = 5
CALM: Final = 15
"""Answers before and behind a fault: three seconds."""
FRAMES: Final = 100_000
SENT: Final = 20_000
_EIDOSCTL: Final = Path(sys.executable).with_name("eidosctl")
MEMORY: Final[Mapping[str, Callable[[Service, Load], None]]] = {
    "memory of the unit filled by the engine (MemoryMax=)": fill_by_engine,
    "memory of the unit filled by the daemon (MemoryMax=)": fill_by_daemon,
}


class Row(Struct, frozen=True):
    """One line of the table; `wrong` says what did not go well besides what was counted."""

    name: str
    tally: Tally | None
    wrong: str = ""

    @property
    def is_failure(self) -> bool:
        """Whether something was lost, or did not end as it should."""
        return bool(self.wrong) or self.tally is None or bool(self.tally.lost)

    def line(self) -> str:
        """Return the line in Markdown."""
        if self.tally is None:
            return f"| {self.name} | {self.wrong} | | | | |"
        refused = sum(self.tally.refused.values())
        codes = ", ".join(f"{code} {count}" for code, count in self.tally.refused.items())
        cells = [
            self.name,
            str(self.tally.sent),
            str(self.tally.answered),
            f"{refused} ({codes})" if refused else "0",
            str(len(self.tally.lost)),
            "never" if self.tally.back_s is None else f"{self.tally.back_s:.1f}",
        ]
        return f"| {' | '.join(cells)} |"


def run(fault: Fault) -> Row:
    """Do *fault* to a daemon of its own."""
    try:
        tally, _ = undergo(
            fault, lasting_s=fault.long_s, repeats=REPEATS, calm=CALM, is_quick=False
        )
    except AssertionError as exc:
        return Row(fault.name, None, str(exc)[:4000])
    return Row(fault.name, tally)


def run_memory(name: str) -> Row:
    """Fill the memory of a real unit under a real user manager of root's."""
    with ExitStack() as stack:
        stack.enter_context(exclusive())
        if reason := unavailable():
            return Row(name, None, reason)
        stack.enter_context(system())
        manager = stack.enter_context(user_manager(0))
        manager.run(_EIDOSCTL, "install", "--allow-root", "--shell", "bash")
        stack.callback(manager.run, _EIDOSCTL, "uninstall")
        socket = manager.runtime / "eidos" / "eidosd.sock"
        with Load(socket, environ=manager.environ) as load:
            load.until_answered(CALM, log=lambda: manager.journal(UNIT))
            MEMORY[name](manager, load)
            load.until_answered(CALM, log=lambda: manager.journal(UNIT))
        return Row(name, load.tally())


def run_frames() -> str:
    """Return in words what came of messages made up by chance, in this process and on a socket."""
    read = refused = 0

    @settings(
        max_examples=FRAMES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(frames)
    def each(message: list[bytes]) -> None:
        nonlocal read, refused
        request_id(message)
        try:
            request = decode_request(message)
        except ProtocolError:
            refused += 1
            return
        assert decode_request(encode_request(request)) == request
        read += 1

    each()
    with real_daemon() as daemon:
        pid = daemon.status()["pid"]
        send_all(daemon.socket, garbled(SENT // 10, seed=1))
        before_bytes = rss_bytes(pid)
        sent, replies = send_all(daemon.socket, garbled(SENT, seed=2))
        grown_kb = (rss_bytes(pid) - before_bytes) // 1000
    made_up = f"{read + refused} messages made up by hypothesis: {read} were requests"
    errors = f"{refused} got a ProtocolError, none raised anything else"
    on_socket = f"{sent} garbled ones sent to a real daemon got {replies} replies"
    return f"{made_up}, {errors}. {on_socket}; its memory grew by {grown_kb} kB."
