"""Completions of eidosctl in real shells."""

import subprocess
from pathlib import Path

import pytest
from home import EIDOSCTL, Home

from eidos.protocol import Shell

pytestmark = pytest.mark.shell


def run(home: Home, *command: str) -> str:
    """Return what *command* prints, with eidosctl in its PATH."""
    environ = {**home.environ, "TERM": "xterm"}
    environ["PATH"] = f"{Path(EIDOSCTL).parent}:{environ['PATH']}"
    result = subprocess.run(
        command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False, timeout=30,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_bash_completes_commands(home: Home) -> None:
    """Tab after `eidosctl st` offers the commands that begin so."""
    script = (
        "source <(eidosctl completion bash); COMP_WORDS=(eidosctl st); COMP_CWORD=1; "
        '_eidosctl_completion eidosctl st eidosctl; printf "%s\\n" "${COMPREPLY[@]}"'
    )

    assert run(home, "bash", "-euc", script).split() == ["start", "status", "stop"]


def test_fish_completes_commands_and_options(home: Home) -> None:
    """Fish offers commands and options, with what they are for."""
    script = 'eidosctl completion fish | source; complete -C "{}"'

    commands = run(home, "fish", "--no-config", "-c", script.format("eidosctl st"))
    options = run(home, "fish", "--no-config", "-c", script.format("eidosctl suggest --j"))

    assert [line.split("\t")[0] for line in commands.splitlines()] == ["start", "status", "stop"]
    assert [line.split("\t")[0] for line in options.splitlines()] == ["--json", "--jsonl"]


def test_zsh_knows_the_completion_before_and_after_compinit(home: Home) -> None:
    """The startup line works above compinit and below it."""
    home.ok("install", "--no-systemd", "--allow-root", "--shell", "zsh")
    line = (home.path / ".zshrc").read_text()
    compinit = "autoload -Uz compinit; compinit -u -d $HOME/.zcompdump\n"
    show = "print -r -- ${_comps[eidosctl]-none}"

    for startup in (line + compinit, compinit + line):
        (home.path / ".zshrc").write_text(startup)
        (home.path / ".zcompdump").unlink(missing_ok=True)
        assert run(home, "zsh", "-i", "-c", show) == "_eidosctl\n"


@pytest.mark.parametrize("shell", list(Shell))
def test_script_parses_in_its_shell(home: Home, shell: Shell, tmp_path: Path) -> None:
    """What is printed is a script of that shell, without a complaint."""
    script = tmp_path / "completion"
    script.write_text(home.ok("completion", shell))

    run(home, shell, "-n", str(script))
