"""`eidosctl logs` and `eidosctl log-level`: what the daemon says, and how much of it."""

import os
import shutil

import click

from eidos.errors import DaemonUnavailable, EidosError
from eidos.protocol import LogLevel
from eidosctl.output import printable
from eidosctl.place import UNIT, Place


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines as they come.")
def logs(follow: bool) -> None:
    """Show the log of the daemon.

    It is in the journal under systemd, else in a file below ~/.local/state.
    """
    from eidosctl import service

    place = Place.find(os.environ)
    if service.manager_of_unit(place) is not None:
        command = ["journalctl", f"--user-unit={UNIT}", "--lines=200"]
        command += ["--follow"] if follow else ["--no-pager"]
    elif place.log.exists():
        command = ["tail", "-n", "200", *(["-F"] if follow else []), "--", str(place.log)]
    else:
        raise DaemonUnavailable(f"there is no log at {place.log}; start one: eidosctl start")
    program = shutil.which(command[0])
    if program is None:
        raise EidosError(f"{command[0]} is not installed")
    os.execv(program, command)  # noqa: S606 - the program is to take our place


@click.command("log-level")
@click.argument("level", type=click.Choice([str(level) for level in LogLevel]))
def log_level(level: str) -> None:
    """Have the running daemon log LEVEL and what is graver.

    It lasts until the daemon ends or reads its configuration again; log_level in the configuration
    lasts. At debug the log holds what is asked and answered: set it back when you have seen enough.
    The engine processes go on at the level of the configuration.
    """
    from eidosctl.log_level import set_log_level

    click.echo(printable(set_log_level(Place.find(os.environ), LogLevel(level))))


LOG_COMMANDS = (logs, log_level)
