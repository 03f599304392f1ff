"""Measure the validator: agreement with the real shells, what it minds, and how long it takes.

    python benchmarks/validator.py [COMMANDS.jsonl] [--shells]

COMMANDS.jsonl has one {"cmd": …} a line; without it tests/validator/data/commands.jsonl is. With
--shells every command is also given to `bash -n`, `zsh -n` and `fish --no-execute`, as far as
they are installed. Prints Markdown.
"""

import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from eidos.protocol import Shell
from eidos.validator.syntax import find_fault
from eidos.validator.tree import OverBudget, parse
from eidos.validator.validation import judge

SAMPLE = Path(__file__).parents[1] / "tests" / "validator" / "data" / "commands.jsonl"
PARSE_ONLY = {
    Shell.BASH: ["bash", "--norc", "-n", "/dev/stdin"],
    Shell.ZSH: ["zsh", "-f", "-n", "/dev/stdin"],
    Shell.FISH: ["fish", "--no-config", "--no-execute", "/dev/stdin"],
}


def main() -> None:
    """Print the tables."""
    paths = [Path(arg) for arg in sys.argv[1:] if not arg.startswith("-")]
    lines = (paths or [SAMPLE])[0].read_text().splitlines()
    commands = list(dict.fromkeys(json.loads(line)["cmd"] for line in lines))
    print(f"{len(commands)} distinct commands\n")
    _print_verdicts(commands)
    if "--shells" in sys.argv[1:]:
        _print_agreement(commands)


def _print_verdicts(commands: list[str]) -> None:
    print(
        "| shell | ok | warn | block | p50 ms | p99 ms | worst ms |\n|---|---|---|---|---|---|---|"
    )
    rules: dict[Shell, Counter[str]] = {}
    for shell in Shell:
        times_ms: list[float] = []
        levels: Counter[str] = Counter()
        rules[shell] = Counter()
        for command in commands:
            began = time.perf_counter()
            verdict = judge(command, shell)
            times_ms.append((time.perf_counter() - began) * 1000)
            levels[verdict.level] += 1
            rules[shell][f"{verdict.level} {verdict.rule}"] += 1
        times_ms.sort()
        p50, p99 = times_ms[len(times_ms) // 2], times_ms[len(times_ms) * 99 // 100]
        counts = f"{levels['ok']} | {levels['warn']} | {levels['block']}"
        print(f"| {shell} | {counts} | {p50:.2f} | {p99:.2f} | {times_ms[-1]:.1f} |")
    print("\n| verdict and rule | " + " | ".join(Shell) + " |\n|---|---|---|---|")
    for rule in sorted({rule for found in rules.values() for rule in found} - {"ok "}):
        print(f"| {rule} | " + " | ".join(str(rules[shell][rule]) for shell in Shell) + " |")


def _print_agreement(commands: list[str]) -> None:
    print(
        "\n| shell | it accepts | we refuse of these | we accept, it refuses |\n|---|---|---|---|"
    )
    disagreements: list[str] = []
    for shell in filter(shutil.which, Shell):
        ours = {command: _accepts(shell, command) for command in commands}
        real = {command: _refusal(shell, command) for command in commands}
        too_strict = [c for c in commands if not ours[c] and not real[c]]
        too_lax = [c for c in commands if ours[c] and real[c]]
        accepted = sum(not refusal for refusal in real.values())
        print(f"| {shell} | {accepted} | {len(too_strict)} | {len(too_lax)} |")
        disagreements += [f"- {shell}: `{c}`: {real[c].splitlines()[0]}" for c in too_lax]
    print("\n" + "\n".join(disagreements))


def _accepts(shell: Shell, command: str) -> bool:
    try:
        return find_fault(parse(command), shell) is None
    except OverBudget:
        return False


def _refusal(shell: Shell, command: str) -> str:
    done = subprocess.run(
        PARSE_ONLY[shell], input=command, capture_output=True, text=True, check=False
    )
    is_refused = done.returncode != 0 if shell is Shell.FISH else done.stderr != ""
    return (done.stderr or "refused") if is_refused else ""


if __name__ == "__main__":
    main()
