"""Measure libraries that tell languages apart: what they cost, and how often they are right.

    python -m venv /tmp/lang && /tmp/lang/bin/pip install polib psutil pycld2 …
    /tmp/lang/bin/python benchmarks/languages.py FOLDER [--corpus FOLDER] [--write]

FOLDER holds the catalogues of Django, as its wheel has them (`*/locale/DE/LC_MESSAGES/django.po`).
Requests come from language_samples.txt, English ones from requests.txt and the corpus. A library
that is not installed is left out. With --write the tables go into docs/translate.md.
"""

import importlib
import json
import os
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "daemon"))

from benchmarks.detectors import DETECTORS, LANGUAGES
from benchmarks.measuring import REPOSITORY, machine, memory_mb, requests, write_section

PAGE: Final = REPOSITORY / "docs" / "translate.md"
HEADING: Final = "## Figures of language detection"
SAMPLES: Final = REPOSITORY / "benchmarks" / "language_samples.txt"
CORPUS: Final = REPOSITORY.parent / "shared" / "corpus"
_SENTENCES: Final = 60
"""Of each language, spread over the catalogues."""
_SENTENCE_CHARS: Final = range(30, 201)
_PARAGRAPH_CHARS: Final = 300
_ENGLISH: Final = 12_000
_RATE: Final = 0.001
"""How many English requests may be taken for another language."""
_COLUMNS: Final = (
    "library", "import and load ms", "memory MB", "ms a text", "requests %", "sentences %",
    "paragraphs %", "English taken for another", "found while sure %",
)  # fmt: skip
_FOLDERS: Final = {"zh": "zh_Hans"}
Sample = tuple[str, str]
"""The code of a language, and a text in it."""


def typed() -> list[Sample]:
    """Return the requests of the samples."""
    lines = SAMPLES.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if "\t" in line]
    return [(code, text) for code, text in rows]


def sentences(folder: Path) -> list[Sample]:
    """Return sentences of each language out of the catalogues below *folder*."""
    return [(code, text) for code in LANGUAGES for text in _spread(_texts(folder, code))]


def paragraphs(whole: Sequence[Sample]) -> list[Sample]:
    """Return *whole* joined to texts of at least 300 characters."""
    made: list[Sample] = []
    for code in LANGUAGES:
        text = ""
        for one in (text for other, text in whole if other == code):
            text = f"{text} {one}".strip()
            if len(text) >= _PARAGRAPH_CHARS:
                made.append((code, text))
                text = ""
    return made


def english(folder: Path, count: int) -> list[Sample]:
    """Return English requests: those of this repository, and *count* of the corpus."""
    texts: dict[str, None] = {}
    for name in ("nl2bash", "tldr"):
        lines = (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        texts.update((json.loads(line)["nl"], None) for line in lines)
    every = [*texts][:: max(1, len(texts) // count)]
    return [("en", text) for text in (*requests(), *every)]


def measure(name: str, samples: Sequence[Sample]) -> dict[str, Any]:
    """Return what detector *name* costs in this process, and its answers to *samples*."""
    before_mb, begin_s = memory_mb(os.getpid())[0], time.perf_counter()
    detect = DETECTORS[name]()
    detect("show the files")
    load_ms = (time.perf_counter() - begin_s) * 1000
    begin_s = time.process_time()
    answers = [detect(text) for _, text in samples]
    each_ms = (time.process_time() - begin_s) * 1000 / len(samples)
    rss_mb = memory_mb(os.getpid())[0] - before_mb
    return {"load_ms": load_ms, "rss_mb": rss_mb, "each_ms": each_ms, "answers": answers}


def _texts(folder: Path, code: str) -> Iterator[str]:
    polib = importlib.import_module("polib")
    for file in sorted(folder.rglob(f"locale/{_FOLDERS.get(code, code)}/LC_MESSAGES/django.po")):
        for entry in polib.pofile(file):
            text = str(entry.msgid if code == "en" else entry.msgstr)
            least = 12 if code in {"zh", "ja", "ko"} else _SENTENCE_CHARS.start
            is_fit = least <= len(text) < _SENTENCE_CHARS.stop
            if is_fit and "\n" not in text and (code == "en" or text != entry.msgid):
                yield text


def _spread(texts: Iterator[str]) -> list[str]:
    every = [*dict.fromkeys(texts)]
    return every[:: max(1, len(every) // _SENTENCES)][:_SENTENCES]


def _share(samples: Sequence[Sample], answers: Sequence[tuple[str, float]]) -> float:
    """Return how many percent of *answers* are right, each language counting the same."""
    right: defaultdict[str, list[bool]] = defaultdict(list)
    for (code, _), (found, _) in zip(samples, answers, strict=True):
        right[code].append(code == found)
    return 100 * mean(mean(each) for each in right.values())


def _sure(
    foreign: Sequence[Sample], told: Sequence[tuple[str, float]], asked: Sequence[tuple[str, float]]
) -> str:
    """Return how many percent of *foreign* requests are found where English is nearly never taken.

    *told* are the answers to them, *asked* those to English requests: the confidence to ask for is
    the least at which at most one of 1,000 of these is taken for another language.
    """
    wrong = sorted((sure for code, sure in asked if code not in {"en", ""}), reverse=True)
    allowed = int(_RATE * len(asked))
    least = wrong[allowed] if len(wrong) > allowed else -1.0
    found = [
        right == code and sure > least
        for (right, _), (code, sure) in zip(foreign, told, strict=True)
    ]
    return f"{100 * mean(found):.0f}"


def _row(name: str, sets: Sequence[Sequence[Sample]]) -> str:
    """Return the line of the table for *name*, measured in a process of its own."""
    program = [sys.executable, __file__, "--one", name]
    texts = json.dumps([sample for samples in sets for sample in samples])
    done = subprocess.run(program, input=texts, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    answers: list[list[tuple[str, float]]] = []
    at = 0
    for samples in sets:
        answers.append(result["answers"][at : at + len(samples)])
        at += len(samples)
    right = [f"{_share(s, a):.1f}" for s, a in zip(sets[:3], answers[:3], strict=True)]
    wrong = sum(code not in {"en", ""} for code, _ in answers[3])
    false = f"{wrong} ({100 * wrong / len(answers[3]):.2f} %)"
    sure = _sure(sets[0], answers[0], answers[3])
    costs = [f"{result['load_ms']:.0f}", f"{result['rss_mb']:.1f}", f"{result['each_ms']:.3f}"]
    return f"| {name} | " + " | ".join([*costs, *right, false, sure]) + " |"


def report(folder: Path, corpus: Path) -> list[str]:
    """Return the tables for all detectors that are installed."""
    load = os.getloadavg()[0]
    whole = sentences(folder)
    sets = (typed(), whole, paragraphs(whole), english(corpus, _ENGLISH))
    counts = ", ".join(f"{len(each)}" for each in sets)
    rows: list[str] = []
    for name in DETECTORS:
        try:
            rows.append(_row(name, sets))
        except subprocess.CalledProcessError as exc:
            print(f"{name}: left out: {exc.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    return [
        machine(load),
        f"Texts: {counts} (requests, sentences, paragraphs, English requests).",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        "|---" * len(_COLUMNS) + "|",
        *rows,
    ]


def main() -> None:
    """Print the tables, and write them if that is asked for."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--one", choices=[*DETECTORS])
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.one, json.load(sys.stdin))))
        return
    if given.folder is None:
        parser.error("name the folder with the catalogues")
    lines = report(given.folder, given.corpus)
    print("\n".join(lines))
    if given.write:
        write_section(PAGE, HEADING, lines)


if __name__ == "__main__":
    main()
