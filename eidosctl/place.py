"""Where the parts of one person's Eidos are: programs, socket, unit, log."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xdg_base_dirs import xdg_config_home, xdg_data_home

from eidos.log_file import REMOTE_NAME
from eidos.paths import config_file, socket_path, state_dir
from eidos.protocol import Shell

UNIT: Final = "eidosd.service"
REMOTE_UNIT: Final = "eidos-remote.service"
REMOTE_SOCKET_UNIT: Final = "eidos-remote.socket"


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

    @property
    def eidos_remote(self) -> Path:
        """The program that opens connections."""
        return self.eidosd.with_name("eidos-remote")

    @property
    def remote_socket(self) -> Path:
        """Where that program listens, or systemd for it."""
        return self.socket.with_name("remote.sock")

    @property
    def remote_log(self) -> Path:
        """Its log, where there is no systemd."""
        return self.log.with_name(REMOTE_NAME)

    @property
    def remote_unit(self) -> Path:
        """Its unit."""
        return self.unit.with_name(REMOTE_UNIT)

    @property
    def remote_socket_unit(self) -> Path:
        """The unit that starts it when it is asked something."""
        return self.unit.with_name(REMOTE_SOCKET_UNIT)

    @property
    def remote_sandbox(self) -> Path:
        """The drop-in of its unit that needs user namespaces."""
        return self.unit.with_name(REMOTE_UNIT + ".d") / "50-sandbox.conf"

    @property
    def remote_wanted(self) -> Path:
        """The link that `systemctl --user enable` makes for its socket."""
        return self.unit.parent / "sockets.target.wants" / REMOTE_SOCKET_UNIT


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
