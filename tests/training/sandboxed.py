"""A pytest plugin of the tests that run commands: they need the sandbox."""

import pytest

from training import sandbox, trees


@pytest.fixture(scope="session")
def sandboxed() -> None:
    """Skip where this machine allows no sandbox; nothing is ever run without one."""
    try:
        sandbox.run("true", trees.load("server-logs"))
    except sandbox.SandboxError as fault:
        pytest.skip(str(fault))
