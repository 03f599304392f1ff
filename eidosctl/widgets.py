"""The key binding: where its files are, and how a shell may load it."""

import shlex

from eidos.errors import EidosError
from eidos.protocol import Shell
from eidos.resources import shell_dir
from eidosctl import rcfiles
from eidosctl.place import Place, zsh_functions


def widget(shell: Shell, place: Place) -> rcfiles.Widget:
    """Return what a startup line for *shell* names.

    Raises:
        EidosError: the widget is missing from the package.
    """
    script = (shell_dir() / f"eidos.{shell}").resolve()
    if not script.is_file():
        raise EidosError(f"there is no file {script}; install Eidos again")
    return rcfiles.Widget(script, place.eidosctl, zsh_functions())


def init_script(shell: Shell, place: Place) -> str:
    """Return a script that binds the key, for `source <(…)`, `eval "$(…)"` or `… | source`."""
    files = widget(shell, place)
    if shell is Shell.FISH:
        command, script = (rcfiles.fish_quote(str(p)) for p in (files.eidosctl, files.script))
        return f"set -g EIDOS_CTL {command}\nsource {script}\n"
    # Quoted words are never aliases, and the widget itself is parsed only when it is sourced: so
    # `eval`, which parses all of its text before any of it runs, is as safe as `source`.
    script = shlex.quote(str(files.script))
    return f"EIDOS_CTL={shlex.quote(str(files.eidosctl))}\n'builtin' 'source' {script}\n"
