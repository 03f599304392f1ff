"""Which tests are skipped: those that miss a program, on a developer's machine; in CI none.

A pytest plugin that tests/conftest.py loads.
"""

import os
import shutil
from collections.abc import Generator
from typing import Final, TypeVar

import pytest

PACKAGES: Final = {
    "zsh": "zsh",
    "bash": "bash",
    "fish": "fish",
    "strace": "strace",
    "faketime": "faketime",
    "ps": "procps",
    "systemd-analyze": "systemd",
    "promtool": "prometheus",
    "prometheus": "prometheus",
}
"""Programs that a test may find missing, and the package of Debian and Ubuntu that has each."""

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def need(program: str) -> None:
    """Skip the running test if *program* is not installed."""
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed; run: apt-get install {PACKAGES[program]}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    """Skip the test that tried to run a program of the table in vain."""
    try:
        return (yield)
    except FileNotFoundError as exc:
        if str(exc.filename) in PACKAGES:
            need(str(exc.filename))
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the report of a skipped test into a failure, in CI."""
    return _strict((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the report of a skipped module into a failure, in CI."""
    return _strict((yield))


def _strict(report: Report) -> Report:
    if os.environ.get("CI") and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"in CI nothing is skipped, see tests/skips.py: {reason}"
    return report
