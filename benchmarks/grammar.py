"""Compare what the validator reads with what bash, zsh and fish themselves read.

    python benchmarks/grammar.py [COMMANDS.jsonl]

COMMANDS.jsonl has one {"cmd": …, "shell": …} a line; without it both corpora of the tests are
taken. Prints how often each side accepts what the other refuses, and every command that its
shell refuses and we call complete. Nothing is run: see PARSE_ONLY.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final

from eidos.protocol import Shell
from eidos.validator.validation import judge_pasted

DATA: Final = Path(__file__).parents[1] / "tests" / "validator" / "data"
PARSE_ONLY: Final = {
    Shell.BASH: ["bash", "--norc", "-n", "/dev/stdin"],
    Shell.ZSH: ["zsh", "-f", "-n", "/dev/stdin"],
    Shell.FISH: ["fish", "--no-config", "--no-execute", "/dev/stdin"],
}
UNPRIVILEGED: Final = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
UNREAD: Final = {"syntax", "unread-syntax", "unreadable"}


def refusal(shell: Shell, command: str) -> str:
    """Return what *shell* has against *command* as a program, "" when it reads it."""
    # `zsh -n` still expands `$(<file)` and opens the files of some redirections (seen in 5.9): the
    # command stands in a function that nobody calls, and root gives up its rights first.
    text = f"f() {{\n{command}\n}}\n" if shell is Shell.ZSH else command
    prefix = UNPRIVILEGED if os.geteuid() == 0 else []
    done = subprocess.run(
        [*prefix, *PARSE_ONLY[shell]],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
    )
    is_refused = done.returncode != 0 if shell is Shell.FISH else done.stderr != ""
    return (done.stderr or "refused") if is_refused else ""


def main() -> None:
    """Print the table and the disagreements."""
    files = [Path(arg) for arg in sys.argv[1:]]
    files = files or [DATA / "dangerous.jsonl", DATA / "everyday.jsonl"]
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    counts = {shell: Counter[str]() for shell in Shell if shutil.which(shell)}
    notes: list[str] = []
    for row in rows:
        shell = Shell(row.get("shell", "bash"))
        if shell not in counts:
            continue
        verdict, theirs = judge_pasted(row["cmd"], shell), refusal(shell, row["cmd"])
        ours = verdict.rule if verdict.rule in UNREAD else ""
        counts[shell][f"{'refused' if theirs else 'read'}, {ours or 'read'}"] += 1
        if theirs and not ours:
            notes.append(f"- {shell} refuses, we read: `{row['cmd']}`: {theirs.splitlines()[0]}")
        elif ours and not theirs:
            notes.append(f"- {shell} reads, we say {ours}: `{row['cmd']}`: {verdict.reason}")
    for shell, count in counts.items():
        print(f"{shell}, of the shell and of ours: {dict(count)}")
    print("\n".join(notes))


if __name__ == "__main__":
    main()
