"""The shells' end of `eidosctl doctor`: programs, startup line, and what the key does."""

import shutil
import subprocess
from collections.abc import Iterator
from typing import Final

from eidos.protocol import Shell
from eidosctl import rcfiles, widgets
from eidosctl.doctor import Check
from eidosctl.place import Place

_TIMEOUT_S: Final = 10.0
_ZSH_MODULES: Final = "zmodload zsh/net/socket zsh/system zsh/zselect zsh/datetime zsh/stat"
_KEYS_OF: Final = {
    Shell.ZSH: "bindkey '^G'",
    Shell.BASH: "{ bind -X; bind -p; bind -s; } | command grep -F '\"\\C-g\"'",
    Shell.FISH: "bind \\cg",
}
"""What makes each shell print what Ctrl-G does."""


def checks(place: Place) -> Iterator[Check]:
    """Yield the checks of every shell that is set up; at least one must be."""
    lines = {shell: rcfiles.current_line(rcfiles.rc_file(shell, place.environ)) for shell in Shell}
    if not any(lines.values()):
        detail = "no startup file has Eidos' line, so no shell has the key"
        yield Check("shells", ok=False, detail=detail, mend="eidosctl install")
    for shell, line in lines.items():
        if line is None or not shutil.which(shell):
            continue
        yield _needed_programs(shell)
        current = line == rcfiles.rc_line(shell, widgets.widget(shell, place))
        path = rcfiles.rc_file(shell, place.environ)
        detail = f"line in {path}" if current else f"the line in {path} names other files than ours"
        yield Check(f"{shell} startup", current, detail, f"eidosctl install --shell {shell}")
        yield _key(shell, place)


def _needed_programs(shell: Shell) -> Check:
    if shell is Shell.ZSH:
        works = subprocess.run(
            ["zsh", "-f", "-c", _ZSH_MODULES], capture_output=True, check=False, timeout=_TIMEOUT_S
        )
        detail = "has its modules" if works.returncode == 0 else "lacks zsh/net/socket"
        mend = "install zsh with its modules (Debian: apt install zsh)"
        return Check(f"{shell} needs", works.returncode == 0, detail, mend)
    perl = shutil.which("perl")
    mend = "install perl (Debian: apt install perl-base)"
    return Check(f"{shell} needs", perl is not None, perl or "perl is not installed", mend)


def _key(shell: Shell, place: Place) -> Check:
    """See what Ctrl-G does in a new shell, with the person's own startup files."""
    name = f"{shell} key"
    if "EIDOS_KEY" in place.environ:
        return Check(name, ok=True, detail="set by EIDOS_KEY; not looked at")
    try:
        result = subprocess.run(
            [shell, "-i", "-c", _KEYS_OF[shell]],
            env=dict(place.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        detail = f"a new {shell} did not say within {_TIMEOUT_S:g} s"
        return Check(name, ok=False, detail=detail, mend=f"{shell} -i -c exit")
    bound = [line.strip() for line in result.stdout.splitlines() if line.strip()]
    ours = any("eidos" in line for line in bound)
    detail = "Ctrl-G asks Eidos" if ours else f"Ctrl-G does something else: {bound[:1]}"
    mend = "look for another binding below Eidos' line, or set EIDOS_KEY to another key"
    return Check(name, ours, detail, mend)
