"""Where things are: configuration, state, and the one rule for the socket.

The socket rule stands here for Python, in shell/eidos.zsh for zsh and in shell/eidos-client.pl for
bash and fish; tests/test_paths.py runs all three on the same environments.

1. The base is the first of these that is a directory owned by us: $XDG_RUNTIME_DIR (if set),
   /run/user/UID. The folder is BASE/eidos.
2. If neither is, the folder is ${XDG_CACHE_HOME:-~/.cache}/eidos/run.
3. The folder must be a real directory (no link), owned by us, with no permission for others.
4. The socket is FOLDER/eidosd.sock, the lock FOLDER/eidosd.lock; those of eidos-remote, which no
   shell asks, are FOLDER/remote.sock and FOLDER/remote.lock.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from xdg_base_dirs import xdg_cache_home, xdg_config_home, xdg_data_home, xdg_state_home

from eidos.errors import RuntimeDirError

MAX_SOCKET_PATH_BYTES: Final = 107
"""sizeof(sockaddr_un.sun_path) - 1; libzmq refuses longer ipc paths."""


def config_file() -> Path:
    """Return the path of the configuration file, which need not exist."""
    return xdg_config_home() / "eidos" / "config.toml"


def state_dir() -> Path:
    """Return the folder for the state, and for logs of a daemon that runs without systemd."""
    return xdg_state_home() / "eidos"


def graph_cache_dir() -> Path:
    """Return the folder in which several engines keep the graph that they share."""
    return xdg_cache_home() / "eidos" / "graphs"


def state_file() -> Path:
    """Return the path of the database with audit log and day counts, which need not exist."""
    return state_dir() / "state.sqlite3"


def permissions_file() -> Path:
    """Return the path of what may be sent where, which need not exist."""
    return state_dir() / "remote-consent.json"


def conversations_file() -> Path:
    """Return the path of the kept conversations, which need not exist."""
    return state_dir() / "conversations.sqlite3"


def audit_file() -> Path:
    """Return the path of the file that the audit log is in."""
    return state_file()


def audit_head_file() -> Path:
    """Return where the newest record of the audit log is noted, apart from the log itself."""
    return xdg_data_home() / "eidos" / "audit-head.json"


def runtime_dir(environ: Mapping[str, str], uid: int) -> Path:
    """Return the folder of the socket by the rule above, without touching it."""
    for base in (environ.get("XDG_RUNTIME_DIR", ""), f"/run/user/{uid}"):
        if base.startswith("/") and _is_our_directory(Path(base), uid):
            return Path(base, "eidos")
    cache = environ.get("XDG_CACHE_HOME", "")
    home = cache if cache.startswith("/") else f"{environ.get('HOME', '')}/.cache"
    return Path(home, "eidos", "run")


def socket_path(environ: Mapping[str, str], uid: int) -> Path:
    """Return the path of the daemon's socket, which need not exist.

    Raises:
        RuntimeDirError: the path is longer than a Unix socket may have.
    """
    return _short(runtime_dir(environ, uid) / "eidosd.sock")


def remote_socket_path(environ: Mapping[str, str], uid: int) -> Path:
    """Return the path of the socket of eidos-remote, which need not exist.

    Raises:
        RuntimeDirError: the path is longer than a Unix socket may have.
    """
    return _short(runtime_dir(environ, uid) / "remote.sock")


def _short(path: Path) -> Path:
    if len(os.fsencode(path)) > MAX_SOCKET_PATH_BYTES:
        message = (
            f"the socket path {path} has more than {MAX_SOCKET_PATH_BYTES} bytes; "
            "set XDG_RUNTIME_DIR to a shorter folder"
        )
        raise RuntimeDirError(message)
    return path


def check_private(folder: Path, uid: int) -> None:
    """Return if *folder* is a real directory of ours that nobody else may enter.

    Raises:
        FileNotFoundError: it does not exist.
        RuntimeDirError: it is a link, a file, somebody else's, or open to others.
    """
    info = folder.lstat()
    if not stat.S_ISDIR(info.st_mode):
        raise RuntimeDirError(f"{folder} is not a directory; remove it: rm {folder}")
    if info.st_uid != uid:
        raise RuntimeDirError(f"{folder} belongs to uid {info.st_uid}, not to {uid}; remove it")
    if info.st_mode & 0o077:
        mode = stat.S_IMODE(info.st_mode)
        raise RuntimeDirError(f"{folder} is open to others ({mode:04o}); run: chmod 700 {folder}")


def make_private(folder: Path, uid: int) -> None:
    """Create *folder* with mode 0700 where it is missing, then check it as `check_private` does.

    Raises:
        RuntimeDirError: it cannot be created, or is not ours alone.
    """
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        check_private(folder, uid)
    except OSError as exc:
        message = (
            f"cannot create {folder}: {exc.strerror}; "
            "make its parent writable, or set XDG_RUNTIME_DIR to a folder of yours"
        )
        raise RuntimeDirError(message) from exc


def _is_our_directory(path: Path, uid: int) -> bool:
    try:
        info = path.stat()
    except OSError:
        return False
    return stat.S_ISDIR(info.st_mode) and info.st_uid == uid
