"""`eidosctl audit`: what was done to Eidos on this account, and whether the log of it is whole."""

import re
from typing import Final

import click

from eidos.errors import EidosError
from eidosctl.output import as_json, printable, table

_TIME: Final = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\dZ?)?)?)?)?)?")
_MARKS: Final = {True: "ok  ", False: "FAIL", None: "?   "}


@click.group()
def audit() -> None:
    """Look at the log of what was done to Eidos.

    Installing, changes of the configuration and of the model, purging, starts of the daemon, and
    uses of rules of the validator that you changed. No request and no command is in it.
    """


@audit.command("show")
@click.option("--json", "is_json", is_flag=True, help="Print a JSON object for each record.")
@click.option("--since", default="", metavar="TIME",
              help="Only records from then on: 2026-11-23 or 2026-11-23T15:04 (UTC).")  # fmt: skip
def show(is_json: bool, since: str) -> None:
    """Print the records, the oldest first."""
    from eidosctl import auditing

    if since and not _TIME.fullmatch(since):
        raise click.UsageError("--since takes 2026-11-23, or 2026-11-23T15:04, in UTC")
    found = auditing.read(auditing.audit_log(), since=since)
    if is_json:
        for record in found:
            click.echo(as_json(auditing.row(record)))
    elif found:
        click.echo("\n".join(table([auditing.line(record) for record in found])))
    else:
        click.echo("no records")


@audit.command("verify")
@click.option("--json", "is_json", is_flag=True, help="Print the findings as JSON.")
def verify(is_json: bool) -> None:
    """Find out whether a record was changed, removed, put in, moved or cut off.

    Exits with 1 if so. docs/privacy.md says what this can show, and what it cannot.
    """
    from eidosctl import auditing

    findings = auditing.verify(auditing.audit_log())
    sound = all(finding.ok is not False for finding in findings)
    if is_json:
        rows = [{"ok": finding.ok, "text": finding.text} for finding in findings]
        click.echo(as_json({"ok": sound, "findings": rows}, indent=2))
    else:
        for finding in findings:
            click.echo(printable(f"{_MARKS[finding.ok]}  {finding.text}"))
    if not sound:
        raise EidosError("the audit log is not as it was written")
