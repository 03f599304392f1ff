"""The index is made of the intent files, the same one each time, and ships up to date."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from eidos.retrieval.index import Index
from training import indexing, intents, weighing

SOME = """
- cmd: head -n {n} {jar}
  slots: {jar: [a.jar, b.jar, c.jar, d.jar, e.jar, f.jar]}
  nl: ["(show|print) the first {n} lines of {jar}", "(encrypt|decrypt) {jar}"]
- cmd: kill -s {signal} {pid}
  slots: {signal: [TERM, INT, HUP]}
  nl: ["(send|give) the signal {signal} to {pid}"]
- last: cd {d}
  status: 1
  cmd: mkdir {d}
  slots: {d: [a, b]}
  nl: [make it]
- macos: pbcopy
  nl: [copy to the clipboard]
"""


@pytest.fixture
def some(tmp_path: Path) -> tuple[intents.Intent, ...]:
    """Some intents."""
    (tmp_path / "some.yaml").write_text(SOME)
    return intents.load_all(tmp_path)


def test_the_same_intents_give_the_same_bytes(some: tuple[intents.Intent, ...]) -> None:
    """Nothing but the intents decides what the file is."""
    assert indexing.build(some, "x") == indexing.build(some, "x")


def test_the_shipped_index_is_of_these_intents() -> None:
    """Whoever changes an intent file runs `python -m training.indexing`."""
    assert Index().sources == indexing.digest(), "run: python -m training.indexing"


def test_what_needs_a_context_or_another_system_is_left_out(
    some: tuple[intents.Intent, ...],
) -> None:
    """Intents for the last command or for macOS are not answered from the index."""
    found = indexing.gather(some)

    assert [entry.id.split(":")[1] for entry in found.intents] == ["1", "2"]


def test_a_list_is_open_to_what_is_like_its_examples(some: tuple[intents.Intent, ...]) -> None:
    """Six names of JAR files stand for all JAR files; three signals are all that are meant."""
    jars, signals = indexing.gather(some).intents

    assert jars.slots[jars.names.index("jar")].kind == "file jar"
    assert not signals.slots[signals.names.index("signal")].kind


def test_opposites_never_stand_for_each_other(some: tuple[intents.Intent, ...]) -> None:
    """That one phrasing offers both "encrypt" and "decrypt" does not make them one."""
    alike = weighing.likenesses(some)

    assert "decrypt" not in alike.get("encrypt", {})
    assert alike["send"]["give"] > 0


def test_rare_words_weigh_more(some: tuple[intents.Intent, ...]) -> None:
    """A word of one phrasing tells more than one of all, and articles least."""
    weights = weighing.weights(indexing.gather(some).variants)

    assert weights["the"] <= 0.12
    assert all(0 < weight <= 1.3 for weight in weights.values())


def test_the_command_writes_the_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m training.indexing OUT` writes a file that the daemon can read."""
    (tmp_path / "some.yaml").write_text(SOME)
    loaded = intents.load_all(tmp_path)
    monkeypatch.setattr(intents, "load_all", lambda: loaded)
    out = tmp_path / "out.index"

    result = CliRunner().invoke(indexing.main, [str(out)])

    assert result.exit_code == 0, result.output
    assert Index(out).variants > 0
