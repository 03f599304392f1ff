"""Eidos under a real user manager: installed, started, killed, hung, stopped."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from usermanager_fixture import EIDOSCTL, Manager, until

from eidosctl import service
from eidosctl.place import Place

pytestmark = [pytest.mark.systemd, pytest.mark.model]
UNIT = "eidosd.service"
REQUEST = "find all files larger than 100 MB under /var/log"
COMMAND = "find /var/log -type f -size +100M\n"


def status(manager: Manager) -> dict[str, Any] | None:
    """Return what the daemon says of itself, or None while there is none."""
    result = manager.run(EIDOSCTL, "status", "--json", check=False)
    return json.loads(result.stdout) if result.returncode == 0 else None


def wait_until_active(manager: Manager) -> None:
    """Return when systemd takes the unit for started; the daemon tells it a moment after us."""
    state = "--property=ActiveState"
    until(
        lambda: manager.systemctl("show", "--value", state, UNIT) == "active",
        10,
        lambda: manager.journal(UNIT),
    )


def main_pid(manager: Manager) -> int:
    """Return the process that systemd takes for the daemon, 0 for none."""
    return int(manager.systemctl("show", "--value", "--property=MainPID", UNIT))


def has_given_up(manager: Manager) -> bool:
    """Tell whether systemd will not start the unit again by itself."""
    return manager.systemctl("show", "--value", "--property=ActiveState", UNIT) == "failed"


def test_daemon_is_enabled_sandboxed_and_answers(installed: Manager) -> None:
    """After `install` the unit is active and enabled, with the drop-in, and gives commands."""
    wait_until_active(installed)
    assert installed.systemctl("is-enabled", UNIT) == "enabled"
    drop_ins = installed.systemctl("show", "--value", "--property=DropInPaths", UNIT)
    assert drop_ins.endswith("50-sandbox.conf")
    assert installed.run(EIDOSCTL, "suggest", REQUEST).stdout == COMMAND


def test_daemon_and_engine_have_no_capabilities(installed: Manager) -> None:
    """The real processes, not only the probe, run without capabilities and with seccomp."""
    body = status(installed)
    assert body is not None

    for pid in (body["pid"], body["engines"][0]["pid"]):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        fields = dict(line.split(":\t", 1) for line in lines)
        assert int(fields["CapBnd"], 16) == 0
        assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")


def test_status_line_is_shown_by_systemctl(installed: Manager) -> None:
    """`systemctl status` says what is served, for STATUS= gets through the sandbox."""
    wait_until_active(installed)
    assert "serving" in installed.systemctl("show", "--value", "--property=StatusText", UNIT)


def test_start_goes_through_systemd(installed: Manager) -> None:
    """After a stop `eidosctl start` starts the unit, not a daemon beside it."""
    installed.run(EIDOSCTL, "stop")
    assert installed.systemctl("show", "--value", "--property=ActiveState", UNIT) == "inactive"

    output = installed.run(EIDOSCTL, "start").stdout

    assert output == f"eidosd started, pid {main_pid(installed)}, by systemd\n"


def test_suggest_starts_the_unit(installed: Manager) -> None:
    """A suggestion with the unit stopped starts the unit, and is answered."""
    installed.systemctl("stop", UNIT)

    assert installed.run(EIDOSCTL, "suggest", REQUEST).stdout == COMMAND

    body = status(installed)
    assert body is not None
    assert body["pid"] == main_pid(installed)


def test_killed_daemon_comes_back(installed: Manager) -> None:
    """After kill -9 systemd starts another one, which answers on the same socket."""
    before = main_pid(installed)

    os.kill(before, signal.SIGKILL)

    until(
        lambda: (status(installed) or {"pid": before})["pid"] != before,
        20,
        lambda: installed.journal(UNIT),
    )
    assert installed.run(EIDOSCTL, "suggest", REQUEST).stdout == COMMAND


def test_daemon_that_dies_again_and_again_waits_for_the_next_key(installed: Manager) -> None:
    """Five deaths in a minute end the restarts, so nothing spins; the next request starts anew."""
    installed.run(EIDOSCTL, "restart")
    killed = 0
    while not has_given_up(installed):
        pid = main_pid(installed)
        if pid:
            os.kill(pid, signal.SIGKILL)
            killed += 1
        until(
            lambda pid=pid: main_pid(installed) not in {0, pid} or has_given_up(installed), 20, str
        )

    assert killed == 5
    assert "Start request repeated too quickly" in installed.journal(UNIT)
    assert installed.run(EIDOSCTL, "suggest", REQUEST).stdout == COMMAND
    wait_until_active(installed)


def test_one_death_a_minute_never_ends_it(installed: Manager) -> None:
    """The limit forgets: restarts are counted within a minute, not over months."""
    limits = installed.systemctl(
        "show", "--property=StartLimitIntervalUSec,StartLimitBurst,Restart,RestartUSec", UNIT
    ).splitlines()

    assert sorted(limits) == [
        "Restart=on-failure",
        "RestartUSec=1s",
        "StartLimitBurst=5",
        "StartLimitIntervalUSec=1min",
    ]


def test_hung_daemon_is_ended_by_the_watchdog(installed: Manager) -> None:
    """A daemon that stops feeding the watchdog is killed and replaced."""
    drop_in = installed.home / ".config/systemd/user" / f"{UNIT}.d" / "90-test.conf"
    drop_in.write_text("[Service]\nWatchdogSec=4\n")
    installed.systemctl("daemon-reload")
    installed.run(EIDOSCTL, "restart")
    before = main_pid(installed)

    os.kill(before, signal.SIGSTOP)

    until(
        lambda: main_pid(installed) not in {0, before} and status(installed) is not None,
        40,
        lambda: installed.journal(UNIT),
    )
    drop_in.unlink()
    installed.systemctl("daemon-reload")


def test_daemon_is_restarted_after_any_number_of_failures(installed: Manager) -> None:
    """When systemd has given up on a unit that failed too often, `start` starts it again."""
    config = installed.home / ".config" / "eidos" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    config.write_text("threads = 0\n")
    installed.systemctl("stop", UNIT)
    for _ in range(6):
        failed = installed.run(EIDOSCTL, "start", check=False)
        assert failed.returncode == 78
        assert "threads = 0 is not allowed" in failed.stderr
        assert len(failed.stderr.splitlines()) == 1
    config.unlink()
    config.parent.rmdir()

    installed.run(EIDOSCTL, "start")

    wait_until_active(installed)


def test_journal_has_the_daemon_and_not_the_request(installed: Manager) -> None:
    """What the daemon does is in the journal with priorities; what people type is not."""
    installed.run(EIDOSCTL, "suggest", "list the xylophone files")
    installed.run(EIDOSCTL, "suggest", REQUEST)

    entries = [json.loads(line) for line in installed.journal(UNIT, "--output=json").splitlines()]
    ours = [entry for entry in entries if entry.get("SYSLOG_IDENTIFIER") == "eidosd"]

    listening = [entry for entry in ours if "listening on" in entry["MESSAGE"]]
    assert {entry["PRIORITY"] for entry in listening} == {"6"}
    text = "\n".join(str(entry["MESSAGE"]) for entry in entries)
    assert "<6>" not in text
    for private in ("xylophone", "100 MB", "find /var/log", "100M"):
        assert private not in text


@pytest.fixture
def config(installed: Manager) -> Iterator[Path]:
    """The configuration file, which is not there before, and the daemon without it after."""
    path = installed.home / ".config" / "eidos" / "config.toml"
    path.parent.mkdir(exist_ok=True)
    yield path
    shutil.rmtree(path.parent)
    installed.run(EIDOSCTL, "restart")


def test_reload_takes_a_configuration_over(installed: Manager, config: Path) -> None:
    """`systemctl --user reload` ends well when the new settings count; the daemon is the same."""
    wait_until_active(installed)
    before = main_pid(installed)
    config.write_text("cache_size = 0\n")

    installed.systemctl("reload", UNIT)

    assert main_pid(installed) == before
    assert "cache_size" in installed.run(EIDOSCTL, "logs").stdout
    assert installed.run(EIDOSCTL, "suggest", REQUEST).stdout == COMMAND


def test_reload_says_that_a_configuration_was_refused(installed: Manager, config: Path) -> None:
    """It fails where the file is wrong, with the reason in the journal; the old settings count."""
    wait_until_active(installed)
    before = main_pid(installed)
    config.write_text("threads = 0\n")

    reload = installed.run("systemctl", "--user", "reload", UNIT, check=False)

    assert reload.returncode != 0
    assert "threads = 0 is not allowed" in installed.journal(UNIT)
    assert installed.systemctl("show", "--value", "--property=ActiveState", UNIT) == "active"
    assert main_pid(installed) == before
    assert installed.run(EIDOSCTL, "suggest", REQUEST).stdout == COMMAND


def test_logs_are_those_of_the_journal(installed: Manager) -> None:
    """`eidosctl logs` shows the journal of the unit."""
    assert "listening on" in installed.run(EIDOSCTL, "logs").stdout


def test_doctor_finds_the_unit_well(installed: Manager) -> None:
    """The doctor sees the unit, enabled and sandboxed, and everything else well."""
    wait_until_active(installed)

    result = installed.run(EIDOSCTL, "doctor", check=False)

    assert "FAIL" not in result.stdout, result.stdout
    assert result.returncode == 0
    assert "eidosd.service active, enabled, sandboxed" in result.stdout


def test_doctor_names_a_setting_that_systemd_does_not_see(installed: Manager) -> None:
    """A variable of this shell does not reach a daemon that systemd starts; the doctor says so."""
    environ = {**installed.environ, "EIDOS_THREADS": "1"}

    result = subprocess.run(
        [EIDOSCTL, "doctor"], env=environ, capture_output=True, text=True, check=False
    )

    assert result.returncode == 1
    assert "EIDOS_THREADS set here does not reach the daemon" in result.stdout


def test_installing_again_keeps_what_is_there(installed: Manager) -> None:
    """`install` may be run at any time: files stay, and the daemon is the one of this version."""
    output = installed.run(EIDOSCTL, "install", "--allow-root", "--shell", "bash").stdout

    assert output.count("kept") == 6  # two of them are of eidos-remote
    wait_until_active(installed)


@pytest.fixture
def patient(installed: Manager) -> Iterator[Manager]:
    """The same home, its daemon set to wait for requests however slow this machine is."""
    config = installed.home / ".config" / "eidos" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    config.write_text("drain_timeout_s = 60\ndeadline_s = 60\n")
    installed.run(EIDOSCTL, "restart")
    yield installed
    shutil.rmtree(config.parent)


def test_stop_drains_and_removes_the_socket(patient: Manager) -> None:
    """A request under way when the unit stops is still answered; then the socket is gone."""
    place = Place.find(patient.environ)
    command = [EIDOSCTL, "suggest", "-n", "8", REQUEST]
    with subprocess.Popen(command, env=patient.environ, stdout=-1, text=True) as request:
        until(
            lambda: service.status(place)["engines"][0]["state"] == "busy" or request.poll() == 0,
            20,
            lambda: patient.journal(UNIT),
        )
        assert request.poll() is None, "the request was over before the daemon could be stopped"

        patient.systemctl("stop", UNIT)
        output, _ = request.communicate(timeout=30)

    assert output.startswith(COMMAND)
    assert not (patient.runtime / "eidos" / "eidosd.sock").exists()
