"""The journal as a witness of the audit log: what eidosctl's user cannot rewrite."""

import json
import shutil
import subprocess

import pytest
from usermanager_fixture import EIDOSCTL, Manager, until

pytestmark = pytest.mark.systemd


def verified(manager: Manager) -> str:
    """Return what `eidosctl audit verify` prints, once the journal has all that it was sent."""
    subprocess.run(["journalctl", "--sync"], check=True, timeout=30)
    return manager.run(EIDOSCTL, "audit", "verify", check=False).stdout


def test_records_are_in_the_journal(manager: Manager) -> None:
    """Each with its number and its hash; `verify` compares them."""
    for threads in ("1", "2"):
        manager.run(EIDOSCTL, "config", "set", "--no-reload", "threads", threads)

    until(lambda: "the journal knows" in verified(manager), 20, lambda: verified(manager))

    assert "ok    the journal knows the same, up to record 2" in verified(manager)


def test_a_log_that_was_begun_anew_does_not_deceive_the_journal(manager: Manager) -> None:
    """Where log and head are both replaced by others that fit, the journal tells."""
    manager.run(EIDOSCTL, "config", "set", "--no-reload", "threads", "3")
    for name in (".local/state/eidos/state.sqlite3", ".local/share/eidos/audit-head.json"):
        (manager.home / name).unlink()
    assert "is gone; the journal knows of" in verified(manager)

    manager.run(EIDOSCTL, "config", "set", "--no-reload", "threads", "4")

    printed = verified(manager)
    assert "FAIL  the end is cut off: the journal knows of record" in printed or (
        "FAIL  the journal knows another record" in printed
    )


@pytest.mark.model
def test_a_daemon_in_its_sandbox_puts_itself_on_record(manager: Manager) -> None:
    """State, head and journal can all be written from there, and what it counts at its end."""
    for name in (".local/state/eidos", ".local/share/eidos"):
        shutil.rmtree(manager.home / name, ignore_errors=True)
    manager.run(EIDOSCTL, "install", "--allow-root", "--shell", "bash")
    try:
        shown = until(
            lambda: (text := manager.run(EIDOSCTL, "audit", "show").stdout).count("start") and text,
            20,
            lambda: manager.journal("eidosd.service"),
        )
        seq = shown.partition("start")[0].splitlines()[-1].split()[0]
        kept = manager.run(EIDOSCTL, "audit", "show", "--json").stdout
        digest = json.loads(kept.splitlines()[int(seq) - 1])["hash"]
        until(
            lambda: digest in manager.journal("eidosd.service"),
            20,
            lambda: manager.journal("eidosd.service"),
        )
        manager.run(EIDOSCTL, "stop")
        assert '"starts": 1' in manager.run(EIDOSCTL, "history", "--json").stdout
    finally:
        manager.run(EIDOSCTL, "uninstall")
