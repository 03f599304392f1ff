"""`config edit`: a draft in an editor, installed if it is sound, and never lost."""

import signal
import subprocess
from pathlib import Path

import pytest
from home import EIDOSCTL, Home
from real_daemon import until

from eidos.config import Config
from eidosctl import config_document, config_editing

TEXT = "# mine\nthreads = 3 # few\n"


@pytest.fixture
def config(home: Home) -> Path:
    """The configuration file of a home that has one."""
    path = home.place.config
    path.parent.mkdir()
    path.write_text(TEXT)
    return path


def editor(home: Home, script: str) -> str:
    """Return an editor that does *script* with the file "$1"."""
    path = home.root / "editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def edit(home: Home, script: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    """Run `config edit` with that editor."""
    return home.run("config", "edit", stdin=stdin, EDITOR=editor(home, script))


def test_a_sound_draft_is_installed(home: Home, config: Path) -> None:
    """The edited text takes the file's place, and the former is kept."""
    result = edit(home, 'sed -i s/3/4/ "$1"')

    assert result.returncode == 0, result.stderr
    assert f"{config}: changed threads" in result.stdout
    assert config.read_text() == TEXT.replace("3", "4")
    assert config.with_name("config.toml.bak").read_text() == TEXT
    assert not config_editing.draft(home.place).exists()


def test_a_new_file_begins_with_every_key(home: Home) -> None:
    """Who has no file finds all keys, explained and commented out."""
    result = edit(home, 'sed -i "s/^# threads = 2/threads = 4/" "$1"')

    assert result.returncode == 0, result.stderr
    assert home.place.config.read_text() == config_document.template().replace(
        "# threads = 2", "threads = 4"
    )
    assert Config.load({}, home.place.config) == Config(threads=4)


@pytest.mark.parametrize("script", ["true", 'touch "$1"'])
def test_no_change_is_said_and_makes_no_file(home: Home, script: str) -> None:
    """Who only looked leaves nothing behind."""
    result = edit(home, script)

    assert result.returncode == 0
    assert "no setting changed" in result.stdout
    assert list(home.place.config.parent.iterdir()) == []


def test_a_wrong_draft_is_told_line_by_line_and_edited_again(home: Home, config: Path) -> None:
    """Every fault is shown; "e" opens the editor on the same text."""
    script = 'grep -q 99 "$1" && sed -i s/99/5/ "$1" || sed -i s/3/99/ "$1"'

    result = edit(home, script, stdin=b"e\n")

    assert result.returncode == 0, result.stderr
    draft = config_editing.draft(home.place)
    assert f"{draft}:2: threads = 99 is not allowed; it must be a whole number" in result.stderr
    assert config.read_text() == TEXT.replace("3", "5")


def test_a_wrong_draft_can_be_discarded(home: Home, config: Path) -> None:
    """An "x" leaves everything as it was."""
    result = edit(home, 'sed -i s/3/99/ "$1"', stdin=b"x\n")

    assert result.returncode == 0
    assert config.read_text() == TEXT
    assert [path.name for path in config.parent.iterdir()] == ["config.toml"]


@pytest.mark.parametrize("stdin", [b"k\n", b""], ids=["kept", "terminal closed"])
def test_a_wrong_draft_is_kept_and_gone_on_with(home: Home, config: Path, stdin: bytes) -> None:
    """Nothing typed is lost: the path is told, and the next edit begins with the draft."""
    draft = config_editing.draft(home.place)

    result = edit(home, 'echo "# work of an hour" >>"$1"; sed -i s/3/99/ "$1"', stdin=stdin)

    assert result.returncode == 78
    assert f"what you wrote is in {draft}" in result.stderr
    assert config.read_text() == TEXT
    assert draft.stat().st_mode & 0o777 == 0o600

    result = edit(home, 'sed -i s/99/5/ "$1"')

    assert f"going on with {draft}, which was left" in result.stderr
    assert config.read_text() == "# mine\nthreads = 5 # few\n# work of an hour\n"
    assert not draft.exists()


