"""`eidosctl install` and `uninstall` where there is no systemd: startup lines and completions."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from home import EIDOSCTL, Home
from skips import need

from eidos.protocol import Shell
from eidosctl import rcfiles

ALL_SHELLS = [word for shell in Shell for word in ("--shell", shell)]
FOLDERS = ["home", "run", "cache", "config", "data", "state"]
ON_RECORD = ["data/eidos/audit-head.json", "state/eidos/state.sqlite3"]
"""The audit log: it tells of an installation, and outlives it."""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="root is refused, others are not")


def install(home: Home, *arguments: str) -> str:
    """Install for whoever runs the tests, root included."""
    return home.ok("install", "--no-systemd", "--allow-root", *arguments)


def files_in(folder: Path) -> list[str]:
    """Return the files below *folder*, relative to it."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_every_shell_gets_one_line_and_completions(home: Home) -> None:
    """Three startup files with one marked line each, three completion files, nothing else."""
    install(home, *ALL_SHELLS)

    for shell in Shell:
        text = rcfiles.rc_file(shell, home.environ).read_text()
        assert text.count(rcfiles.MARK) == 1
        assert len(text.splitlines()) == 1
    assert files_in(home.root) == [
        "config/fish/completions/eidosctl.fish",
        "config/fish/config.fish",
        "data/bash-completion/completions/eidosctl",
        "data/eidos/audit-head.json",
        "data/eidos/zsh/_eidosctl",
        "home/.bashrc",
        "home/.zshrc",
        "state/eidos/state.sqlite3",
    ]


def test_uninstall_restores_every_file(home: Home) -> None:
    """Startup files come back byte for byte; what we made is gone."""
    home.path.joinpath(".bashrc").write_bytes(b"export PS1='\xff '\n# no newline")
    before = files_in(home.root)

    install(home, *ALL_SHELLS)
    home.ok("uninstall")

    assert files_in(home.root) == sorted([*before, *ON_RECORD])
    assert home.path.joinpath(".bashrc").read_bytes() == b"export PS1='\xff '\n# no newline"
    folders = [path for path in home.root.rglob("*") if path.is_dir()]
    kept = [str(Path(name).parent) for name in ON_RECORD]
    assert sorted(folders) == sorted(home.root / name for name in [*FOLDERS, *kept])


def test_what_was_done_is_on_record(home: Home) -> None:
    """Installing and uninstalling, and not what changed nothing; uninstalling says what stays."""
    for _ in range(2):
        install(home, "--shell", "bash")
    printed = home.ok("uninstall")
    home.ok("uninstall")

    rows = [json.loads(line) for line in home.ok("audit", "show", "--json").splitlines()]
    assert [row["event"] for row in rows] == ["install", "uninstall"]
    assert rows[0]["details"] == {"shells": "bash"}
    assert f"kept: {home.root}/state/eidos/state.sqlite3" in printed


def test_second_installation_changes_nothing(home: Home) -> None:
    """Installing again reports that all is there, and leaves every byte."""
    install(home, *ALL_SHELLS)
    before = {name: (home.root / name).read_bytes() for name in files_in(home.root)}

    output = install(home, *ALL_SHELLS)

    assert output.count("kept  ") == 6
    assert {name: (home.root / name).read_bytes() for name in files_in(home.root)} == before


def test_shells_in_use_are_the_login_shell_and_those_with_startup_files(home: Home) -> None:
    """Without --shell no startup file is made for a shell that is not used."""
    need("zsh")
    home.path.joinpath(".zshrc").touch()

    install(home)

    assert rcfiles.MARK in home.path.joinpath(".bashrc").read_text()  # SHELL is bash
    assert rcfiles.MARK in home.path.joinpath(".zshrc").read_text()
    assert not rcfiles.rc_file(Shell.FISH, home.environ).exists()


def test_unknown_login_shell_is_asked_about(home: Home) -> None:
    """Where no shell can be guessed, the option is named and nothing is changed."""
    result = home.run("install", "--no-systemd", "--allow-root", SHELL="/bin/dash")

    assert result.returncode == 2
    assert "--shell" in result.stderr
    assert files_in(home.root) == []


@needs_root
def test_root_must_say_so(home: Home) -> None:
    """Root does not install by accident, with sudo say."""
    result = home.run("install", "--shell", "bash")

    assert result.returncode == 2
    assert "--allow-root" in result.stderr
    assert files_in(home.root) == []


