"""Completions of eidosctl itself, for the three shells."""

import click
from click.shell_completion import FishComplete, ShellComplete, ZshComplete

from eidos.protocol import Shell

_VARIABLE = "_EIDOSCTL_COMPLETE"


class _BashComplete(ShellComplete):
    """Click's own class starts bash to ask for its version; ours needs none above 4.4."""

    name = "bash"
    source_template = """\
%(complete_func)s() {
    local IFS=$'\\n' line
    COMPREPLY=()
    while read -r line; do
        case ${line%%,*} in
            plain) COMPREPLY+=("${line#*,}") ;;
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
        esac
    done < <(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


_CLASSES: dict[Shell, type[ShellComplete]] = {
    Shell.ZSH: ZshComplete,
    Shell.BASH: _BashComplete,
    Shell.FISH: FishComplete,
}


def script(shell: Shell, command: click.Command) -> str:
    """Return the script that makes *shell* complete the command line of eidosctl."""
    return _CLASSES[shell](command, {}, "eidosctl", _VARIABLE).source()