def test_an_editor_that_fails_changes_nothing(home: Home, config: Path) -> None:
    """What it wrote is kept in the draft, and its status is told."""
    result = edit(home, 'sed -i s/3/4/ "$1"; exit 7')

    assert result.returncode == 1
    assert "ended with status 7; nothing was changed; what you wrote is in" in result.stderr
    assert config.read_text() == TEXT
    assert config_editing.draft(home.place).read_text() == TEXT.replace("3", "4")


def test_an_editor_that_gives_up_leaves_no_draft(home: Home, config: Path) -> None:
    """As `:cq` does in vim: nothing was written, so nothing is kept."""
    result = edit(home, "exit 1")

    assert result.returncode == 1
    assert result.stderr.endswith("ended with status 1; nothing was changed\n")
    assert [path.name for path in config.parent.iterdir()] == ["config.toml"]


@pytest.mark.parametrize(
    ("name", "words"),
    [("/nowhere/vi", "cannot run the editor /nowhere/vi"), ("vi '", "cannot read EDITOR")],
)
def test_an_editor_that_is_not_there_is_named(
    home: Home, config: Path, name: str, words: str
) -> None:
    """A wrong EDITOR is told with its value."""
    result = home.run("config", "edit", EDITOR=name)

    assert result.returncode == 1
    assert words in result.stderr
    assert config.read_text() == TEXT


def test_visual_counts_before_editor_and_may_have_arguments(home: Home, config: Path) -> None:
    """The two variables mean what they mean to other programs."""
    home.ok("config", "edit", VISUAL="sed -i s/3/4/", EDITOR="false")

    assert config.read_text() == TEXT.replace("3", "4")


def test_without_an_editor_set_is_named(home: Home, config: Path) -> None:
    """On a machine that has none there is another way."""
    result = home.run("config", "edit", PATH=str(home.root))

    assert result.returncode == 1
    assert "there is no editor; set EDITOR, or use: eidosctl config set" in result.stderr
    assert config.read_text() == TEXT


def test_a_change_in_the_meantime_is_not_overwritten(home: Home, config: Path) -> None:
    """Of two who edit at once the second keeps a draft, and hears of the first."""
    other = f'sed -i s/3/4/ "$1"; "{EIDOSCTL}" config set --no-reload engines 2'

    result = edit(home, other)

    assert result.returncode == 78
    assert f"{config} was changed by another program in the meantime" in result.stderr
    assert config.read_text() == f"{TEXT}engines = 2\n"
    assert config_editing.draft(home.place).read_text() == TEXT.replace("3", "4")


def test_interrupting_the_editor_is_the_editors_business(home: Home, config: Path) -> None:
    """Ctrl-C, which goes to both, ends neither eidosctl nor an editor that means to go on."""
    script = 'trap "echo seen >>$HOME/seen" INT; : >$HOME/ready\n'
    script += 'until [ -e "$HOME/seen" ]; do sleep 0.05; done; sed -i s/3/4/ "$1"'
    environ = {**home.environ, "EDITOR": editor(home, script)}
    with subprocess.Popen(
        [EIDOSCTL, "config", "edit"], env=environ, stdin=-1, stdout=-1, stderr=-1, process_group=0
    ) as process:
        until((home.path / "ready").exists)

        process.send_signal(signal.SIGINT)
        pgid = process.pid
        subprocess.run(["kill", "-INT", "--", f"-{pgid}"], check=True)

        _, errors = process.communicate(timeout=60)

    assert process.returncode == 0, errors
    assert config.read_text() == TEXT.replace("3", "4")


def test_killed_while_editing_the_draft_is_there(home: Home, config: Path) -> None:
    """A closed terminal or a power cut costs nothing that the editor had written."""
    script = 'sed -i s/3/4/ "$1"; : >$HOME/ready; exec sleep 60'
    environ = {**home.environ, "EDITOR": editor(home, script)}
    with subprocess.Popen([EIDOSCTL, "config", "edit"], env=environ, process_group=0) as process:
        until((home.path / "ready").exists)

        subprocess.run(["kill", "-KILL", "--", f"-{process.pid}"], check=True)

    assert config.read_text() == TEXT
    assert config_editing.draft(home.place).read_text() == TEXT.replace("3", "4")
