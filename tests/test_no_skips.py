"""The plugin by which CI skips nothing."""

import os
import subprocess
import sys
from pathlib import Path

import no_skips
import pytest

SKIPPED = """
import pytest

def test_skipped():
    pytest.skip({reason!r})
"""


@pytest.mark.parametrize(
    ("ci", "reason", "outcome"),
    [
        ("true", "zsh is not installed", "1 failed"),
        ("true", next(iter(no_skips.ALLOWED)), "1 skipped"),
        ("", "zsh is not installed", "1 skipped"),
    ],
    ids=["ci", "allowed-in-ci", "at-home"],
)
def test_a_skip_fails_in_ci_alone(tmp_path: Path, ci: str, reason: str, outcome: str) -> None:
    """A skip is a failure where CI is set, unless its reason is in the table."""
    tmp_path.joinpath("test_it.py").write_text(SKIPPED.format(reason=reason))

    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no_skips", "-p", "no:cacheprovider", "test_it.py"],
        cwd=tmp_path,
        env={**os.environ, "CI": ci, "PYTHONPATH": str(Path(no_skips.__file__).parent)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome in result.stdout.splitlines()[-1], result.stdout
