"""`eidosctl privacy` and `eidosctl history`: what is kept, and the counts of each day."""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from eidos.errors import EidosError
from eidosctl.output import as_json, printable, table
from eidosctl.place import Place

if TYPE_CHECKING:
    from eidos.day_counts import Day
    from eidosctl.purging import Step

_DAY_S: Final = 86_400


@click.group()
def privacy() -> None:
    """Show, export or delete what Eidos keeps.

    It keeps no request and no command of your prompt in any file; conversations of
    `eidosctl chat` are kept.
    """


@privacy.command("show")
def show() -> None:
    """Show each place where Eidos keeps anything, what is in it, and for how long."""
    from eidosctl import privacy as parts

    for line in parts.page(Place.find(os.environ)):
        click.echo(printable(line))


@privacy.command("export")
@click.argument("file", required=False, type=click.Path(dir_okay=False, allow_dash=True))
def export(file: str | None) -> None:
    """Write all that is kept to FILE, a tar.gz that only you can read.

    Default: eidos-export-DATE.tar.gz in this folder; a single dash is standard output.
    """
    from eidosctl import privacy as parts

    place = Place.find(os.environ)
    if file == "-":
        if sys.stdout.isatty():
            raise click.UsageError("this would write an archive to the terminal; name a file")
        parts.export(place, sys.stdout.buffer)
        return
    path = Path(file or time.strftime("eidos-export-%Y%m%d-%H%M%S.tar.gz"))
    count = parts.export_to(place, path)
    click.echo(printable(f"{count} files in {path}, readable by you alone"))


@privacy.command("purge")
@click.option("--everything", is_flag=True,
              help="Also the settings, the models you added, and the audit log.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(everything: bool, yes: bool) -> None:
    """Delete what is kept, but for the settings and the audit log.

    A daemon that runs goes on, and forgets the answers that it keeps in memory. What is left, and
    what deletes it, is said at the end.
    """
    from eidosctl import purging

    place = Place.find(os.environ)
    steps = list(purging.steps(place, everything=everything))
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("this deletes files; say so: --yes")
        click.echo(printable("\n".join(["this would go:", *(f"  {step.what}" for step in steps)])))
        click.confirm("delete it?", abort=True)
    faults = sum([not _take(step) for step in steps])
    for holding in purging.left(place):
        click.echo(printable(f"left     {holding.name} ({holding.where}): {holding.kept}"))
    if faults:
        raise EidosError(f"{faults} of these could not be deleted")


@click.command("history")
@click.option("--days", default=30, type=click.IntRange(1, 3650), show_default=True,
              help="How many days to show.")  # fmt: skip
@click.option("--json", "is_json", is_flag=True, help="Print a JSON object for each day.")
def history(days: int, is_json: bool) -> None:
    """Show how many requests there were on each day, how they ended, and whether the daemon was up.

    The daemon adds to these counts twice a minute: the last half minute is not in them yet. Days
    are of UTC. A daemon that was killed, and that no systemd starts again, counts as down until the
    next key press starts one.
    """
    from eidosctl import privacy as parts

    since = time.strftime("%Y-%m-%d", time.gmtime(time.time() - (days - 1) * _DAY_S))
    found = parts.history(since)
    if is_json:
        for day in found:
            click.echo(as_json({"day": day.day, **day.items}))
        return
    rows = [("day", _HEAD), *((day.day, _counts(day)) for day in found)]
    click.echo("\n".join(table(rows)))
    share = parts.availability(found)
    if share is not None:
        click.echo(f"available {100 * share:.3f} % of the time between start and stop")


PRIVACY_COMMANDS: Final = (privacy, history)

_HEAD: Final = "answered  failed  refused  called off  starts  engine restarts  up h    down s"


def _counts(day: "Day") -> str:
    from eidos.day_counts import Item

    outcomes = day.outcomes
    called_off = outcomes.get("cancelled", 0)
    refused = sum(outcomes.values()) - day.answered - day.failed - called_off
    starts, restarts = day.amount(Item.STARTS), day.amount(Item.ENGINE_RESTARTS)
    up_h, down_s = day.amount(Item.UP_S) / 3600, day.amount(Item.DOWN_S)
    return (
        f"{day.answered:8}  {day.failed:6}  {refused:7}  {called_off:10}  {starts:6.0f}  "
        f"{restarts:15.0f}  {up_h:6.2f}  {down_s:6.0f}"
    )


def _take(step: "Step") -> bool:
    """Take *step*, and say how it went; return whether it did."""
    try:
        told = step.take()
    except EidosError as exc:
        click.echo(printable(f"FAIL     {step.what}: {exc}"))
        return False
    click.echo(printable(f"done     {step.what}: {told}"))
    return True
