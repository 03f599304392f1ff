"""What processes take, as the kernel counts it."""

import os
from pathlib import Path

import psutil
import pytest

from eidos.process_usage import MemoryUsage, unit_memory, usage_of


@pytest.fixture
def group(tmp_path: Path) -> Path:
    """A control group as Linux shows one, with 400 bytes used of 1,000, 150 of them idle files."""
    folder = tmp_path / "user.slice" / "eidosd.service"
    folder.mkdir(parents=True)
    (folder / "memory.max").write_text("1000\n")
    (folder / "memory.high").write_text("max\n")
    (folder / "memory.current").write_text("400\n")
    (folder / "memory.stat").write_text("anon 200\nfile 200\ninactive_file 150\n")
    (tmp_path / "membership").write_text("1:cpu:/other\n0::/user.slice/eidosd.service\n")
    return folder


def test_a_process_is_measured() -> None:
    """Of our own process everything is known."""
    with Path(os.devnull).open() as _:
        usage = usage_of(os.getpid())

    assert usage is not None
    assert None not in (usage.cpu_s, usage.rss_bytes, usage.open_fds, usage.max_fds)
    assert usage.rss_bytes > 10**6
    assert usage.max_fds >= usage.open_fds >= 3


def test_a_process_that_is_gone_has_no_usage() -> None:
    """An engine may die between the question who there is and this one."""
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)

    assert usage_of(child) is None


def test_what_the_kernel_keeps_back_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a strict sandbox one figure may be missing; the others are told all the same."""

    def refused(process: psutil.Process) -> int:
        raise psutil.AccessDenied(process.pid)

    monkeypatch.setattr(psutil.Process, "num_fds", refused)

    usage = usage_of(os.getpid())

    assert usage is not None
    assert usage.open_fds is None
    assert usage.rss_bytes


def test_the_memory_of_a_unit_is_what_it_cannot_give_back(group: Path, tmp_path: Path) -> None:
    """Pages of files that nobody uses would go before anything is ended for want of memory."""
    assert group.is_dir()
    assert unit_memory(tmp_path / "membership", tmp_path) == MemoryUsage(250, 1000)


def test_the_limit_is_where_it_begins_to_be_felt(group: Path, tmp_path: Path) -> None:
    """At MemoryHigh= all become slow and stay below MemoryMax=, of which no alert would fire."""
    (group / "memory.high").write_text("750\n")

    assert unit_memory(tmp_path / "membership", tmp_path) == MemoryUsage(250, 750)


@pytest.mark.parametrize(
    ("name", "content"),
    [("memory.max", "max\n"), ("memory.stat", "anon 200\n"), ("memory.current", "")],
)
def test_without_a_limit_there_is_no_figure(
    group: Path, tmp_path: Path, name: str, content: str
) -> None:
    """A daemon that no unit limits, or an older kernel, tells nothing, and nothing wrong."""
    (group / name).write_text(content)

    assert unit_memory(tmp_path / "membership", tmp_path) is None


def test_without_control_groups_there_is_no_figure(tmp_path: Path) -> None:
    """On a machine without the one hierarchy nothing is told."""
    (tmp_path / "membership").write_text("4:memory:/x\n")

    assert unit_memory(tmp_path / "membership", tmp_path) is None
    assert unit_memory(tmp_path / "none", tmp_path) is None
