"""What the shells of these tests have in common, and where they differ: one `Shell` each.

A test that states a promise of all widgets takes the fixture `shell` and uses only these fields.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parents[2]
CTRL_C: Final = "\x03"
CTRL_G: Final = "\x07"
ESCAPE: Final = "\x1b"
ENTER: Final = "\r"
BACKSPACE: Final = "\x7f"
LEFT: Final = "\x1b[D"


@dataclass(frozen=True)
class Shell:
    """One shell: how it starts with only our rc file, what it shows, which keys it knows."""

    name: str
    argv: Callable[[Path], list[str]]
    """The command line, given the HOME that holds the rc file."""
    rc_file: str
    """The path of the rc file below HOME."""
    prompt: str
    """What the prompt looks like; every test screen starts with it."""
    rc: str
    """The first lines of the rc file: the prompt, and nothing that writes to the screen."""
    two_line_prompt: str
    """An rc line for a prompt of the lines "upper" and `prompt`."""
    vi_mode: str
    """An rc line that turns vi mode on."""
    strict_mode: str
    """rc lines with the options and aliases that break careless widgets."""
    line_break_keys: str
    """Keys that put a line break into the buffer without running it."""
    undo: str
    """The key that takes one change back."""
    restore: str
    """The default restore key."""
    env: dict[str, str] = field(default_factory=dict)
    """What the shell needs in its environment besides what every test has."""

    @property
    def widget(self) -> Path:
        """The widget's file in this repository."""
        return REPOSITORY / "shell" / f"eidos.{self.name}"

    @property
    def program(self) -> str | None:
        """The path of the shell on this machine, None where it is missing."""
        return shutil.which(self.name)


ZSH: Final = Shell(
    name="zsh",
    argv=lambda _home: ["zsh", "-i"],
    rc_file=".zshrc",
    prompt="% ",
    rc="PS1='%% '\n",
    two_line_prompt="PS1=$'upper\\n%% '\n",
    vi_mode="bindkey -v\n",
    strict_mode=(
        "setopt ksh_arrays sh_word_split no_unset no_clobber glob_subst err_return\n"
        "alias -g local=: return=: zle=: if=: then=:\n"
        "alias builtin=: command=: emulate=: setopt=: typeset=: print=: printf=: read=:\n"
    ),
    line_break_keys="\x1b\r",
    undo="\x1f",
    restore="\x18\x07",
)

SHELLS: Final = {shell.name: shell for shell in (ZSH,)}
