"""Measure the client's part of a key press: what it costs to ask a daemon that answers at once.

    python benchmarks/client.py            prints the table
    python benchmarks/client.py --write    writes it into docs/client-path.md as well

The widgets are timed by the shells' own clocks, inside the shell, from the key to the new line; the
other clients are whole processes, from fork to exit.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from measuring import REPOSITORY, instant_daemon, machine, percentile, publish
from prompt_session import EIDOSCTL, prompt
from real_daemon import private_folders, until
from shell.shells import SHELLS, Shell

ROUNDS = 40
KEY = "\x14"
"""Ctrl-T, bound to the widget with a clock around it."""
REQUEST = "list files"
COMMAND = "ls -la"
TIMED = {
    "zsh": """
zmodload zsh/datetime
timed() {
  local -F begun=$EPOCHREALTIME
  zle eidos-suggest
  print -r -- $(( (EPOCHREALTIME - begun) * 1000 )) >> $HOME/taken_ms
}
zle -N timed
bindkey '^T' timed
""",
    "bash": """
timed() {
    local begun=${EPOCHREALTIME/./}
    __eidos_suggest
    local taken=$((${EPOCHREALTIME/./} - begun))
    printf '%d.%03d\\n' $((taken / 1000)) $((taken % 1000)) >>"$HOME/taken_ms"
}
bind -x '"\\C-t": timed'
""",
    # fish has no clock of its own: the start of one `date` is measured too.
    "fish": """
function timed
    set -l begun (date +%s%N)
    eidos-suggest
    set -l ended (date +%s%N)
    math "($ended - $begun) / 1000000" >>$HOME/taken_ms
end
bind \\ct timed
""",
}
PYZMQ = f"""
import os
from eidos.client import ask
from eidos.paths import socket_path
from eidos.protocol import Shell, SuggestRequest
request = SuggestRequest(id="1", shell=Shell.BASH, count=1, text={REQUEST!r})
ask(request, socket=socket_path(os.environ, os.getuid()), timeout_s=10)
"""


def main() -> None:
    """Measure all clients, and print the table."""
    load_before = os.getloadavg()[0]
    rows: dict[str, list[float]] = {}
    with private_folders() as environ, instant_daemon(environ, COMMAND) as listens:
        until(listens)
        for shell in SHELLS.values():
            rows[f"{shell.name}: the widget, inside the shell"] = _widget(shell, environ)
        for name, program in _programs().items():
            rows[name] = [_run_ms(program, environ) for _ in range(ROUNDS)]
    with private_folders() as environ:
        rows["`eidos-client.pl`, nobody listens, no eidosctl (20 ms: its second try)"] = [
            _run_ms(_perl(), {**environ, "EIDOS_CTL": "/nowhere"}, exit_code=1)
            for _ in range(ROUNDS)
        ]
    publish(REPOSITORY / "docs" / "client-path.md", [*_report(rows, load_before)])


def _widget(shell: Shell, environ: dict[str, str]) -> list[float]:
    taken = Path(environ["HOME"], "taken_ms")
    taken.unlink(missing_ok=True)
    with prompt(shell, environ, after=TIMED[shell.name]) as terminal:
        terminal.until_line(shell.prompt)
        for _ in range(ROUNDS):
            terminal.press(REQUEST)
            terminal.until_line(shell.prompt + REQUEST)
            terminal.press(KEY)
            terminal.until_line(shell.prompt + COMMAND)
            terminal.press("\x15")
            terminal.until_line(shell.prompt)
    return [float(line) for line in taken.read_text().split()]


def _programs() -> dict[str, list[str]]:
    return {
        "`true`: a process that does nothing": ["true"],
        "`perl eidos-client.pl`": _perl(),
        "python with pyzmq (`eidos.client`)": [sys.executable, "-c", PYZMQ],
        "`eidosctl --version`: python with click": [str(EIDOSCTL), "--version"],
    }


def _perl() -> list[str]:
    return ["perl", "-C0", str(REPOSITORY / "shell" / "eidos-client.pl"), "bash", "1", ""]


def _run_ms(program: list[str], environ: dict[str, str], *, exit_code: int = 0) -> float:
    own = {**environ, "EIDOS_REQUEST": REQUEST}
    begin_s = time.perf_counter()
    # In a session of its own: with a terminal the client would read its keys.
    result = subprocess.run(
        program, env=own, capture_output=True, check=False, start_new_session=True
    )
    taken_ms = (time.perf_counter() - begin_s) * 1000
    assert result.returncode == exit_code, result
    return taken_ms


def _report(rows: dict[str, list[float]], load_before: float) -> Iterator[str]:
    yield machine(load_before)
    yield ""
    yield f"| one request, {ROUNDS} times | best | p50 | p95 |"
    yield "|---|---|---|---|"
    for name, values in rows.items():
        figures = (min(values), percentile(values, 50), percentile(values, 95))
        yield f"| {name} | {' | '.join(f'{figure:.1f} ms' for figure in figures)} |"


if __name__ == "__main__":
    main()
