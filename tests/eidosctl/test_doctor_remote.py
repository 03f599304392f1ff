"""`eidosctl doctor` with a remote engine: the endpoint, its key, and what forbids the network."""

from pathlib import Path

import pytest

from eidos.resources import systemd_dir
from eidosctl import doctor_remote
from eidosctl.doctor import Check
from eidosctl.place import Place

URL = {"EIDOS_REMOTE_URL": "https://llm.example.org/v1"}


class Manager:
    """A user's systemd in which the unit has these rules."""

    def __init__(self, families: str, private_network: str) -> None:
        self._rules = {"RestrictAddressFamilies": families, "PrivateNetwork": private_network}

    def properties(self, _unit: str, *names: str) -> dict[str, str]:
        """Return the rules."""
        return {name: self._rules[name] for name in names}


def found(monkeypatch: pytest.MonkeyPatch, manager: Manager | None, **environ: str) -> list[Check]:
    """Return what the doctor finds with *environ*."""
    monkeypatch.setattr("eidosctl.service.manager_of_unit", lambda _: manager)
    return list(doctor_remote.checks(Place.find(environ)))


def test_without_a_server_there_is_nothing_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has no remote engine reads nothing of it."""
    assert found(monkeypatch, Manager("AF_UNIX", "yes")) == []


def test_the_endpoint_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address, where texts go, and whether there is a key, which is not shown."""
    checks = found(monkeypatch, None, **URL, EIDOS_REMOTE_KEY="sk-secret")

    assert all(check.ok for check in checks)
    text = " ".join(check.detail for check in checks)
    assert "https://llm.example.org; text that you send leaves this machine" in text
    assert "a key is sent along" in text
    assert "sk-secret" not in text


def test_a_key_that_is_open_to_others_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The doctor finds what would stop the daemon."""
    key = tmp_path / "key"
    key.write_text("sk-secret")
    key.chmod(0o644)

    *_, last = found(monkeypatch, None, **URL, EIDOS_REMOTE_KEY_FILE=str(key))

    assert not last.ok
    assert f"chmod 600 {key}" in last.detail


@pytest.mark.parametrize(
    ("families", "private_network", "well"),
    [
        ("AF_UNIX", "no", False),
        ("AF_UNIX AF_INET AF_INET6", "yes", False),
        ("AF_UNIX AF_INET AF_INET6", "no", True),
    ],
    ids=["unit", "sandbox", "lifted"],
)
def test_a_unit_without_network_is_named(
    monkeypatch: pytest.MonkeyPatch, families: str, private_network: str, well: bool
) -> None:
    """Under systemd the network is forbidden until the drop-in is copied; the command is named."""
    *_, last = found(monkeypatch, Manager(families, private_network), **URL)

    assert last.ok is well
    if not well:
        assert f"cp {systemd_dir() / 'remote-engine.conf'}" in last.mend
        assert "eidosd.service.d/60-remote-engine.conf" in last.mend


def test_a_key_file_that_the_sandbox_hides_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of a home the unit sees the folders of Eidos alone; a link out of them leads nowhere."""
    monkeypatch.setattr("eidosctl.unit._HOMES", (str(tmp_path),))
    monkeypatch.setattr("eidosctl.unit._PRIVATE", ())
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    outside, inside = tmp_path / "key", tmp_path / "config" / "eidos" / "key"
    inside.parent.mkdir(parents=True)
    for path in (outside, inside):
        path.write_text("sk-secret")
        path.chmod(0o600)
    link = inside.with_name("link")
    link.symlink_to(outside)

    def key_checks(path: Path) -> list[Check]:
        place = Place.find({"EIDOS_CHAT_KEY_FILE": str(path)})
        place.remote_sandbox.parent.mkdir(parents=True, exist_ok=True)
        place.remote_sandbox.touch()
        return list(doctor_remote.key_checks(place))

    assert key_checks(inside) == []
    for path in (outside, link):
        (check,) = key_checks(path)
        assert "hidden from eidos-remote.service" in check.detail
        assert str(inside.parent) in check.mend
    inside.chmod(0o644)
    (check,) = key_checks(inside)
    assert "chmod 600" in check.detail
