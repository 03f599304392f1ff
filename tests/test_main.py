"""What starting the daemon costs before its engine is started."""

import subprocess
import sys

import pytest

LATER = ("eidos.pipeline", "eidos.validator.rules", "prometheus_client", "opentelemetry", "sqlite3")
"""0.2 s for the rules, 45 ms, 0.3 s, 5 ms: each is imported beside the engine, or when asked."""


@pytest.mark.parametrize("module", LATER)
def test_what_takes_its_time_is_not_imported_before_the_engine_starts(module: str) -> None:
    """The first answer waits for the model alone."""
    program = f"import sys, eidos.main; sys.exit({module!r} in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
