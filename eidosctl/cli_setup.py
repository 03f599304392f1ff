"""The commands that set Eidos up and look it over; cli.py adds them to eidosctl."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import click

from eidos.errors import EidosError
from eidos.protocol import Shell
from eidosctl.cli_model import model
from eidosctl.output import printable
from eidosctl.place import Place

if TYPE_CHECKING:
    from eidosctl.installation import Change

_SHELL_ARGUMENT = click.argument("shell", type=click.Choice([str(shell) for shell in Shell]))


@click.command()
@click.option("--shell", "shells", multiple=True, type=click.Choice([str(s) for s in Shell]),
              help="A shell to bind the key in (repeatable); default: the login shell and every "
              "shell with a startup file.")  # fmt: skip
@click.option("--no-systemd", is_flag=True, help="No unit: the first key press starts the daemon.")
@click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")
@click.option("--allow-root", is_flag=True, help="Install for root, which is refused otherwise.")
def install(shells: tuple[str, ...], no_systemd: bool, dry_run: bool, allow_root: bool) -> None:
    """Bind Ctrl-G in your shells.

    Adds one marked line to each shell's startup file (the file as it was is kept beside it),
    installs completions of eidosctl, and has your systemd keep the daemon running, if there is one.
    May be run again at any time.
    """
    from eidosctl import installation

    if os.geteuid() == 0 and not (allow_root or dry_run):
        message = (
            "this would install Eidos for root; run it as yourself, or pass --allow-root "
            "if root's prompt is what you want"
        )
        raise click.UsageError(message)
    place = Place.find(os.environ)
    chosen = [Shell(name) for name in shells] or installation.shells_in_use(os.environ)
    if not chosen:
        raise click.UsageError("no shell of yours was found; name one: --shell zsh, bash or fish")
    root = click.get_current_context().find_root().command
    changes = installation.additions(place, chosen, root, systemd=not no_systemd)
    changed = _carry_out(changes, dry_run=dry_run)
    if changed:
        installation.put_on_record("install", shells=" ".join(chosen))
    if not dry_run:
        click.echo(f"done; open a new {', '.join(chosen)}, type what you want, press Ctrl-G")


@click.command()
@click.option("--dry-run", is_flag=True, help="Print what would be removed, and do nothing.")
def uninstall(dry_run: bool) -> None:
    """Remove all that `install` added.

    Stops the daemon. Your settings, models that you added and the audit log are kept.
    """
    from eidosctl import installation

    place = Place.find(os.environ)
    if _carry_out(installation.removals(place), dry_run=dry_run):
        installation.put_on_record("uninstall")
    for path in installation.survivors(place):
        click.echo(f"kept: {path}")


@click.command()
def doctor() -> None:
    """Check every part, and say what mends it.

    Starts a new interactive shell to see what Ctrl-G does there. Exits with 1 if a part fails.
    """
    from eidosctl import doctor as parts
    from eidosctl import doctor_remote, doctor_shells

    place = Place.find(os.environ)
    failures = 0
    found = (
        *parts.checks(place),
        *doctor_remote.checks(place),
        *doctor_remote.process_checks(place),
        *doctor_shells.checks(place),
    )
    for check in found:
        failures += not check.ok
        mark = "ok  " if check.ok else "FAIL"
        click.echo(printable(f"{mark}  {check.name:<16}{check.detail}"))
        if not check.ok:
            click.echo(printable(f"      {'':<16}mend: {check.mend}"))
    if failures:
        raise EidosError(f"{failures} of the checks failed")


@click.command()
@_SHELL_ARGUMENT
def init(shell: str) -> None:
    """Print what binds the key in a shell.

    `eidosctl install` adds the same to the shell's startup file.

    \b
    zsh, bash:  source <(eidosctl init zsh)    or  eval "$(eidosctl init zsh)"
    fish:       eidosctl init fish | source
    """  # noqa: D301 - click reads the backspace as: leave these lines as they are
    from eidosctl.widgets import init_script

    click.echo(init_script(Shell(shell), Place.find(os.environ)), nl=False)


@click.command()
@_SHELL_ARGUMENT
def completion(shell: str) -> None:
    """Print the completions of eidosctl for a shell."""
    from eidosctl.completions import script

    root = click.get_current_context().find_root().command
    click.echo(script(Shell(shell), root))


SETUP_COMMANDS: Final = (install, uninstall, doctor, model, init, completion)


def _carry_out(changes: "Iterable[Change]", *, dry_run: bool) -> bool:
    """Make *changes*, or only tell of them; return whether anything is different now."""
    outcomes: list[bool] = []
    for change in changes:
        if dry_run:
            click.echo(printable(f"would {change.what}"))
        else:
            outcomes.append(change.apply())
            click.echo(printable(f"{'done' if outcomes[-1] else 'kept'}  {change.what}"))
    return any(outcomes)
