"""The command line of eidosctl: every command parses, calls one function, and prints.

What is heavy (zmq, psutil, the doctor) is imported by the command that needs it, so that
`eidosctl start`, which a key press may have to wait for, starts quickly.
"""

import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from eidos import __version__
from eidos.errors import EidosError, raised_at
from eidos.protocol import MAX_CANDIDATES, Certainty, Level, Shell
from eidosctl import streams
from eidosctl.cli_audit import audit
from eidosctl.cli_chat import CHAT_COMMANDS
from eidosctl.cli_config import CONFIG_COMMANDS
from eidosctl.cli_health import health
from eidosctl.cli_logs import LOG_COMMANDS
from eidosctl.cli_metrics import metrics
from eidosctl.cli_privacy import PRIVACY_COMMANDS
from eidosctl.cli_remote import remote
from eidosctl.cli_setup import SETUP_COMMANDS
from eidosctl.cli_translate import translate
from eidosctl.cli_validate import validate
from eidosctl.output import as_json, printable, status_lines, version_warning
from eidosctl.place import Place, login_shell

if TYPE_CHECKING:
    from eidosctl.asking import Answer

_SHELLS = click.Choice([str(shell) for shell in Shell])
_EXIT_CODES = """\b
Exit codes:
  0   done
  1   error
  2   wrong usage
  3   no daemon, and none could be reached
  4   refused, or no command to offer
  5   a daemon runs already
  6   a provider of chat or translation failed
  78  a wrong configuration, model or folder
"""


@click.group(
    epilog=_EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="eidosctl %(version)s")
def cli() -> None:
    """Turn plain English into shell commands, offline; manage the daemon that does it.

    At a prompt you need none of this: type what you want and press Ctrl-G.
    """


for command in (*SETUP_COMMANDS, *LOG_COMMANDS, *CONFIG_COMMANDS, *PRIVACY_COMMANDS, *CHAT_COMMANDS,
                audit, translate, validate, health, metrics, remote):  # fmt: skip
    cli.add_command(command)


@cli.command()
@click.argument("text", nargs=-1)
@click.option("-n", "--count", default=1, type=click.IntRange(1, MAX_CANDIDATES), show_default=True,
              help="How many commands to ask for.")  # fmt: skip
@click.option("--shell", type=_SHELLS, help="The shell it is for; default: that of $SHELL.")
@click.option("--json", "is_json", is_flag=True, help="Print all of the answer as one JSON object.")
@click.option("--jsonl", is_flag=True,
              help="Answer every line of standard input, which is the request or a JSON object "
              "with it under 'nl', with one line of JSON, in order.")  # fmt: skip
def suggest(
    text: tuple[str, ...], count: int, shell: str | None, is_json: bool, jsonl: bool
) -> None:
    """Print a command that does what TEXT says.

    Nothing is ever executed. Only the command goes to standard output; a warning about it goes to
    standard error. TEXT is read from standard input where it is a single dash. A daemon is started
    if none runs.
    """
    from eidosctl import asking

    place = Place.find(os.environ)
    wanted = Shell(shell) if shell else login_shell(os.environ)
    if jsonl:
        if text or is_json:
            raise click.UsageError("--jsonl reads its requests from standard input: give no TEXT")
        lines = streams.read_lines()
        for answer in asking.suggest_lines(place, lines, shell=wanted, count=count):
            click.echo(as_json(answer.row()))
        return
    request = streams.read_text() if text == ("-",) else " ".join(text)
    if not request.strip():
        raise click.UsageError("say what you want, for instance: eidosctl suggest list files")
    answer = asking.suggest(place, request, shell=wanted, count=count)
    if is_json:
        click.echo(as_json(answer.row(), indent=2))
    _print_answer(answer, quiet=is_json)


@cli.command()
@click.option("--json", "is_json", is_flag=True, help="Print the daemon's figures as JSON.")
def status(is_json: bool) -> None:
    """Show how the daemon is.

    Model, memory, CPU, requests, latencies, queue; warns if daemon and eidosctl differ in version.
    """
    from eidosctl import remote_service, service

    place = Place.find(os.environ)
    body = service.status(place)
    warning = version_warning(body["version"])
    if is_json:
        click.echo(as_json({**body, "client_version": __version__}, indent=2))
    else:
        click.echo("\n".join(status_lines(body)))
        if line := remote_service.status_line(place):
            click.echo(line)
    if warning:
        _say(f"warning: {warning}")


@cli.command()
def start() -> None:
    """Start the daemon and wait until it serves.

    Starts eidos-remote as well, if your settings let the daemon ask it.
    """
    from eidosctl import remote_service, service

    place = Place.find(os.environ)
    fault = remote_service.start_beside(place)
    started = service.start(place)
    state = "runs already" if started.already else "started"
    click.echo(f"eidosd {state}, pid {started.pid}{', by systemd' if started.by_systemd else ''}")
    if fault:
        _say(f"warning: {fault}")


@cli.command()
def stop() -> None:
    """Stop the daemon, after the requests under way, and eidos-remote if it runs."""
    from eidosctl import remote_service, service

    place = Place.find(os.environ)
    stopped = service.stop(place)
    click.echo("eidosd stopped" if stopped else "no eidosd was running")
    if remote_service.stop(place):
        click.echo("eidos-remote stopped")


@cli.command()
def restart() -> None:
    """Stop the daemon, then start it."""
    from eidosctl import remote_service, service

    place = Place.find(os.environ)
    service.stop(place)
    fault = remote_service.start_beside(place)
    click.echo(f"eidosd started, pid {service.start(place).pid}")
    if fault:
        _say(f"warning: {fault}")


def main() -> NoReturn:
    """Run eidosctl; every error becomes one line on standard error and an exit code."""
    streams.open_closed()
    try:
        code = cli.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as exc:
        exc.show()
        sys.exit(exc.exit_code)
    except click.Abort:
        sys.exit(130)  # as of a program that Ctrl-C ends
    except EidosError as exc:
        _say(str(exc))
        sys.exit(exc.exit_code)
    except Exception as exc:  # noqa: BLE001 - a person must not see a traceback
        _say(f"unexpected {raised_at(exc)}: {exc}; please report this")
        sys.exit(1)


def _say(text: str) -> None:
    click.echo(printable(f"eidosctl: {text}"), err=True)


def _print_answer(answer: "Answer", *, quiet: bool) -> None:
    if answer.refusal is not None:
        raise answer.refusal
    if quiet:
        return
    for candidate in answer.usable:
        click.echo(candidate.command)
        if candidate.reason:
            is_ok = candidate.verdict == Level.OK
            _say(candidate.reason if is_ok else f"{candidate.verdict}: {candidate.reason}")
        if candidate.certainty is Certainty.UNSURE:
            _say("not sure: read it before you run it")
