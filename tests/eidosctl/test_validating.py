"""`eidosctl validate`: verdicts for people and for scripts, without a daemon."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EIDOSCTL = [sys.executable, "-c", "from eidosctl.cli import main; main()", "validate"]


def run(
    *args: str, stdin: bytes = b"", environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run `eidosctl validate` and return what it said."""
    return subprocess.run(
        [*EIDOSCTL, *args],
        input=stdin,
        capture_output=True,
        check=False,
        env={**os.environ, **(environ or {})},
    )


def rows(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    """Return the JSON objects that were printed, one for each line."""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_dangerous_command_is_explained_and_exits_with_4() -> None:
    """The verdict, the rule, the part and a reason are shown."""
    done = run("cd build && rm -rf /usr", "--shell", "bash")

    text = done.stdout.decode()
    assert done.returncode == 4
    assert "block" in text
    assert "delete-system" in text
    assert "rm -rf /usr" in text


def test_an_everyday_command_is_ok_and_exits_with_0() -> None:
    """Nothing but the verdict is shown."""
    done = run("ls -la | wc -l", "--shell", "zsh")

    assert (done.returncode, done.stdout.decode().split()) == (0, ["verdict", "ok"])


def test_json_has_every_key_whatever_the_verdict() -> None:
    """A script finds null where there is nothing to say."""
    fine = json.loads(run("ls", "--json").stdout)
    bad = json.loads(run("rm -rf /", "--json").stdout)

    assert fine.keys() == bad.keys() >= {"verdict", "rule", "class", "reason"}
    assert fine["rule"] is None
    assert (bad["verdict"], bad["class"]) == ("block", "delete")


def test_a_line_in_is_a_line_out_in_order() -> None:
    """Commands, JSON objects with or without a shell, and what cannot be read."""
    lines = [
        b"ls",
        b'{"cmd": "rm -rf /", "shell": "bash"}',
        b'{"cmd": "for f in *; echo $f; end", "shell": "fish"}',
        b"{ ls; }",
        b'{"cmd": 3}',
        b'{"cmd": "ls", "shell": "tcsh"}',
        b"\xff\xfe",
        b"",
    ]

    done = run("--jsonl", "--shell", "bash", stdin=b"\n".join(lines) + b"\n")

    verdicts = [row["verdict"] for row in rows(done)]
    assert done.returncode == 0
    assert verdicts == ["ok", "block", "ok", "ok", "block", "block", "block", "block"]
    assert "tcsh" in rows(done)[5]["reason"]


def test_the_text_gate_alone_says_what_is_left() -> None:
    """--raw strips the wrapping, or says null; it does not judge what the command does."""
    escape = base64.b64encode(b"ls \x1b[2J").decode()
    lines = [
        '{"raw": "```sh\\nls -la\\n```"}',
        '{"raw": "rm -rf /"}',
        json.dumps({"raw_b64": escape}),
        json.dumps({"raw_b64": base64.b64encode(b"ls \xc3").decode()}),
        '{"raw": "echo \'open"}',
        '{"raw": "ls |"}',
        '{"raw_b64": "?"}',
    ]

    done = run("--raw", "--jsonl", stdin="\n".join(lines).encode())

    assert [row["text"] for row in rows(done)] == ["ls -la", "rm -rf /", *[None] * 5]
    assert [row["verdict"] for row in rows(done)] == ["ok", "ok", *["block"] * 5]


def test_the_profile_and_the_overrides_of_the_configuration_count(tmp_path: Path) -> None:
    """What the daemon would say, `validate` says; an option asks for another profile."""
    config = tmp_path / "eidos" / "config.toml"
    config.parent.mkdir()
    config.write_text('profile = "warn-only"\n[rules]\ngit-reset-hard = "block"\n')
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}

    def verdict(*args: str) -> str:
        return json.loads(run(*args, "--json", environ=environ).stdout)["verdict"]

    assert verdict("rm -rf /") == "warn"
    assert verdict("git reset --hard") == "block"
    assert verdict("rm -rf /", "--profile", "balanced") == "block"
    assert verdict("ls | wc -l", "--profile", "strict") == "block"


def test_a_rule_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """The message names the nearest one, and the exit code says: configuration."""
    config = tmp_path / "eidos" / "config.toml"
    config.parent.mkdir()
    config.write_text('[rules]\ngit-reset-hrad = "ok"\n')

    done = run("ls", environ={"XDG_CONFIG_HOME": str(tmp_path)})

    assert done.returncode == 78
    assert b"did you mean git-reset-hard?" in done.stderr


@pytest.mark.parametrize("args", [(), ("ls", "--jsonl")], ids=["no command", "both"])
def test_wrong_usage_says_what_to_do(args: tuple[str, ...]) -> None:
    """Neither nothing nor two sources of commands."""
    done = run(*args)

    assert done.returncode == 2
    assert b"COMMAND" in done.stderr or b"command" in done.stderr


def test_validating_loads_nothing_heavy() -> None:
    """The model and the socket are for those who ask a daemon."""
    program = (
        "import sys; from eidosctl import validating; "
        "print([n for n in ('onnxruntime', 'zmq', 'tokenizers') if n in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert done.stdout == b"[]\n"
