"""How good a model is: whatever is measured, nothing runs outside of the sandbox."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from training import benching, sandbox, scoring, tasks, walls
from training.answers import Answer
from training.tasks import Task

pytest_plugins = ["sandboxed"]
LS = Task(id="x", request="x", command="ls bin", utility="ls", difficulty=1, tree="messy-home")
DEVELOPMENT = tasks.load()


def bench(*options: str) -> Result:
    """Run the command with *options*."""
    return CliRunner().invoke(benching.main, list(options))


@pytest.mark.model
@pytest.mark.usefixtures("sandboxed")
@pytest.mark.parametrize(("options", "asked"), [(["--greedy"], "greedy"), ([], "pipeline")])
def test_the_embedded_model_is_measured(options: list[str], asked: str, tmp_path: Path) -> None:
    """Figures for people on standard output, and all of it as JSON."""
    out = tmp_path / "out.json"

    result = bench("--limit", "3", "--json", str(out), *options)

    found = json.loads(out.read_bytes())
    assert result.exit_code == 0, result.output
    assert "3 of 832 tasks".replace("832", str(len(DEVELOPMENT))) in result.stdout
    assert (found["asked"], found["of"], len(found["answers"])) == (asked, len(DEVELOPMENT), 3)
    assert found["rows"][0] == {
        "group": "all",
        "name": "all",
        "tasks": 3,
        "right": sum(answer["right"] for answer in found["answers"]),
    }
    assert found["engine_rss_bytes"] > 50 * 2**20
    assert {"id", "request", "command", "right", "why", "elapsed_ms"} <= set(found["answers"][0])


def test_a_sample_is_the_same_each_time() -> None:
    """Two models are asked the same tasks, in the order in which they stand."""
    chosen = benching.sample(DEVELOPMENT, 5)

    assert len(chosen) == 5
    assert chosen == benching.sample(DEVELOPMENT, 5)
    assert list(chosen) == [task for task in DEVELOPMENT if task in chosen]
    assert benching.sample(DEVELOPMENT, None) == DEVELOPMENT


def test_a_missing_clock_is_told_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without libfaketime half of the answers with dates would be judged wrongly."""
    monkeypatch.setattr(walls, "FAKETIME", None)

    with pytest.raises(sandbox.SandboxError, match="apt-get install faketime"):
        benching.require_sandbox([LS])


@pytest.mark.parametrize(
    ("shell", "package"), [("bash", "apt-get install"), ("fish", "apt-get install fish")]
)
def test_a_missing_program_is_told_before_anything_is_asked(
    shell: str, package: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No bubblewrap, or no shell: the message says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(walls, "FAKETIME", tmp_path)
    walls.walls.cache_clear()
    asked = Task(
        id="x", request="x", command="ls", utility="ls", difficulty=1, tree=LS.tree, shell=shell
    )  # pyright: ignore[reportArgumentType]

    with pytest.raises(sandbox.SandboxError, match=package):
        benching.require_sandbox([asked])


def test_tasks_judged_by_their_text_need_no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing would be run for them."""
    monkeypatch.setattr(walls, "FAKETIME", None)

    benching.require_sandbox([task for task in DEVELOPMENT if task.check == "text"])


@pytest.mark.usefixtures("sandboxed")
@pytest.mark.parametrize(
    ("command", "is_judged"),
    [("ls bin", True), ("no-such-program | sort", False), ("no-such-program", False)],
)
def test_a_task_whose_program_is_not_installed_is_left_out(command: str, is_judged: bool) -> None:
    """Where the reference itself cannot run, an answer that fails would count as right."""
    task = Task(id="x", request="x", command=command, utility="ls", difficulty=1, tree=LS.tree)

    ((_, found),) = benching.judge([(task, Answer("ls bin"))], jobs=1)

    assert found is is_judged


@pytest.mark.usefixtures("sandboxed")
def test_answers_are_judged_in_their_order() -> None:
    """Several processes change nothing about it."""
    pairs = [(LS, Answer("ls -1 bin")), (LS, Answer("ls old")), (LS, Answer(""))]

    found = benching.judge(pairs, jobs=2)

    assert [score.right for score, _ in found] == [True, False, False]
    assert found[2][0] == scoring.Score(right=False, why="no command")


def test_a_model_that_is_not_there_ends_with_78() -> None:
    """One line says what to name."""
    result = bench("--model", "/no/such/model")

    assert (result.exit_code, len(result.stderr.splitlines())) == (78, 1)
    assert "/no/such/model" in result.stderr


def test_a_file_of_tasks_that_cannot_be_read_ends_with_1(tmp_path: Path) -> None:
    """One line names the file and the fault."""
    path = tmp_path / "bad.toml"
    path.write_text("[[task]]\nid = 'a'\n")

    result = bench("--tasks", str(path))

    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert "bad.toml" in result.stderr


@pytest.mark.model
def test_a_model_of_another_kind_ends_with_78(tmp_path: Path) -> None:
    """A file that is no decoder is told by the engine itself, in one line."""
    (tmp_path / "model.onnx").write_text("no model")
    embedded = Path(benching.model_files.locate("", "").tokenizer.parent)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).symlink_to(embedded / name)

    result = bench("--model", str(tmp_path), "--limit", "1")

    assert result.exit_code == 78
    assert "cannot load the model" in result.stderr


def test_it_needs_nothing_but_what_eidos_needs() -> None:
    """A user has neither PyYAML nor torch, nor what the tests are run with."""
    program = (
        "import sys; sys.modules.update(dict.fromkeys(sys.argv[1:])); import training.benching"
    )
    others = ["yaml", "torch", "transformers", "onnx", "pytest", "hypothesis", "tree_sitter"]

    subprocess.run([sys.executable, "-c", program, *others], check=True)
