"""Runs one command, which may be anything, over a prepared tree, and says what it did.

The command has namespaces of its own (files, processes, network, host name, users), made by
bubblewrap: it sees the system's programs read-only, a home folder in memory, no network, and
nothing else of this machine. Where that cannot be had nothing runs, and `SandboxError` says why.

    python -m training.sandbox TREE 'COMMAND' [--shell bash|zsh|fish]
"""

import contextlib
import functools
import json
import os
import select
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from pathlib import Path

import click
import msgspec

from training import changes, trees, walls
from training.walls import SandboxError

WALL_S = 10.0
OUTPUT_BYTES = 1024 * 1024
CUT_STATUS = {"time": 124, "output": 141}  # as timeout(1) and a closed pipe would have it

# fish makes folders for a history even where it keeps none.
FISH_HOME = ("XDG_CONFIG_HOME=/dev/shm/config", "XDG_DATA_HOME=/dev/shm/data")

SHELLS: dict[str, tuple[str, ...]] = {
    "bash": ("bash", "--norc", "--noprofile", "-c"),
    "zsh": ("zsh", "-f", "-c"),
    "fish": ("env", *FISH_HOME, "fish", "--no-config", "-c"),
}
# Says that the mounts stand, waits until the tree is planted, and becomes the shell.
WAIT = 'echo ready; read -r folder; cd "$folder" || exit 126; exec "$@" </dev/null'


class Outcome(msgspec.Struct, frozen=True):
    """What a command did: nothing in it depends on when or where the command ran."""

    output: bytes
    errors: bytes
    status: int
    changes: Mapping[str, changes.Change]
    cut: str = ""  # "time" or "output" where a limit of ours ended it


class _Room(msgspec.Struct, frozen=True):
    """A started sandbox, the shell in it still waiting."""

    process: subprocess.Popen[bytes]
    first: int  # a pidfd of the first process inside: it ends last
    home: Path
    tmp: Path


def run(
    command: str, grove: trees.Grove, *, shell: str = "bash", wall_s: float = WALL_S
) -> Outcome:
    """Run *command* in *shell*, in the root of *grove*, and return what it did.

    Raises:
        SandboxError: There is no sandbox here, or no such shell.
    """
    if not shutil.which(shell):
        raise SandboxError(f"{shell} is not installed; try: apt-get install {shell}")
    grove = _set_up(grove)
    with _room([*SHELLS[shell], command]) as room:
        before = _planted(grove, room.home)
        start_s = time.time()
        output, errors, cut = _let_run(room, f"{walls.HOME}/{grove.root}\n", start_s + wall_s)
        status = CUT_STATUS.get(cut) or room.process.wait()
        now_s = min(start_s, clock_s())
        after = changes.look(room.home, changes.unwritten(before))
        left = changes.compare({}, changes.look(room.tmp), start_s=now_s)
        found = changes.compare(before, after, start_s=now_s)
    called = {_called(path, grove.root): change for path, change in found.items()}
    called |= {f"/tmp/{path}": change for path, change in left.items()}  # noqa: S108 - its own
    return Outcome(output, errors, status, called, cut)


@functools.lru_cache(maxsize=64)
def _set_up(grove: trees.Grove) -> trees.Grove:
    """Return *grove* as its setup leaves it: run once, planted ever after."""
    if not grove.setup:
        return grove
    script = "set -e\n" + "\n".join(grove.setup)
    with _room([*SHELLS["bash"], script]) as room:
        _planted(grove, room.home)
        _, errors, cut = _let_run(room, f"{walls.HOME}/{grove.root}\n", time.time() + WALL_S)
        if cut or room.process.wait():
            raise trees.TreeError(f"{grove.name}: setup failed: {errors.decode(errors='replace')}")
        return trees.collect(room.home, grove)


def _planted(grove: trees.Grove, home: Path) -> changes.Snapshot:
    """Plant *grove* in *home*, and return what is there then."""
    with _as_owner():
        trees.plant(grove, home, now_s=clock_s())
        os.utime(home, (clock_s(), clock_s()))
    known = _states(grove)
    planted = changes.look(home, lambda path, _: known.get(path))
    known.update((path, seen.state) for path, seen in planted.items())
    return planted


@functools.lru_cache(maxsize=64)
def _states(_grove: trees.Grove) -> dict[str, changes.State]:
    """Return the states of a grove as first planted: what it is planted with stays the same."""
    return {}