def test_dry_run_changes_nothing(home: Home) -> None:
    """--dry-run prints the changes and makes none."""
    output = home.ok("install", "--dry-run", "--no-systemd", *ALL_SHELLS)

    assert output.count("would ") == 6
    assert files_in(home.root) == []
    install(home, *ALL_SHELLS)
    before = files_in(home.root)
    home.ok("uninstall", "--dry-run")
    assert files_in(home.root) == before


def test_what_the_person_wrote_survives_uninstall(home: Home) -> None:
    """Settings, conversations and permissions stay, and are named."""
    state = home.root / "state" / "eidos"
    mine = [home.place.config, state / "conversations.sqlite3", state / "remote-consent.json"]
    for file in mine:
        file.parent.mkdir(exist_ok=True)
        file.write_text("threads = 1\n")

    output = home.ok("uninstall")

    for file in mine:
        assert file.read_text() == "threads = 1\n"
        assert f"kept: {file}" in output


def test_startup_file_that_cannot_be_written_is_named(home: Home) -> None:
    """A startup file that is a folder, say, stops the installation with its name."""
    home.path.joinpath(".bashrc").mkdir()

    result = home.run("install", "--no-systemd", "--allow-root", "--shell", "bash")

    assert result.returncode == 1
    assert f"cannot read {home.path / '.bashrc'}: Is a directory" in result.stderr


INTERACTIVE = {
    Shell.ZSH: ["zsh", "-i", "-c", "bindkey '^G'"],
    Shell.BASH: ["bash", "-i", "-c", "bind -X; bind -p"],
    Shell.FISH: ["fish", "-i", "-c", "bind \\cg"],
}


@pytest.mark.shell
@pytest.mark.parametrize("shell", list(Shell))
def test_new_shell_has_the_key(home: Home, shell: Shell) -> None:
    """A shell opened after the installation runs Eidos on Ctrl-G, and starts silently."""
    install(home, "--shell", shell)

    result = subprocess.run(
        INTERACTIVE[shell], env={**home.environ, "TERM": "xterm"}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=True, start_new_session=True, timeout=30,
    )  # fmt: skip

    bound = [line for line in result.stdout.splitlines() if "eidos" in line]
    assert bound, result.stdout + result.stderr
    assert "eidos" not in result.stderr


@pytest.mark.shell
@pytest.mark.parametrize("how", ['eval "$({})"', "source <({})"])
@pytest.mark.parametrize("shell", [Shell.ZSH, Shell.BASH])
def test_init_can_be_evaluated_and_sourced(home: Home, shell: Shell, how: str) -> None:
    """What `init` prints binds the key whichever way it is loaded, among hostile aliases too."""
    load = how.format(f"{EIDOSCTL} init {shell}")
    hostile = "alias local=false return=false zle=false bind=false bindkey=false typeset=false"
    show = {Shell.ZSH: "builtin bindkey '^G'", Shell.BASH: "builtin bind -X; builtin bind -p"}
    script = f"{hostile}\n{load}\n{show[shell]}\necho $EIDOS_CTL\n"
    rc = home.path / "script"
    rc.write_text(script)
    command = {
        Shell.ZSH: ["zsh", "-f", "-i", "-c", f". {rc}"],
        Shell.BASH: ["bash", "--norc", "-i", "-c", f"shopt -s expand_aliases; . {rc}"],
    }

    result = subprocess.run(
        command[shell], env={**home.environ, "TERM": "xterm"}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, start_new_session=True, timeout=30,
    )  # fmt: skip

    lines = result.stdout.splitlines()
    assert any("eidos" in line for line in lines[:-1]), result.stdout + result.stderr
    assert result.stdout.endswith(f"{EIDOSCTL}\n"), result.stderr


@pytest.mark.shell
def test_init_for_fish_can_be_sourced(home: Home) -> None:
    """`eidosctl init fish | source` binds the key."""
    script = f"{EIDOSCTL} init fish | source; bind \\cg; echo $EIDOS_CTL"

    result = subprocess.run(
        ["fish", "--no-config", "-i", "-c", script], env={**home.environ, "TERM": "xterm"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip

    assert "eidos-suggest" in result.stdout  # fish 4 prints its own binding of the key first
    assert result.stdout.endswith(f"{EIDOSCTL}\n")
