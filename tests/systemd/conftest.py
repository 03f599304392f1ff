"""Fixtures: a user manager of root's, one of a user without rights, and what is skipped where."""

import os
import pwd
from collections.abc import Iterator

import pytest
from usermanager_fixture import EIDOSCTL, Manager, exclusive, system, unavailable, user_manager


def _give_up(reason: str) -> None:
    if "CI" in os.environ:
        pytest.fail(f"in CI nothing is skipped: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def booted() -> Iterator[None]:
    """Make this machine as if systemd had booted it; skip where that cannot be, but fail in CI."""
    if os.geteuid() != 0:
        _give_up("only root can start a user manager without a login")
    with exclusive():
        if reason := unavailable():
            _give_up(reason)
        with system():
            yield


@pytest.fixture(scope="module")
def manager(booted: None) -> Iterator[Manager]:  # noqa: ARG001 - it must run first
    """The user manager of root, who alone can read this checkout everywhere."""
    with user_manager(0) as running:
        yield running


@pytest.fixture(scope="module")
def poor_manager(booted: None) -> Iterator[Manager]:  # noqa: ARG001 - it must run first
    """The user manager of a user without any rights, as people's are."""
    with user_manager(pwd.getpwnam("games").pw_uid) as running:
        yield running


@pytest.fixture(scope="module")
def confined_manager(booted: None) -> Iterator[Manager]:  # noqa: ARG001 - it must run first
    """The user manager of a user on a system that forbids user namespaces, as Ubuntu does."""
    with user_manager(pwd.getpwnam("news").pw_uid, namespaces=False) as running:
        yield running


@pytest.fixture(scope="module")
def installed(manager: Manager) -> Iterator[Manager]:
    """A home into which `eidosctl install` has put Eidos, with its daemon running."""
    manager.run(EIDOSCTL, "install", "--allow-root", "--shell", "bash")
    yield manager
    manager.run(EIDOSCTL, "uninstall")
