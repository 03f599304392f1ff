"""Every place where Eidos keeps anything: what is in it, how long, and what `purge` does with it.

`eidosctl privacy` and the table in docs/privacy.md are made from these records.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from eidos.log_file import NAME as LOG_NAME
from eidos.log_file import REMOTE_NAME as REMOTE_LOG_NAME
from eidos.model_slots import data_dir
from eidos.paths import config_file, graph_cache_dir, runtime_dir, state_dir
from eidos.protocol import Shell
from eidosctl import rcfiles
from eidosctl.place import REMOTE_UNIT, UNIT, Place, completion_file, zsh_functions


class Purge(StrEnum):
    """When `eidosctl privacy purge` deletes something."""

    ALWAYS = "deleted"
    IN_PART = "day counts deleted; the rest with --everything"
    EVERYTHING = "deleted with --everything"
    NEVER = "kept"


class Root(StrEnum):
    """The folders that Eidos uses, as people write them."""

    CONFIG = "~/.config/eidos"
    STATE = "~/.local/state/eidos"
    DATA = "~/.local/share/eidos"
    CACHE = "~/.cache/eidos/graphs"
    RUNTIME = "$XDG_RUNTIME_DIR/eidos"
    SHELLS = "startup files of your shells"
    ELSEWHERE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One thing that is kept."""

    name: str
    root: Root
    patterns: tuple[str, ...] = ()
    """What its files are called below the root, * for any signs; none if in no file of ours."""
    holds: str
    kept: str
    """For how long."""
    purge: Purge
    is_exported: bool = False

    @property
    def where(self) -> str:
        """Its place as people write it."""
        names = ", ".join(self.patterns)
        return "/".join(filter(None, [self.root, names])) or "no file"


@dataclass(frozen=True, slots=True)
class Found:
    """A file or folder that is there; of a folder the size is that of all in it."""

    path: Path
    mode: int
    size_bytes: int
    is_file: bool
    uid: int


HOLDINGS: Final = (
    Holding(
        name="settings",
        root=Root.CONFIG,
        patterns=(
            "config.toml",
            "config.toml.bak",
            "config.toml.new",
            "config-draft.toml*",
            ".config*.eidos-*",
            ".config-draft.toml*",
        ),
        holds="What you set, the file before the last change, and an edit that was not finished, "
        "with what an editor or a killed eidosctl left of them.",
        kept="until you delete it",
        purge=Purge.EVERYTHING,
        is_exported=True,
    ),
    Holding(
        name="audit log, day counts",
        root=Root.STATE,
        patterns=("state.sqlite3", "state.sqlite3-journal"),
        holds="What was done to Eidos (installing, settings by name, models, purging, starts, uses "
        "of rules that you changed); of each day how many requests there were and how they ended. "
        "No request, no command.",
        kept="keep_days (400 days), at most about 4 MB",
        purge=Purge.IN_PART,  # exported as audit.json and days.json
    ),
    Holding(
        name="permissions",
        root=Root.STATE,
        patterns=("remote-consent.json", "remote-consent.json.damaged", ".remote-consent.json.*"),
        holds="Which host may get texts for chat, translation or suggestions, and since when; the "
        "file before it, where it could not be read.",
        kept="until: eidosctl remote revoke",
        purge=Purge.ALWAYS,
        is_exported=True,
    ),
    Holding(
        name="damaged state",
        root=Root.STATE,
        patterns=("state.sqlite3.damaged",),
        holds="The file above, where it could not be read any more and a new one had to begin.",
        kept="until the next such one, or until you delete it",
        purge=Purge.EVERYTHING,
        is_exported=True,
    ),
    Holding(
        name="conversations",
        root=Root.STATE,
        patterns=(
            "conversations.sqlite3",
            "conversations.sqlite3-journal",
            "conversations.sqlite3.damaged",
        ),
        holds="What you asked in `eidosctl chat`, as it was sent, and the answers.",
        kept="the newest chat_keep (100), for keep_days (400 days); none with --no-history",
        purge=Purge.ALWAYS,
        is_exported=True,
    ),
    Holding(
        name="end of the audit log",
        root=Root.DATA,
        patterns=("audit-head.json",),
        holds="Number and hash of the newest record of the audit log.",
        kept="as long as the audit log",
        purge=Purge.NEVER,
        is_exported=True,
    ),
    Holding(
        name="log file",
        root=Root.STATE,
        patterns=(LOG_NAME, f"{LOG_NAME}.1", REMOTE_LOG_NAME, f"{REMOTE_LOG_NAME}.1"),
        holds="What the daemon and eidos-remote did, without systemd: ids, times, outcomes. "
        "Requests and commands of the daemon's only at log_level = debug.",
        kept="2 files of 2 MB for each; the old one 30 days",
        purge=Purge.ALWAYS,
        is_exported=True,
    ),
    Holding(
        name="journal",
        root=Root.ELSEWHERE,
        holds=f"The same under systemd, and the numbers and hashes of audit records: "
        f"journalctl --user-unit={UNIT} --user-unit={REMOTE_UNIT}; "
        "journalctl SYSLOG_IDENTIFIER=eidos-audit",
        kept="as journald.conf says; only an administrator can delete it: journalctl --vacuum-time",
        purge=Purge.NEVER,
    ),
    Holding(
        name="answers in memory",
        root=Root.ELSEWHERE,
        holds="Commands that the model gave of late, and digests of their requests, in the memory "
        "of the daemon.",
        kept="cache_age_s, and never longer than the daemon runs",
        purge=Purge.ALWAYS,
    ),
    Holding(
        name="models",
        root=Root.DATA,
        patterns=("models",),
        holds="Models that you added, and where they came from.",
        kept="until: eidosctl model remove",
        purge=Purge.EVERYTHING,
    ),
    Holding(
        name="prepared models",
        root=Root.CACHE,
        holds="The model in the form in which several engines share it. Nothing about you.",
        kept="until another model is used",
        purge=Purge.ALWAYS,
    ),
    Holding(
        name="socket",
        root=Root.RUNTIME,
        patterns=("eidosd.sock", "eidosd.lock", "remote.sock", "remote.lock", "remote.leaving"),
        holds="The sockets of the daemon and of eidos-remote, and their locks. Nothing is stored "
        "in them.",
        kept="until you log out",
        purge=Purge.NEVER,
    ),
    Holding(
        name="key binding",
        root=Root.SHELLS,
        holds="One line in each; the file as it was before is beside it, completions and the unit "
        "of systemd are where these belong.",
        kept="until: eidosctl uninstall",
        purge=Purge.NEVER,
    ),
)


