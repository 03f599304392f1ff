"""In CI nothing is skipped: a skip is a failure there, unless its reason stands in the table.

A pytest plugin that tests/conftest.py loads; without $CI it does nothing.
"""

import os
from collections.abc import Generator
from typing import Final, TypeVar

import pytest

ALLOWED: Final = {
    "fish has no search that Ctrl-G leaves": "fish searches in its pager, which has no Ctrl-G",
}
"""The beginnings of the reasons that are no fault of the machine, and why there is no test."""

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the report of a skipped test into a failure."""
    return _strict((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the report of a skipped module into a failure."""
    return _strict((yield))


def _strict(report: Report) -> Report:
    if os.environ.get("CI") and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not reason.removeprefix("Skipped: ").startswith(tuple(ALLOWED)):
            report.outcome = "failed"
            report.longrepr = f"in CI nothing is skipped; tests/no_skips.py: {reason}"
    return report
