"""What the journal of a real user manager holds of the daemon under its unit and its sandbox."""

import json
import os
import signal

import pytest
from usermanager_fixture import EIDOSCTL, Manager, until

pytestmark = [pytest.mark.systemd, pytest.mark.model]
UNIT = "eidosd.service"
REQUEST = "find all files larger than 100 MB under /var/log"
COMMAND = "find /var/log -type f -size +100M\n"


@pytest.fixture(scope="module")
def installed(installed: Manager) -> Manager:
    """A home into which Eidos is installed, with a daemon that has answered once."""
    assert installed.run(EIDOSCTL, "suggest", REQUEST).stdout == COMMAND
    return installed


def entries(manager: Manager) -> list[dict[str, str]]:
    """Return what the daemon and its engine logged, with all fields."""
    lines = manager.journal(UNIT, "--output=json").splitlines()
    rows = [json.loads(line) for line in lines]
    return [row for row in rows if row.get("_SYSTEMD_USER_UNIT") == UNIT]


def test_a_request_can_be_searched_for(installed: Manager) -> None:
    """Its id, outcome, duration and phases are fields, through the sandbox."""
    (row,) = [row for row in entries(installed) if row.get("EIDOS_COMMAND") == "suggest"]

    assert row["EIDOS_OUTCOME"] == "ok"
    assert row["SYSLOG_IDENTIFIER"] == "eidosd"
    assert row["PRIORITY"] == "6"
    assert row["CODE_FILE"].endswith("request_log.py")
    assert f"request={row['EIDOS_REQUEST_ID']} " in row["MESSAGE"]
    assert float(row["EIDOS_PHASE_GENERATE_MS"]) < float(row["EIDOS_DURATION_MS"])
    found = installed.journal(UNIT, f"EIDOS_REQUEST_ID={row['EIDOS_REQUEST_ID']}", "--output=cat")
    assert row["MESSAGE"] in found


def test_no_field_holds_what_was_typed(installed: Manager) -> None:
    """Neither the request nor the command is in any field of any entry."""
    text = json.dumps(entries(installed))

    assert "larger than" not in text
    assert "/var/log" not in text
    assert "+100M" not in text


def test_a_warning_has_its_priority(installed: Manager) -> None:
    """An engine that was killed is a warning of the daemon's, for `journalctl -p warning`."""
    body = json.loads(installed.run(EIDOSCTL, "status", "--json").stdout)
    os.kill(body["engines"][0]["pid"], signal.SIGKILL)

    rows = until(
        lambda: [row for row in entries(installed) if row["PRIORITY"] == "4"],
        20,
        lambda: installed.journal(UNIT),
    )
    assert "the engine failed" in rows[0]["MESSAGE"]


def test_the_level_can_be_changed_under_systemd(installed: Manager) -> None:
    """After `eidosctl log-level debug` the journal gets what was too little before."""
    assert not [row for row in entries(installed) if row["PRIORITY"] == "7"]

    installed.run(EIDOSCTL, "log-level", "debug")
    installed.run(EIDOSCTL, "status")

    rows = [row for row in entries(installed) if row["PRIORITY"] == "7"]
    assert "status" in {row.get("EIDOS_COMMAND") for row in rows}


def test_json_is_in_the_journal_too(installed: Manager) -> None:
    """With log_format = "json" the message is one object, and its priority is still known."""
    file = installed.home / ".config" / "eidos" / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('log_format = "json"\n')
    installed.run(EIDOSCTL, "restart")
    installed.run(EIDOSCTL, "suggest", REQUEST)
    file.unlink()
    installed.run(EIDOSCTL, "restart")

    messages = [row["MESSAGE"] for row in entries(installed) if row["PRIORITY"] == "6"]
    rows = [json.loads(message) for message in messages if message.startswith("{")]
    assert [row["outcome"] for row in rows if row.get("command") == "suggest"] == ["ok"]