def find(holding: Holding, place: Place) -> list[Found]:
    """Return what there is of *holding*; links are not followed."""
    return list(filter(None, map(_look, _paths(holding, place))))


def startup_lines(place: Place) -> dict[str, str]:
    """Return the line of Eidos in each startup file that has one."""
    files = [rcfiles.rc_file(shell, place.environ) for shell in Shell]
    lines = {str(path): rcfiles.current_line(path) for path in files}
    return {path: text for path, text in lines.items() if text is not None}


def _paths(holding: Holding, place: Place) -> Iterator[Path]:
    if holding.root is Root.SHELLS:
        yield from map(Path, startup_lines(place))
        files = [rcfiles.rc_file(shell, place.environ) for shell in Shell]
        yield from map(rcfiles.backup_of, files)
        yield from map(completion_file, Shell)
        yield from (zsh_functions(), place.unit, place.sandbox, place.wanted)
        yield from (place.remote_unit, place.remote_sandbox)
        yield from (place.remote_socket_unit, place.remote_wanted)
        return
    root = _folder(holding.root, place)
    if root is not None:
        for name in holding.patterns or ("",):
            yield from sorted(root.glob(name)) if "*" in name else [root / name]


def _folder(root: Root, place: Place) -> Path | None:
    match root:
        case Root.CONFIG:
            return config_file().parent
        case Root.STATE:
            return state_dir()
        case Root.DATA:
            return data_dir()
        case Root.CACHE:
            return graph_cache_dir()
        case Root.RUNTIME:
            return runtime_dir(place.environ, place.uid)
        case Root.SHELLS | Root.ELSEWHERE:
            return None


def _look(path: Path) -> Found | None:
    try:
        info = path.lstat()
    except OSError:
        return None
    is_file, size_bytes = stat.S_ISREG(info.st_mode), info.st_size
    if stat.S_ISDIR(info.st_mode):
        size_bytes = sum(_sizes(path))
    return Found(path, stat.S_IMODE(info.st_mode), size_bytes, is_file, info.st_uid)


def _sizes(folder: Path) -> Iterator[int]:
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                yield Path(root, name).lstat().st_size
            except OSError:
                continue
