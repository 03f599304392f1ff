"""What the daemon sees of its machine: a folder's names and PATH's programs, or nothing in time."""

import asyncio
import os
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from eidos import answering, surroundings
from eidos.answering import Answering
from eidos.audit import AuditLog
from eidos.config import Config
from eidos.context import Context, Field
from eidos.engine_messages import Loaded
from eidos.finished import Account
from eidos.frames import encode_request
from eidos.listener import Message
from eidos.model_slots import Chosen
from eidos.protocol import Candidate, Shell, SuggestRequest
from eidos.serving import Serving
from eidos.surroundings import MAX_NAMES, MAX_READERS, Host, Surroundings, context_of


def request(cwd: object = "", *, last: str = "", status: int | None = None) -> SuggestRequest:
    """Return a request made in *cwd*."""
    return SuggestRequest(
        id="x", shell=Shell.FISH, count=1, cwd=str(cwd), last=last, status=status, text="count a"
    )


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a busy machine its time; what must be cut short is held by the test itself."""
    monkeypatch.setattr(surroundings, "PATIENCE_S", 20.0)


@pytest.fixture
def bin_(tmp_path: Path) -> Path:
    """A folder of PATH with one program."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "jq").touch()
    return folder


def seen(host: Host, cwd: object = "") -> Surroundings:
    """Return what *host* sees around a request made in *cwd*."""
    return asyncio.run(host.surroundings_of(request(cwd)))


def test_files_of_the_folder_are_seen(tmp_path: Path) -> None:
    """All names are there, hidden ones and folders too, but for those that nobody can type."""
    for name in (b"a b.txt", b".hidden", "文".encode(), b"caf\xe9"):
        tmp_path.joinpath(os.fsdecode(name)).touch()
    (tmp_path / "sub").mkdir()

    assert seen(Host(""), tmp_path).files == {"a b.txt", ".hidden", "文", "sub"}


@pytest.mark.parametrize("cwd", ["", "/nowhere/at/all", "/etc/passwd", "/a\0b", "/caf\udce9"])
def test_no_folder_is_no_fault(cwd: str) -> None:
    """A folder that is unknown, gone, none or oddly named has no files."""
    assert seen(Host(""), cwd).files == frozenset()


def test_a_huge_folder_is_read_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder has more names than a request may cost."""
    assert MAX_NAMES == 2000
    monkeypatch.setattr(surroundings, "MAX_NAMES", 5)
    for number in range(20):
        (tmp_path / str(number)).touch()

    assert len(seen(Host(""), tmp_path).files) == 5


def test_programs_builtins_and_paths_can_be_run(bin_: Path) -> None:
    """A name can be run if it is in PATH or in the shell; a path is not doubted."""
    found = seen(Host(f"relative:{bin_}:/nowhere"))

    assert found.has_program("jq")
    assert found.has_program("funced")
    assert found.has_program("./x")
    assert not found.has_program("shopt")
    assert not found.has_program("no-such-program")


def test_a_program_that_comes_and_goes_is_noticed(bin_: Path) -> None:
    """What was installed since the last request counts for the next one."""
    host = Host(str(bin_))
    assert not seen(host).has_program("yq")
    before_ns = bin_.stat().st_mtime_ns

    (bin_ / "yq").touch()
    os.utime(bin_, ns=(before_ns + 1, before_ns + 1))  # the clock of a file system may be coarse

    assert seen(host).has_program("yq")


def test_a_folder_that_does_not_answer_is_not_waited_for(
    bin_: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hanging mount costs no more than the patience; programs unknown in time are not doubted."""
    released = threading.Event()
    monkeypatch.setattr(surroundings, "PATIENCE_S", 0.001)
    monkeypatch.setattr(surroundings, "_names", lambda _folder: released.wait(60) and iter(()))
    host = Host(str(bin_))
    try:
        for _ in range(MAX_READERS + 2):
            found = seen(host, "/mnt/gone")
            assert found.files == frozenset()
            assert found.has_program("anything")
        hanging = [thread for thread in threading.enumerate() if thread.name == "reader"]
        assert len(hanging) <= MAX_READERS
        assert all(thread.daemon for thread in hanging)
    finally:
        released.set()
        for thread in hanging:
            thread.join(10)


class Asked(list[SuggestRequest]):
    """A pipeline that remembers what it was asked, and answers nothing."""

    async def suggest(
        self, asked: SuggestRequest, client: str, account: Account
    ) -> tuple[Candidate, ...]:
        """Remember *asked*."""
        assert not account.phases
        assert client == str(os.getpid())
        self.append(asked)
        return ()


def handed_on(folder: Path, *, context: bool, loaded: Loaded | None) -> list[SuggestRequest]:
    """Return what a daemon hands on of a request from *folder* whose last command failed."""
    asked = Asked()

    async def answer() -> None:
        config = Config(context=context)
        serving = Serving(config, Chosen("embedded", ""), AuditLog(folder / "audit"))
        serving._pipeline = asked  # pyright: ignore[reportAttributeAccessIssue]
        serving.engine.loaded = loaded
        frames = encode_request(request(folder, last="make", status=2))
        message = Message(b"x", os.getuid(), os.getpid(), frames)
        daemon = SimpleNamespace(is_stopping=False, requests_of=lambda _: 1, call_off=print)
        await Answering(daemon, []).answer(answering.Asked(message, serving))  # pyright: ignore[reportArgumentType]
        await serving.end()

    asyncio.run(answer())
    return asked


@pytest.mark.parametrize("context", [True, False])
def test_a_daemon_uses_no_context_where_the_configuration_says_so(
    tmp_path: Path, *, context: bool
) -> None:
    """With context = false nothing behind the server sees what a shell told."""
    told = request(tmp_path, last="make", status=2)

    assert handed_on(tmp_path, context=context, loaded=None) == [told if context else request()]


@pytest.mark.parametrize("told", [("files",), ()])
def test_a_folder_is_read_only_for_a_model_that_is_told_of_it(
    tmp_path: Path, told: tuple[Field, ...]
) -> None:
    """No request waits for the names of a folder that nobody asks for."""
    loaded = Loaded("tiny", "model.onnx", "", 0.1, told=told)

    (asked,) = handed_on(tmp_path, context=True, loaded=loaded)

    assert bool(asked.cwd) is bool(told)


def test_a_model_may_be_told_what_is_known(tmp_path: Path) -> None:
    """The context has the shell, the last command with its status, and the files that matter."""
    (tmp_path / "a").touch()
    asked = request(tmp_path, last="make", status=2)

    context = context_of(asked, asyncio.run(Host("").surroundings_of(asked)))

    assert context == Context("fish", context.os, "make", 2, ("a",))


@pytest.mark.parametrize(("last", "status"), [("", 1), ("make", None)])
def test_half_a_last_command_is_none(last: str, status: int | None) -> None:
    """A command without its status is not told, nor a status without its command."""
    context = context_of(request(last=last, status=status), Surroundings(Shell.BASH))

    assert (context.last, context.status) == (None, None)
