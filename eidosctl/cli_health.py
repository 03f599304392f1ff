"""`eidosctl health`: whether the daemon can do its work, for people, scripts and probes."""

import os
from typing import NoReturn

import click

from eidosctl.output import as_json, printable
from eidosctl.place import Place

_FAILING = 1


@click.command()
@click.option("--json", "is_json", is_flag=True, help="Print what was looked at as JSON.")
def health(is_json: bool) -> NoReturn:
    """Say whether the daemon can do its work.

    It tells of itself: its socket, its engines, the model and its file, when that last answered,
    and the queue. The exit code is 0 where it serves (`ok`, `degraded`), 1 where it does not
    (`failing`), and 3 where no daemon answers.
    """
    import msgspec

    from eidos.protocol import Health, HealthRequest
    from eidosctl import control

    request = HealthRequest(control.new_id("health"))
    reply = control.ask(Place.find(os.environ), request, Health)
    body = msgspec.json.decode(reply.body)
    if is_json:
        click.echo(as_json(body, indent=2))
    else:
        click.echo(body["condition"])
        for check in body["checks"]:
            line = f"  {check['condition']:<9} {check['name']:<10} {check['seen']}"
            click.echo(printable(line))
    raise SystemExit(_FAILING if body["condition"] == "failing" else 0)
