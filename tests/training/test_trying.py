"""Recipes are tried one after the other, and nothing is done twice."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from training import recipe, trying
from training.trying import Row, main

PROGRESS = [
    {"step": 20, "of": 1000, "seconds": 9.0, "loss": 2.0},
    {"step": 30, "of": 1000, "seconds": 9.5, "held_loss": 2.0},
    {"step": 40, "of": 1000, "seconds": 15.0, "loss": 1.0},
]


class Commands:
    """Stands for the package's commands: notes how each was called, and leaves what it would."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.broken = ""

    def __call__(self, arguments: Sequence[str]) -> None:
        """Leave the result of the command *arguments*, or fail as a broken one does."""
        self.calls.append(list(arguments))
        step = next(name for name in RESULTS if name == arguments[0])
        if self.broken and self.broken in arguments[0]:
            raise trying.StepFailedError(f"training.{step} ended with status 1")
        place, name = RESULTS[step]
        result = Path(arguments[place]) / name if name else Path(arguments[place])
        result.parent.mkdir(parents=True, exist_ok=True)
        result.write_text(json.dumps({"seconds": 90, "held_out": {"exact": 0.5}}))

    def names(self) -> list[str]:
        """Return the commands called, in order."""
        return [call[0] for call in self.calls]


RESULTS = {
    "train": (2, "card.json"),
    "sampling": (2, ""),
    "judging": (2, ""),
    "preference": (3, "card.json"),
    "export": (2, "SHA256SUMS"),
    "ngrams": (2, "drafts.ngrams"),
    "predicting": (1, ""),
}


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Commands that leave their results without doing anything; and a machine without sandbox."""
    found = Commands()
    monkeypatch.setattr(trying, "_run", found)
    monkeypatch.setattr(trying, "_has_sandbox", lambda: False)
    return found


def attempt(folder: Path, *options: str) -> tuple[int, str]:
    """Run `training.trying` in *folder*; return its status and what it printed."""
    (folder / "corpus").touch()
    arguments = [str(folder / "tried"), "--corpus", str(folder / "corpus"), *options]
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.output


def of(*names: str) -> list[str]:
    """Return the options that name these recipes."""
    folder = Path(recipe.__file__).parent / "recipes"
    return [word for name in names for word in ("--recipe", str(folder / f"{name}.toml"))]


def test_one_command_trains_prefers_exports_and_asks(tmp_path: Path, commands: Commands) -> None:
    """With --preference every recipe gives two models, both exported, with n-grams, and asked."""
    status, printed = attempt(tmp_path, "--preference", *of("first"))

    assert status == 0, printed
    ended = ["export", "ngrams", "predicting"]
    assert commands.names() == ["train", *ended, "sampling", "judging", "preference", *ended]
    assert "| first | - | 0.500 | 1.5 |" in printed
    assert "| first-preferred | - | 0.500 | 1.5 |" in printed


def test_what_is_there_is_not_made_again(tmp_path: Path, commands: Commands) -> None:
    """After a stop the same command goes on where it was."""
    commands.broken = "predicting"
    attempt(tmp_path, *of("first"))
    commands.broken = ""
    commands.calls.clear()

    attempt(tmp_path, *of("first"))

    assert commands.names() == ["predicting"]


def test_a_recipe_that_fails_does_not_stop_the_others(tmp_path: Path, commands: Commands) -> None:
    """Nobody is there to ask: the next one is tried, and the end says which is not finished."""
    commands.broken = "train"

    status, printed = attempt(tmp_path, *of("first", "longer"))

    assert status == 1
    assert commands.names() == ["train", "train"]
    assert "not finished: first, longer" in printed


def test_a_recipe_is_cut_to_the_time_there_is(tmp_path: Path, commands: Commands) -> None:
    """A probe says how long a step takes; what fits is trained, with the rest of the schedule."""
    progress = tmp_path / "tried" / "first" / "probe" / "progress.jsonl"
    progress.parent.mkdir(parents=True)
    progress.write_text("".join(json.dumps(line) + "\n" for line in PROGRESS))
    commands.broken = "export"
    probed: list[Path] = []

    def probe(arguments: Sequence[str]) -> None:
        if "--minutes" in arguments:
            probed.append(Path(arguments[2]))
        else:
            commands(arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trying, "_run", probe)
        attempt(tmp_path, "--minutes", "2", *of("first"))

    # 0.3 s a step, so that two minutes are 400 steps, of which four fifths are counted on.
    assert commands.calls[0][-2:] == ["--share", "0.32"]
    assert probed == [progress.parent]
    assert not progress.parent.exists()


def test_the_best_stands_first() -> None:
    """The table is ordered by the development set; what is not known is a dash."""
    lines = trying.table([Row("a", None, 1, None), Row("b", 0.5, 1, 0.3), Row("c", 0.5, 1, 0.4)])

    assert [line[2] for line in lines.splitlines()[2:]] == ["c", "b", "a"]
    assert lines.splitlines()[-1] == "| a | - | - | 1.0 |"


def test_without_names_every_recipe_of_a_base_is_tried() -> None:
    """The smoke test's random model and the preference step are no trials."""
    names = {path.stem for path in trying.trials()}

    assert {"first", "smoothing", "average", "curriculum", "longer", "faster"} <= names
    assert not names & {"smoke", "preference"}
