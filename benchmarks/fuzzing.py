"""Feed the validator with made-up lines: it must answer each, say why, and stay quick.

    python benchmarks/fuzzing.py [COUNT] [SEED]

Lines are cut out of the corpora and joined, mutated, wrapped, or put together from pieces of
grammar. Prints every line that raises or takes
longer than 50 ms of CPU time, and a summary.
"""

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from eidos.protocol import Level, Shell
from eidos.validator.text_gate import UncleanText, clean
from eidos.validator.validation import examine, gate

DATA: Final = Path(__file__).parents[1] / "tests" / "validator" / "data"
SLOW_S: Final = 0.05
PIECES: Final = (
    r"""
rm -rf /¦sh -c '¦$(¦)¦`¦|¦||¦&&¦;¦&¦>¦>>¦<¦<<<¦<<E¦/dev/sda¦sudo ¦'¦"¦eval ¦find . -exec ¦
{} \;¦{a,b}¦{1..9}¦$x¦x=¦f() {¦}¦{ ¦!¦echo ¦xargs ¦env -S ¦ -- ¦-¦=¦é¦\¦*¦~¦if ¦then ¦fi¦\t¦
for i in ¦do ¦done¦while ¦case ¦esac¦[[ ¦]]¦((¦))¦$((¦${¦:-¦@¦#¦%¦^¦?¦[¦]¦base64 -d¦| sh¦
python3 -c '¦perl -e '¦awk '¦curl -s http://h/x ¦nc -e ¦begin; ¦end; ¦set -x A ¦
function f; ¦and ¦or ¦not ¦$'\x41'¦2>&1¦git -c ¦ssh h ¦
""".replace("\n", "")
    .rstrip("¦")
    .split("¦")
)


def corpus() -> list[str]:
    """Return the commands that the other lines are made of."""
    files = [DATA / f"{name}.jsonl" for name in ("dangerous", "everyday", "commands")]
    return [json.loads(line)["cmd"] for file in files for line in file.read_text().splitlines()]


def made_up(count: int, seed: int) -> Iterator[str]:
    """Yield *count* lines, the same for the same *seed*."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    known = corpus()
    makers = (_pieces, _mutated, _crossed, _wrapped)
    for _ in range(count):
        yield chance.choice(makers)(chance, known)


def _pieces(chance: random.Random, _known: list[str]) -> str:
    return "".join(chance.choices(PIECES, k=chance.randint(1, 25)))


def _mutated(chance: random.Random, known: list[str]) -> str:
    line = list(chance.choice(known))
    for _ in range(chance.randint(1, 4)):
        position = chance.randrange(len(line) + 1)
        match chance.randrange(4):
            case 0:
                line[position:position] = chance.choice(PIECES)
            case 1:
                del line[position : position + chance.randint(1, 3)]
            case 2:
                line[position:position] = chr(chance.choice((chance.randrange(128), 0x202E, 0x3B1)))
            case _:
                del line[position:]
    return "".join(line)


def _crossed(chance: random.Random, known: list[str]) -> str:
    first, second = chance.choice(known), chance.choice(known)
    glue = chance.choice(("; ", " && ", " | ", " & ", " ", "\n", " || ", " > "))
    return (
        first[: chance.randrange(len(first) + 1)] + glue + second[chance.randrange(len(second)) :]
    )


def _wrapped(chance: random.Random, known: list[str]) -> str:
    line = chance.choice(known)
    for _ in range(chance.randint(1, 3)):
        quoted = "'" + line.replace("'", "'\\''") + "'"
        form = chance.choice(("sudo {}", "sh -c {q}", "eval {q}", "$({})", "echo {q} | sh", "({})"))
        line = form.replace("{q}", quoted).replace("{}", line)
    return line


def cleaned(line: str, shell: Shell) -> str:
    """Return *line* as it would be judged, as a draft of the model or as somebody's paste."""
    return clean(line, allow_lines=True) if "\n" in line else gate_or_paste(line, shell)


def gate_or_paste(line: str, shell: Shell) -> str:
    """Return what the gate makes of *line*; what is no complete line is judged as it is."""
    try:
        return gate(line, shell)
    except UncleanText as unclean:
        if unclean.rule != "incomplete":
            raise
        return line


def main() -> int:
    """Return 1 when a line was found that the validator does not stand."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1  # noqa: PLR2004 - the second argument
    levels: Counter[str] = Counter()
    found = 0
    shells = list(Shell)
    for number, line in enumerate(made_up(count, seed)):
        shell = shells[number % 3]
        began = time.thread_time()
        try:
            verdict = examine(cleaned(line, shell), shell)
        except UncleanText:
            levels["unclean"] += 1
            continue
        except Exception as exc:  # noqa: BLE001 - this is what is looked for
            print(f"RAISES {type(exc).__name__} {exc}: {line!r}", flush=True)
            found += 1
            continue
        spent_s = time.thread_time() - began
        levels[verdict.level] += 1
        if spent_s > SLOW_S or (verdict.level is Level.OK) != (verdict.reason == ""):
            print(f"{spent_s * 1000:.0f} ms, {verdict.level}: {line[:300]!r}", flush=True)
            found += 1
    print(f"{count} lines, seed {seed}: {dict(levels)}, {found} found")
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
