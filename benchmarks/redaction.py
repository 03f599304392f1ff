"""Measure the redaction: which secrets it finds, what it takes out wrongly, and how long it takes.

    python benchmarks/redaction.py [CORPUS.jsonl]

Prints Markdown. CORPUS is a file of the intents' form, one JSON object a line with `nl` and `cmd`
(nl2bash has 9,017): what is taken out of it is printed, to be looked at. Where .venv/supply is made
(bash tests/supply), detect-secrets is asked about the same texts.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring import machine, percentile
from benchmarks.secret_texts import SecretText, harmless_texts, secret_texts
from eidos_remote.redaction import redact

ROOT: Final = Path(__file__).parents[1]
_SETS: Final = {"with these at hand": "secret_texts", "unseen": "secret_texts_unseen"}
_PEER: Final = """
import json, sys
from detect_secrets.core.scan import scan_line
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class as kinds
from detect_secrets.settings import transient_settings
# Without its plugins for random looking text, which take every word of a single line.
names = [kind.__name__ for kind in kinds().values() if "Entropy" not in kind.__name__]
with transient_settings({"plugins_used": [{"name": name} for name in names]}):
    for row in map(json.loads, sys.stdin):
        found = [s.secret_value or "" for line in row.splitlines() for s in scan_line(line)]
        print(json.dumps(found))
"""
_CHARS: Final = 1000


def is_found(case: SecretText) -> bool:
    """Whether nothing of the secret is left."""
    return case.secret not in redact(case.text).text


def by_peer(texts: list[str]) -> list[list[str]] | None:
    """Return what detect-secrets finds in each text, or None where it is not there."""
    python = ROOT / ".venv" / "supply" / "bin" / "python"
    if not python.exists():
        return None
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    result = subprocess.run(
        [python, "-c", _PEER], input=lines, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in result.stdout.splitlines()]


def print_recall() -> None:
    """Print a row for each set of texts, and the kinds in which something is missed."""
    print("| texts | secrets | found | detect-secrets |\n|---|---|---|---|")
    missed: Counter[str] = Counter()
    for name, file in _SETS.items():
        cases = list(secret_texts(name=file))
        found = [case for case in cases if is_found(case)]
        missed.update(case.kind for case in cases if case not in found)
        theirs = by_peer([case.text for case in cases])
        peer = "-"
        if theirs is not None:
            pairs = zip(cases, theirs, strict=True)
            peer = str(sum(case.secret in values for case, values in pairs))
        print(f"| {name} | {len(cases)} | {len(found)} | {peer} |")
    print(f"\nmissed: {dict(missed)}")


def print_wrong(corpus: Path | None) -> None:
    """Print what is taken out of texts without secrets."""
    harmless = harmless_texts()
    theirs = by_peer(harmless)
    peer = "-" if theirs is None else str(sum(bool(values) for values in theirs))
    wrong = sum(bool(redact(text).found) for text in harmless)
    print(f"\nof {len(harmless)} harmless texts {wrong} are changed; detect-secrets: {peer}")
    if corpus is None:
        return
    rows = [json.loads(line) for line in corpus.read_text().splitlines()]
    texts = [row[key] for row in rows for key in ("nl", "cmd")]
    changed = [clean.text for clean in map(redact, texts) if clean.found]
    print(f"\nof {len(texts)} texts in {corpus.name} {len(changed)} are changed:\n")
    for text in changed:
        print(f"    {text[:150]}")


def print_times() -> None:
    """Print what a text of a usual size costs."""
    words = " ".join(harmless_texts())
    load = os.getloadavg()[0]
    times_ms: list[float] = []
    for start in range(0, len(words) - _CHARS, _CHARS // 10):
        begin_s = time.process_time()
        redact(words[start : start + _CHARS])
        times_ms.append((time.process_time() - begin_s) * 1000)
    p99 = percentile(times_ms, 99)
    spent = f"median {median(times_ms):.1f} ms, p99 {p99:.1f} ms of processor time"
    print(f"\n{_CHARS} characters: {spent}; {machine(load)}")


if __name__ == "__main__":
    print_recall()
    print_wrong(Path(sys.argv[1]) if sys.argv[1:] else None)
    print_times()
