"""`eidosctl validate`: what the validator says of a command, in the terminal and for scripts."""

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from eidos.errors import RequestRefused
from eidos.protocol import Level, Shell
from eidosctl import streams
from eidosctl.output import as_json, table
from eidosctl.place import Place, login_shell

if TYPE_CHECKING:
    from eidos.validator.policy import Policy

_SHELLS = click.Choice([str(shell) for shell in Shell])
_PROFILES = click.Choice(["strict", "balanced", "warn-only"])


@click.command()
@click.argument("command", nargs=-1)
@click.option("--shell", type=_SHELLS, help="The shell it is for; default: that of $SHELL.")
@click.option("--profile", type=_PROFILES, help="Judge by this profile; default: the configured.")
@click.option("--json", "is_json", is_flag=True, help="Print the verdict as one JSON object.")
@click.option("--jsonl", is_flag=True,
              help="Judge every line of standard input, a command or a JSON object with 'cmd' and "
              "'shell', and print one line of JSON for each, in order.")  # fmt: skip
@click.option("--raw", is_flag=True,
              help="Only the text gate: what may stand in a prompt at all. With --jsonl a line is "
              "a JSON object with 'raw', or 'raw_b64' in base64.")  # fmt: skip
def validate(
    command: tuple[str, ...],
    shell: str | None,
    profile: str | None,
    is_json: bool,
    jsonl: bool,
    raw: bool,
) -> None:
    """Say whether COMMAND may be offered at a prompt, and why not.

    Nothing is executed and no daemon is asked. The verdict is ok, warn or block. COMMAND is read
    from standard input where it is a single dash. Exits with 4 when the verdict is block.
    """
    from eidosctl import validating

    given = Shell(shell) if shell else None
    judge = validating.Judge(given or login_shell(os.environ), _policy(profile))
    if jsonl:
        if command or is_json:
            raise click.UsageError("--jsonl reads commands from standard input: give no COMMAND")
        lines = streams.read_lines()
        for row in validating.gate_rows(lines, given) if raw else judge.rows(lines):
            click.echo(as_json(row))
        return
    text = streams.read_text() if command == ("-",) else " ".join(command)
    if not text:
        raise click.UsageError("give a command, for instance: eidosctl validate 'rm -rf build'")
    row = validating.gate_row(text, given) if raw else validating.row(judge.command(text))
    click.echo(as_json(row, indent=2) if is_json else "\n".join(_lines(row)))
    if row["verdict"] == Level.BLOCK:
        sys.exit(RequestRefused.exit_code)


def _policy(profile: str | None) -> "Policy":
    from eidos.config import Config
    from eidos.validator.policy import Policy

    config = Config.load(os.environ, Place.find(os.environ).config)
    return Policy.build(profile or config.profile, config.rules)


def _lines(row: Mapping[str, Any]) -> list[str]:
    return table([(key, str(value)) for key, value in row.items() if value is not None])
