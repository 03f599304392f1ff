"""The plugin that says which tests are skipped."""

import subprocess
import sys
from pathlib import Path

import pytest
import skips

SKIP = "import pytest\n\ndef test_it():\n    pytest.skip({!r})\n"
RUN = "import subprocess\n\ndef test_it():\n    subprocess.run([{!r}])\n"


@pytest.mark.parametrize(
    ("ci", "test", "outcome"),
    [
        ("true", SKIP.format("not here"), "1 failed"),
        ("", SKIP.format("not here"), "1 skipped"),
        ("", RUN.format("zsh"), "1 skipped"),
        ("true", RUN.format("zsh"), "1 failed"),
        ("", RUN.format("eidosctl"), "1 failed"),
    ],
    ids=["ci", "at-home", "missing-shell", "missing-shell-in-ci", "missing-ours"],
)
def test_skips(tmp_path: Path, ci: str, test: str, outcome: str) -> None:
    """A missing program skips its tests at home; in CI every skip is a failure."""
    tmp_path.joinpath("test_it.py").write_text(test)

    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "skips", "-p", "no:cacheprovider", "test_it.py"],
        cwd=tmp_path,
        env={"CI": ci, "PATH": str(tmp_path), "PYTHONPATH": str(Path(skips.__file__).parent)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome in result.stdout.splitlines()[-1], result.stdout
