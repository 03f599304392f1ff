"""`eidosctl metrics`: what Prometheus is told of the daemon."""

import os
from pathlib import Path

import click

from eidosctl.output import printable
from eidosctl.place import Place


@click.command()
@click.option("--textfile", metavar="PATH", type=click.Path(dir_okay=False, path_type=Path),
              help="Write them to PATH, whole or not at all, for node_exporter's textfile "
              "collector (its name has to end in .prom).")  # fmt: skip
@click.option("--every", "every_s", metavar="SECONDS", type=click.FloatRange(min=1),
              help="With --textfile: write them again after so many seconds, until "
              "interrupted.")  # fmt: skip
@click.option("--listen", "address", metavar="ADDRESS:PORT",
              help="Serve them by HTTP to this machine alone, for instance on 127.0.0.1:9464, "
              "until interrupted.")  # fmt: skip
def metrics(textfile: Path | None, every_s: float | None, address: str | None) -> None:
    """Print the daemon's metrics in Prometheus' text format.

    Without a daemon they are eidos_up 0 alone, and the exit code is 3 where they are printed.
    """
    if textfile and address:
        raise click.UsageError("give --textfile or --listen, not both")
    if every_s and not textfile:
        raise click.UsageError("--every repeats --textfile: give its PATH too")
    if textfile and textfile.suffix != ".prom":
        raise click.UsageError(f"node_exporter reads names that end in .prom, not {textfile.name}")
    from eidosctl import metrics_export

    place = Place.find(os.environ)
    if address:
        try:
            where = metrics_export.loopback(address)
        except ValueError as exc:
            raise click.UsageError(str(exc)) from exc
        metrics_export.serve(place, where, _say)
    elif textfile:
        metrics_export.write(place, textfile, _say, every_s=every_s)
    else:
        text, error = metrics_export.text(place)
        click.echo("\n".join(printable(line) for line in text.splitlines()))
        if error is not None:
            raise error


def _say(text: str) -> None:
    click.echo(printable(f"eidosctl: {text}"), err=True)
