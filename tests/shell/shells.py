"""What the shells of these tests have in common, and where they differ: one `Shell` each.

A test that states a promise of all widgets takes the fixture `shell` and uses only these fields.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .terminal import Terminal

REPOSITORY: Final = Path(__file__).parents[2]
CTRL_C: Final = "\x03"
CTRL_G: Final = "\x07"
ESCAPE: Final = "\x1b"
ENTER: Final = "\r"
BACKSPACE: Final = "\x7f"
LEFT: Final = "\x1b[D"

# What the widgets say, word for word the same in all shells.
EMPTY: Final = "eidos: type what you want to do, then press Ctrl-G"
TOO_LONG: Final = "eidos: the request has 1001 characters; the limit is 1000"
CANCELLED: Final = "eidos: cancelled; the line is as it was"
NOTHING_OFFERED: Final = "eidos: no suggestion for this request; try other words"
NOT_OFFERED: Final = "eidos: not offered: "
CAREFUL: Final = "careful: "
UNSURE: Final = "not sure: read it before you run it"
UNCLEAN: Final = "eidos: refused an unclean suggestion"
UNREADABLE: Final = "eidos: the reply of the daemon cannot be read; try: eidosctl restart"
STRANGER: Final = "eidos: something else than eidosd listens on the socket; try: eidosctl doctor"
GONE: Final = "eidos: the daemon went away; press the key again"
SILENT: Final = "eidos: the daemon does not answer; try: eidosctl status"
LATE: Final = "eidos: no answer within 1 s; try: eidosctl status"
NOT_STARTED: Final = "eidos: the daemon did not start; try: eidosctl doctor"
NO_EIDOSCTL: Final = "eidos: the daemon is not running, and /nowhere/eidosctl was not found"
NOTHING_TO_RESTORE: Final = "eidos: there is no request to bring back"
REQUEST_AGAIN: Final = "eidos: your request again (0/3)"
NOT_PRIVATE: Final = "is not a folder of yours alone; try: eidosctl doctor"
PATH_TOO_LONG: Final = "is too long; set XDG_RUNTIME_DIR to a shorter folder"


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
    type_ctrl_a: str
    """Keys that put the control character U+0001 into the buffer."""
    ctrl_t: str
    """Ctrl-T in the notation of EIDOS_KEY."""
    search_prompt: str | None
    """What stands on the screen during a search that Ctrl-R began and Ctrl-G leaves."""
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
    type_ctrl_a="\x16\x01",
    ctrl_t="^T",
    search_prompt="bck-i-search: ",
)

BASH: Final = Shell(
    name="bash",
    argv=lambda home: ["bash", "--noprofile", "--rcfile", f"{home}/.bashrc", "-i"],
    rc_file=".bashrc",
    prompt="$ ",
    rc="PS1='$ '\n",
    two_line_prompt="PS1='upper\\n$ '\n",
    vi_mode="set -o vi\n",
    strict_mode=(
        "set -u -C -f\nshopt -s nocasematch failglob\nIFS=' i'\n"
        "alias local=: return=: if=: then=: case=: for=: while=: function=: eval=:\n"
        "alias builtin=: command=: printf=: read=: shopt=: bind=: trap=: unset=: exec=:\n"
    ),
    line_break_keys="\x16\n",
    undo="\x1f",
    restore="\x18\x07",
    type_ctrl_a="\x16\x01",
    ctrl_t=r"\C-t",
    search_prompt="(reverse-i-search)",
)

FISH: Final = Shell(
    name="fish",
    argv=lambda _home: ["fish", "-i"],
    rc_file="../config/fish/config.fish",
    prompt="> ",
    rc=(
        "function fish_prompt; echo '> '; end\nfunction fish_greeting; end\n"
        # What fish proposes behind the cursor depends on the commands of the machine.
        "set -g fish_autosuggestion_enabled 0\n"
        "bind \\ce 'commandline -i \\x01'\n"
    ),
    two_line_prompt="function fish_prompt; echo upper; echo '> '; end\n",
    # Without the mode in front, the prompt looks the same in all tests.
    vi_mode="function fish_mode_prompt; end\nfish_vi_key_bindings\n",
    strict_mode=(
        # Other builtins cannot be replaced here: fish's own scripts would break first.
        "function perl; end\nfunction realpath; end\n"
        "for name in code index key last line lines mode notes prompt rows widths\n"
        "set -gx $name x y\nend\n"
    ),
    line_break_keys="\x1b\r",
    undo="\x1a",
    restore="\x1bg",
    type_ctrl_a="\x05",
    ctrl_t="\x14",
    search_prompt=None,
)

SHELLS: Final = {shell.name: shell for shell in (ZSH, BASH, FISH)}


def ask(terminal: Terminal, shell: Shell, text: str) -> None:
    """Type *text* and see it in the prompt, then press Ctrl-G."""
    terminal.press(text)
    terminal.until_line(shell.prompt + text)
    terminal.press(CTRL_G)