@functools.cache
def clock_s() -> float:
    """Return what the clock inside stands at; without libfaketime, where ours was at first."""
    return walls.NOW_S if walls.FAKETIME else time.time() // 1


def _called(path: str, root: str) -> str:
    """Return what a path of the home folder is called in the tree's root."""
    if not root or path.startswith(root + "/"):
        return path.removeprefix(root + "/")
    return f"~/{path}"


@contextlib.contextmanager
def _room(words: list[str]) -> Generator[_Room]:
    """Start *words* behind `WAIT`; at the end nothing is left of them or what they started."""
    process, info = _start([*walls.LIMITS, "sh", "-c", WAIT, "sh", *words])
    with process, contextlib.ExitStack() as held:
        held.callback(process.kill)
        with open(info, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
            facts = file.read()
        assert process.stdout and process.stderr  # noqa: S101, PT018 - pipes, as asked for
        if process.stdout.readline() != b"ready\n":
            reason = process.stderr.read().decode(errors="replace").strip()
            raise SandboxError(f"no sandbox on this machine: {reason or 'it did not start'}")
        pid = int(json.loads(facts)["child-pid"])

        def hold(descriptor: int) -> int:
            held.callback(os.close, descriptor)
            return descriptor

        # The folders stay, and the memory behind them, when the last process is gone.
        first = hold(os.pidfd_open(pid))
        home = hold(os.open(f"/proc/{pid}/root{walls.HOME}", os.O_DIRECTORY))
        tmp = hold(os.open(f"/proc/{pid}/root/tmp", os.O_DIRECTORY))
        held.callback(_end, first)
        yield _Room(process, first, Path(f"/proc/self/fd/{home}"), Path(f"/proc/self/fd/{tmp}"))


def _start(words: list[str]) -> tuple[subprocess.Popen[bytes], int]:
    """Start *words* within the walls; return the process, and where bubblewrap tells of it."""
    around = walls.walls()
    read_info, write_info = os.pipe()
    process = subprocess.Popen(
        [*around, "--info-fd", str(write_info), "--", *words],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.defpath},  # the first process inside shows what it was started with
        pass_fds=[write_info],
        start_new_session=True,
    )
    os.close(write_info)
    return process, read_info


@contextlib.contextmanager
def _as_owner() -> Generator[None]:
    """Make files as the one whom the command runs as: root has no number inside."""
    if os.geteuid():
        yield
        return
    os.setegid(walls.OWNER)
    os.seteuid(walls.OWNER)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def _end(first: int) -> None:
    """Kill the first process inside, which ends all others, and wait until they are gone."""
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(first, signal.SIGKILL)
    select.select([first], [], [])


def _let_run(room: _Room, line: str, until_s: float) -> tuple[bytes, bytes, str]:
    """Let the shell go on with *line*; return output, errors, and which limit ended it, if any."""
    process = room.process
    assert process.stdin and process.stdout and process.stderr  # noqa: S101, PT018 - pipes
    process.stdin.write(line.encode())
    process.stdin.close()
    texts = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    cut = ""
    with selectors.DefaultSelector() as selector:
        for pipe in (*texts, room.first):
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            ready = [key.fd for key, _ in selector.select(max(0, until_s - time.time()))]
            if not ready and not cut:
                cut = "time"
                _end(room.first)
            for pipe in ready:
                part = os.read(pipe, 65_536) if pipe in texts else b""
                if not part:
                    selector.unregister(pipe)
                elif len(texts[pipe]) + len(part) <= OUTPUT_BYTES:
                    texts[pipe] += part
                elif not cut:
                    cut = "output"
                    _end(room.first)
    output, errors = map(bytes, texts.values())
    return output, errors, cut


@click.command()
@click.argument("tree")
@click.argument("command")
@click.option("--shell", type=click.Choice(list(SHELLS)), default="bash")
def main(tree: str, command: str, shell: str) -> None:
    """Run COMMAND over TREE in the sandbox, and print what it wrote, returned and changed."""
    try:
        outcome = run(command, trees.load(tree), shell=shell)
    except (SandboxError, trees.TreeError) as fault:
        raise click.ClickException(str(fault)) from fault
    sys.stdout.buffer.write(outcome.output)
    sys.stdout.flush()
    sys.stderr.buffer.write(outcome.errors)
    click.echo(f"status {outcome.status}" + (f" (ended: {outcome.cut})" if outcome.cut else ""))
    for path, change in outcome.changes.items():
        click.echo(changes.described(path, change))


if __name__ == "__main__":
    main()
