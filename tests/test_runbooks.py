"""The runbooks: every command in them works on the real daemon, every link leads somewhere."""

import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_daemon import RealDaemon, private_folders
from runbook_blocks import RUNBOOKS, Command, all_commands, commands

from eidos.protocol import Suggestions

pytestmark = pytest.mark.model

PAGES = sorted(RUNBOOKS.glob("*.md"))


def run(command: Command, daemon: RealDaemon, folder: Path) -> None:
    """Run *command* as a person would, in a terminal of the daemon's user."""
    path = f"{daemon.eidosctl.parent}:{daemon.environ['PATH']}"
    result = subprocess.run(
        ["bash", "-c", _as_root(command.line)],
        env={**daemon.environ, "PATH": path, "SHELL": "/bin/bash"},
        cwd=folder, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert result.returncode in command.codes, (
        f"{command} ended with {result.returncode}\n{result.stdout}\n{result.stderr}"
    )


@pytest.fixture(scope="module")
def served() -> Iterator[RealDaemon]:
    """A daemon as `eidosctl start` makes one: `restart` and `stop` in a runbook are about it."""
    with private_folders() as environ:
        daemon = RealDaemon(environ)
        _eidosctl(daemon, "start")
        yield daemon
        _eidosctl(daemon, "stop")


def _as_root(line: str) -> str:
    """Return *line* with the word that root has to say when it installs Eidos for itself."""
    return line.replace("eidosctl install", "eidosctl install --allow-root")


def _eidosctl(daemon: RealDaemon, *arguments: str) -> None:
    subprocess.run([daemon.eidosctl, *arguments], env=daemon.environ, check=True)


@pytest.mark.parametrize("page", sorted({each.page for each in commands("running")}))
def test_the_commands_of_a_page_work_while_a_daemon_runs(
    served: RealDaemon, tmp_path: Path, page: str
) -> None:
    """In their order, each ends as the runbook says, and a daemon serves after them."""
    _eidosctl(served, "start")
    for command in commands("running"):
        if command.page == page:
            run(command, served, tmp_path)
    assert served.health()["condition"] != "failing"


def test_everything_is_there_again_after_a_loss_of_everything(
    stopped: RealDaemon, tmp_path: Path
) -> None:
    """Export, lose the home and every folder, follow the runbook: settings and answers are back."""
    out = tmp_path / "eidos.tar.gz"
    _eidosctl(stopped, "config", "set", "cache_size", "77")
    _eidosctl(stopped, "start")
    _eidosctl(stopped, "privacy", "export", str(out))
    _eidosctl(stopped, "stop")
    for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        shutil.rmtree(stopped.environ[name])
        Path(stopped.environ[name]).mkdir(mode=0o700)

    for command in commands("stopped"):
        if command.page == "disaster-recovery":
            run(command, stopped, tmp_path)
    with tarfile.open(out) as archive:
        (place,) = re.findall(
            r"`(\S+config\.toml)`", (RUNBOOKS / "disaster-recovery.md").read_text()
        )
        kept = archive.extractfile(place)
        assert kept is not None
        stopped.configure(kept.read().decode())
    _eidosctl(stopped, "reload")

    assert stopped.status()["cache"]["size"] == 77
    assert isinstance(stopped.ask("show the date"), Suggestions)
    _eidosctl(stopped, "stop")


@pytest.mark.parametrize("command", commands("stopped"), ids=str)
def test_a_command_works_while_none_runs(
    stopped: RealDaemon, tmp_path: Path, command: Command
) -> None:
    """It ends as the runbook says without a daemon, or starts one."""
    try:
        run(command, stopped, tmp_path)
    finally:
        _eidosctl(stopped, "stop")


def test_every_block_says_what_it_needs() -> None:
    """A block of commands without a need that is known would be run by nobody."""
    blocks = sum(page.read_text().count("```sh") for page in PAGES)
    known = re.compile(r"^```sh (?:running|stopped|systemd)$", re.MULTILINE)

    assert blocks == sum(len(known.findall(page.read_text())) for page in PAGES)
    assert {command.needs for command in all_commands()} == {"running", "stopped", "systemd"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_to_a_page(page: Path) -> None:
    """A runbook that sends its reader nowhere is worse than none."""
    links = re.findall(r"\]\(([^)#]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_table_of_runbooks_has_all_of_them() -> None:
    """A page that is not in it is not found when it is needed."""
    table = (RUNBOOKS / "README.md").read_text()

    assert [page.name for page in PAGES if f"({page.name})" not in table] == ["README.md"]
