"""`eidosctl uninstall` under a real user manager: as if Eidos had never been there."""

from pathlib import Path

import pytest
from usermanager_fixture import EIDOSCTL, Manager

pytestmark = [pytest.mark.systemd, pytest.mark.model]


def contents(folder: Path) -> dict[str, tuple[int, bytes | str]]:
    """Return every file and link below *folder*, with its mode and what it holds."""
    found: dict[str, tuple[int, bytes | str]] = {}
    for path in folder.rglob("*"):
        if path.is_symlink():
            found[str(path)] = (0, str(path.readlink()))
        elif path.is_file():
            found[str(path)] = (path.stat().st_mode, path.read_bytes())
    return found


def test_nothing_is_left_behind(manager: Manager) -> None:
    """Startup files are what they were; unit, links, completions, log are gone.

    The audit log outlives what it tells of, and `uninstall` says where it is.
    """
    home = manager.home
    (home / "dotfiles").mkdir()
    (home / "dotfiles" / "zshrc").write_bytes(b"export A=\xff\xfe\n# no newline at the end")
    (home / ".zshrc").symlink_to("dotfiles/zshrc")
    (home / ".bashrc").write_text("echo hello\n")
    (home / ".bashrc").chmod(0o600)
    (home / ".config" / "fish").mkdir(parents=True)
    (home / ".config" / "fish" / "config.fish").write_text("")
    before = contents(home)

    shells = [word for name in ("zsh", "bash", "fish") for word in ("--shell", name)]
    manager.run(EIDOSCTL, "install", "--allow-root", *shells)
    during = contents(home)
    printed = manager.run(EIDOSCTL, "uninstall").stdout

    assert during != before
    after = contents(home)
    on_record = ("state/eidos/state.sqlite3", "share/eidos/audit-head.json")
    for path in [path for path in after if path.endswith(on_record)]:
        assert f"kept: {path}" in printed
        del after[path]
    assert after == before
    assert manager.systemctl("show", "--value", "--property=LoadState", "eidosd.service") == (
        "not-found"
    )
    assert not (manager.runtime / "eidos").exists()


def test_dry_runs_change_nothing(manager: Manager) -> None:
    """--dry-run names every file that would be touched, and touches none."""
    before = contents(manager.home)

    installing = manager.run(EIDOSCTL, "install", "--dry-run", "--shell", "zsh").stdout
    removing = manager.run(EIDOSCTL, "uninstall", "--dry-run").stdout

    assert contents(manager.home) == before
    for name in (".zshrc", "eidosd.service", "_eidosctl"):
        assert name in installing
        assert name in removing
    assert all(line.startswith("would ") for line in installing.splitlines())


def test_uninstalling_what_is_not_there_is_harmless(manager: Manager) -> None:
    """`uninstall` on a machine without Eidos succeeds and changes nothing."""
    before = contents(manager.home)

    manager.run(EIDOSCTL, "uninstall")

    assert contents(manager.home) == before
