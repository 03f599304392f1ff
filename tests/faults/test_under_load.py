"""Each fault of the table, done to a real daemon while clients ask: no request is ever lost."""

import os

import pytest

from faults.scene import Fault, undergo
from faults.table import FAULTS

pytestmark = pytest.mark.model


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.inject.__name__ for fault in FAULTS])
def test_each_request_gets_an_answer_or_an_error(fault: Fault) -> None:
    """Nobody waits in vain, nothing but our own errors is seen, and later answers are right."""
    if fault.needs_root and os.geteuid():
        pytest.skip("only root can mount a small disk")

    tally, daemon = undergo(fault, lasting_s=1.5, repeats=1, calm=2, is_quick=True)

    assert tally.lost == (), daemon
    assert tally.answered > 0
    assert tally.back_s is not None
