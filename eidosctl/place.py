"""Where the parts of one person's Eidos are: programs, socket, unit, log."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xdg_base_dirs import xdg_config_home, xdg_data_home

from eidos.paths import config_file, socket_path, state_dir
from eidos.protocol import Shell

UNIT: Final = "eidosd.service"


@dataclass(frozen=True, slots=True)
class Place:
    """All paths that the commands need, found once."""

    environ: Mapping[str, str]
    uid: int
    socket: Path
    config: Path
    log: Path
    unit: Path
    eidosd: Path
    eidosctl: Path

    @classmethod
    def find(cls, environ: Mapping[str, str]) -> "Place":
        """Return the paths for this user, this environment and this Python.

        Raises:
            RuntimeDirError: the socket's path would be too long.
        """
        uid = os.getuid()
        programs = Path(sys.executable).parent
        return cls(
            environ=environ,
            uid=uid,
            socket=socket_path(environ, uid),
            config=config_file(),
            log=state_dir() / "eidosd.log",
            unit=xdg_config_home() / "systemd" / "user" / UNIT,
            eidosd=programs / "eidosd",
            eidosctl=programs / "eidosctl",
        )

    @property
    def sandbox(self) -> Path:
        """The drop-in of the unit that needs user namespaces."""
        return self.unit.with_name(UNIT + ".d") / "50-sandbox.conf"

    @property
    def wanted(self) -> Path:
        """The link that `systemctl --user enable` makes."""
        return self.unit.parent / "default.target.wants" / UNIT


def login_shell(environ: Mapping[str, str]) -> Shell:
    """Return the shell that $SHELL names; bash where it is none of ours."""
    name = Path(environ.get("SHELL", "")).name
    return Shell(name) if name in list(Shell) else Shell.BASH


def completion_file(shell: Shell) -> Path:
    """Return where the completions of `eidosctl` for *shell* are installed."""
    match shell:
        case Shell.ZSH:
            return zsh_functions() / "_eidosctl"
        case Shell.BASH:
            return xdg_data_home() / "bash-completion" / "completions" / "eidosctl"
        case Shell.FISH:
            return xdg_config_home() / "fish" / "completions" / "eidosctl.fish"


def zsh_functions() -> Path:
    """Return the folder that the line in .zshrc adds to fpath; zsh has none of its own in HOME."""
    return xdg_data_home() / "eidos" / "zsh"
