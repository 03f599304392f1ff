"""`eidosctl config` and `eidosctl reload`: the settings, looked at and changed."""

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from eidos.errors import ConfigError
from eidosctl.output import printable, table
from eidosctl.place import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from eidosctl.config_editing import Choice
    from eidosctl.configuring import Keys

_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_NO_RELOAD: Final = click.option(
    "--no-reload", is_flag=True, help="Change the file alone, and do not tell the daemon."
)


def _keys(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Return the keys that begin so, for the completions of a shell."""
    from eidos.config import Config

    return [key.name for key in dataclasses.fields(Config) if key.name.startswith(begun)]


_KEY: Final = click.argument("key", shell_complete=_keys)


@click.group()
def config() -> None:
    """Look at the settings of the daemon, and change them.

    Each change is checked before the file is written, keeps all else in it, and is taken over by
    the daemon if one runs. The file as it was before stays beside it: see `undo`.
    """


@config.command()
def show() -> None:
    """Print every setting, its value, and where the value comes from."""
    from eidos.config import describe

    place = Place.find(os.environ)
    rows = [
        (key, f"{dict(value) if key == 'rules' else value!r:<12} from {source}")
        for key, value, source in describe(os.environ, place.config)
    ]
    click.echo("\n".join(table(rows)))


@config.command()
def path() -> None:
    """Print the path of the configuration file, which need not exist."""
    click.echo(str(Place.find(os.environ).config))


@config.command()
@_KEY
def get(key: str) -> None:
    """Print the value of KEY: from the environment, the file, or its default."""
    from eidosctl import configuring

    click.echo(printable(configuring.get(Place.find(os.environ), key)))


@config.command()
@click.argument("file", required=False, type=_FILE)
def check(file: Path | None) -> None:
    """Say all that is wrong with the settings, with line numbers, and what will not work.

    With FILE: with that file alone, whatever the environment says. Exits with 78 if the daemon
    would refuse to start with them; a warning alone exits with 0.
    """
    from eidosctl import config_faults, config_warnings, files

    place = Place.find(os.environ)
    if file is not None:
        bare = {name: value for name, value in os.environ.items() if not name.startswith("EIDOS_")}
        place = dataclasses.replace(place, config=file, environ=bare)
    found = config_faults.in_file(files.read(place.config) or b"")
    wrong = [fault.at(str(place.config)) for fault in found]
    wrong += config_faults.in_environment(place)
    for line in wrong:
        _say(line)
    if wrong:
        raise ConfigError(f"faults: {len(wrong)}; the daemon would not start with these settings")
    for warning in config_warnings.warnings(place):
        _say(f"warning: {warning.detail}; mend: {warning.mend}")
    there = "ok" if place.config.exists() else "ok, it is not there: the defaults count"
    click.echo(printable(f"{place.config}: {there}"))


@config.command("set")
@_KEY
@click.argument("value", required=False)
@_NO_RELOAD
def set_(key: str, value: str | None, no_reload: bool) -> None:
    """Give KEY the VALUE, or KEY=VALUE in one word; rules.NAME gives a rule its level.

    \b
    eidosctl config set threads 4
    eidosctl config set rules.git-clean block
    """  # noqa: D301 - click reads the backspace as: leave these lines as they are
    from eidosctl import configuring

    if value is None:
        key, equals, value = key.partition("=")
        if not equals:
            raise click.UsageError(f"give {key} a value: eidosctl config set {key} VALUE")
    new = value
    _change(lambda place: configuring.set_value(place, key, new), no_reload=no_reload)


@config.command()
@_KEY
@_NO_RELOAD
def unset(key: str, no_reload: bool) -> None:
    """Take KEY out of the file: its default counts again."""
    from eidosctl import configuring

    _change(lambda place: configuring.unset(place, key), no_reload=no_reload)


@config.command()
@_NO_RELOAD
def edit(no_reload: bool) -> None:
    """Edit the file in $VISUAL or $EDITOR.

    What you edit is a draft beside the file; it takes the file's place when you leave the editor,
    unless something is wrong with it. A draft that was left is gone on with the next time.
    """
    from eidosctl import config_editing

    _change(lambda place: config_editing.edit(place, say=_say, choose=_chosen), no_reload=no_reload)


@config.command()
@_NO_RELOAD
def undo(no_reload: bool) -> None:
    """Go back to the file as it was before the last change; once more goes forward again."""
    from eidosctl import configuring

    _change(configuring.undo, no_reload=no_reload)


@config.command()
@_NO_RELOAD
def migrate(no_reload: bool) -> None:
    """Rewrite a file of an older version of Eidos as it is written today; comments stay."""
    from eidosctl import configuring

    _change(configuring.migrate, no_reload=no_reload)


@click.command()
def reload() -> None:
    """Have the daemon read its settings again, without losing a request.

    It takes them over once an engine has answered with them; until then, and if one does not, it
    goes on with those that it has. Exits with 78 if they are refused, with 3 if no daemon runs.
    """
    from eidosctl import configuring

    click.echo(printable(f"eidosd: {configuring.reload(Place.find(os.environ))}"))


CONFIG_COMMANDS: Final = (config, reload)


def _change(change: "Callable[[Place], Keys | None]", *, no_reload: bool) -> None:
    from eidosctl import config_faults, configuring

    place = Place.find(os.environ)
    keys = change(place)
    if not keys:
        click.echo(printable(f"{place.config}: no setting changed"))
        return
    click.echo(printable(f"{place.config}: changed {', '.join(keys)}"))
    for message in config_faults.hidden(place):
        _say(f"warning: {message}")
    if not no_reload:
        click.echo(printable(configuring.tell_daemon(place)))


def _chosen() -> "Choice":
    from eidosctl.config_editing import Choice

    question = "(e)dit again, (k)eep the draft for later, or (x) discard it?"
    try:
        answer: str = click.prompt(
            question, default="e", type=click.Choice([choice.value for choice in Choice]), err=True
        )
    except click.Abort:
        return Choice.KEEP
    return Choice(answer)


def _say(text: str) -> None:
    click.echo(printable(f"eidosctl: {text}"), err=True)
