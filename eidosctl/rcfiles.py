"""The one line that Eidos adds to a shell's startup file, and how it goes away again.

The line carries MARK at its end, which is how it is found. Everything works on bytes: a startup
file may be in any encoding. The line starts no process, so it costs a shell nothing to read it.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xdg_base_dirs import xdg_config_home

from eidos.errors import EidosError
from eidos.protocol import Shell
from eidosctl import files

MARK: Final = "# eidos: Ctrl-G (eidosctl uninstall removes this line)"
BACKUP_SUFFIX: Final = ".eidos-backup"


@dataclass(frozen=True, slots=True)
class Widget:
    """What a startup line names: the widget, the command it calls, zsh's folder of completions."""

    script: Path
    eidosctl: Path
    zsh_functions: Path


def rc_file(shell: Shell, environ: Mapping[str, str]) -> Path:
    """Return the startup file of interactive shells of that kind, which need not exist."""
    home = Path(environ.get("HOME") or Path.home())
    match shell:
        case Shell.ZSH:
            return Path(environ.get("ZDOTDIR") or home, ".zshrc")
        case Shell.BASH:
            return home / ".bashrc"
        case Shell.FISH:
            return xdg_config_home() / "fish" / "config.fish"


def rc_line(shell: Shell, widget: Widget) -> str:
    """Return the line for *shell*; when Eidos is gone, the line does nothing."""
    if shell is Shell.FISH:
        script, command = fish_quote(str(widget.script)), fish_quote(str(widget.eidosctl))
        return f"if test -r {script}; set -g EIDOS_CTL {command}; source {script}; end {MARK}"
    script, command = shlex.quote(str(widget.script)), shlex.quote(str(widget.eidosctl))
    load = f"EIDOS_CTL={command}; 'builtin' 'source' {script}"
    if shell is Shell.ZSH:
        load = f"{load}; {_zsh_completion(widget.zsh_functions)}"
    return f"if [[ -r {script} ]]; then {load}; fi {MARK}"


def fish_quote(text: str) -> str:
    """Return *text* as one word of fish."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def current_line(path: Path) -> str | None:
    """Return the marked line in *path*, or None where there is none."""
    lines = (files.read(path) or b"").split(b"\n")
    return next((line.decode(errors="replace") for line in lines if _is_marked(line)), None)


def add(path: Path, line: str) -> bool:
    """Make *line* the one marked line of *path*, and say whether that changed the file.

    The file as it was before Eidos is kept beside it, with BACKUP_SUFFIX.
    """
    before = files.read(path)
    after = with_line(before or b"", line.encode())
    if after == before:
        return False
    keep = before is not None and without_line(before) == before
    if before is not None and keep:
        mode = path.stat().st_mode & 0o777
        files.write_atomically(backup_of(path), before, mode=mode)
    try:
        files.write_atomically(path, after)
    except EidosError:
        if keep:
            files.remove(backup_of(path))
        raise
    return True


def remove(path: Path) -> bool:
    """Take the marked line out of *path*, and say whether there was one.

    A file that held nothing else and was not there before Eidos goes away. The backup goes too,
    unless the file has been edited since: then it may be of use.
    """
    before = files.read(path)
    after = without_line(before or b"")
    backup = files.read(backup_of(path))
    if after == before or before is None:
        return False
    if not after and backup is None:
        files.remove(path.resolve())
    else:
        files.write_atomically(path, after)
    if backup == after:
        files.remove(backup_of(path))
    return True


def backup_of(path: Path) -> Path:
    """Return where the startup file as it was before Eidos is kept."""
    return path.with_name(path.name + BACKUP_SUFFIX)


def with_line(content: bytes, line: bytes) -> bytes:
    """Return *content* with *line* in place of the first marked line, or at its end."""
    lines = content.split(b"\n")
    places = [number for number, text in enumerate(lines) if _is_marked(text)]
    if places:
        first, *others = places
        lines[first] = line
        return b"\n".join(text for number, text in enumerate(lines) if number not in others)
    if content and not content.endswith(b"\n"):
        # The last line stays without its newline, which is how removal restores the very bytes.
        return content + b"\n" + line
    return content + line + b"\n"


def without_line(content: bytes) -> bytes:
    """Return *content* without any marked line."""
    return b"\n".join(line for line in content.split(b"\n") if not _is_marked(line))


def _is_marked(line: bytes) -> bool:
    return line.rstrip().endswith(MARK.encode())


def _zsh_completion(folder: Path) -> str:
    # Before compinit the folder in fpath is enough; after it, compdef must be told.
    return (
        f"fpath+=({shlex.quote(str(folder))}); "
        "if (( ${+functions[compdef]} )); then autoload -Uz _eidosctl; compdef _eidosctl eidosctl; "
        "fi"
    )
