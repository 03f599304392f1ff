"""A shell with the widget and a real terminal, for the benchmark and the picture of the README."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from real_daemon import EIDOSD
from shell.shells import Shell
from shell.terminal import Terminal

EIDOSCTL = EIDOSD.with_name("eidosctl")


@contextmanager
def prompt(
    shell: Shell, environ: dict[str, str], *, after: str = "", rows: int = 12, columns: int = 300
) -> Iterator[Terminal]:
    """Open *shell* with the widget loaded; *after* ends its startup file."""
    root = Path(environ["HOME"]).parent
    home = root / "home"
    # Without it each new fish reads all manual pages of the machine, in the background.
    (home / ".local/share/fish/generated_completions").mkdir(parents=True, exist_ok=True)
    rc_file = home / shell.rc_file
    rc_file.parent.mkdir(parents=True, exist_ok=True)
    rc_file.write_text(f"{shell.rc}source {shell.widget}\n{after}")
    own = {
        "XDG_CONFIG_HOME": str(root / "config"),
        "TERM": "xterm-256color",
        "EIDOS_CTL": str(EIDOSCTL),
    }
    terminal = Terminal(
        shell.argv(home),
        env={**environ, **own, **shell.env},
        cwd=home,
        rows=rows,
        columns=columns,
    )
    with terminal:
        yield terminal
