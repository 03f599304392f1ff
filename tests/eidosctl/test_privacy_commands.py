"""`eidosctl privacy`, `audit` and `history`: all that is kept is shown, exported and deleted."""

import hashlib
import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from home import EIDOSCTL, Home

from eidos.audit import AuditLog
from eidos.day_counts import add
from eidos.history import History
from eidos.paths import audit_head_file, state_file
from eidosctl import files, holdings
from eidosctl.configuring import backup
from eidosctl.holdings import HOLDINGS

MARKER = b"marker-zx81"


@pytest.fixture
def used(home: Home) -> Home:
    """A home in which Eidos was used for a while: a file in each place of the table."""
    audit = AuditLog(state_file())
    for content in ("threads = 3\n", "threads = 2\n"):
        files.write_atomically(home.place.config, content.encode())
        files.write_atomically(backup(home.place), content.encode())
        audit.record("config", what="set", keys="threads")
    audit.state.change(lambda connection: add(connection, "2026-01-02", {"marker-zx81": 1}))
    History(audit.state, boot="b").flush(clean=True)
    for holding in HOLDINGS:
        for path in _files(holding, home):
            if not path.exists():
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                path.write_bytes(MARKER)
                path.chmod(0o600)
    graphs = Path(home.environ["XDG_CACHE_HOME"], "eidos", "graphs", "0123")
    graphs.mkdir(parents=True)
    (graphs / "model.onnx").write_bytes(MARKER)
    return home


def _files(holding: holdings.Holding, home: Home) -> list[Path]:
    """Return the files of *holding* that a test may make by hand."""
    names = {"damaged state", "log file", "models"}
    if holding.name not in names:
        return []
    folder = holdings._folder(holding.root, home.place)
    assert folder is not None
    return [folder / (f"{name}/a/card" if name == "models" else name) for name in holding.patterns]


def marked(home: Home) -> set[str]:
    """Return the names of the files below the home that hold the marker."""
    there = [Path(root, name) for root, _, names in os.walk(home.root) for name in names]
    return {path.name for path in there if not path.is_socket() and MARKER in path.read_bytes()}


def test_every_file_of_eidos_is_shown(used: Home) -> None:
    """Whatever file there is below the folders of Eidos, its path or its folder is on the page."""
    page = used.ok("privacy", "show")

    shown = {Path(word) for word in page.split() if word.startswith("/")}
    there = [Path(root, name) for root, _, names in os.walk(used.root) for name in names]
    ours = [path for path in there if "eidos" in path.relative_to(used.root).parts]
    assert len(ours) > 8
    assert [path for path in ours if not shown & {path, *path.parents}] == []
    assert f"{state_file()}  0600" in page


def test_an_empty_home_is_shown_too(home: Home) -> None:
    """Each place is named, with a word that nothing is there; looking makes nothing."""
    page = home.ok("privacy", "show")

    assert "~/.local/state/eidos/state.sqlite3" in page
    assert "leaves this machine   nothing" in page
    assert not state_file().exists()


def test_what_leaves_the_machine_is_said(home: Home) -> None:
    """By the settings as they are."""
    home.place.config.parent.mkdir(parents=True)
    home.place.config.write_text('remote_url = "https://llm.example.org/v1"\n')

    assert "what you type, to https://llm.example.org/v1" in home.ok("privacy", "show")


def test_the_export_holds_everything_readable(used: Home, tmp_path: Path) -> None:
    """Records and counts as JSON, files as they are, and a manifest of what is not in it."""
    path = tmp_path / "export.tar.gz"
    used.ok("privacy", "export", str(path))

    with tarfile.open(path) as archive:
        contents = {
            info.name.removeprefix("eidos-export/"): archive.extractfile(info).read()  # type: ignore[union-attr]
            for info in archive
        }
    assert path.stat().st_mode & 0o777 == 0o600
    assert [record["event"] for record in json.loads(contents["audit.json"])] == ["config"] * 2
    assert json.loads(contents["days.json"])["2026-01-02"] == {"marker-zx81": 1}
    assert contents["files/config.toml"] == used.place.config.read_bytes()
    assert contents["files/eidosd.log"] == MARKER
    manifest = json.loads(contents["manifest.json"])
    kept = {holding["name"]: holding for holding in manifest["kept"]}
    assert set(kept) == {holding.name for holding in HOLDINGS}
    assert kept["models"]["files"][0]["member"] is None
    assert kept["log file"]["files"][0]["member"] == "files/eidosd.log"


def test_an_export_never_replaces_a_file(used: Home, tmp_path: Path) -> None:
    """What is there stays, be it a link."""
    path = tmp_path / "export.tar.gz"
    path.symlink_to(tmp_path / "elsewhere")

    result = used.run("privacy", "export", str(path))

    assert result.returncode == 1
    assert "name another file" in result.stderr
    assert not (tmp_path / "elsewhere").exists()


def test_an_export_may_go_into_a_pipe(used: Home) -> None:
    """A dash is standard output."""
    result = subprocess.run(
        [EIDOSCTL, "privacy", "export", "-"], env=used.environ, capture_output=True, check=True
    )

    assert result.stdout.startswith(b"\x1f\x8b")


def test_a_purge_leaves_settings_and_audit_log(used: Home) -> None:
    """Logs, counts and prepared models are gone, which is on record; the chain is whole."""
    before = used.place.config.read_bytes()

    printed = used.ok("privacy", "purge", "--yes")

    shown = used.ok("audit", "show")
    assert marked(used) == {"state.sqlite3.damaged", "card"}
    assert used.place.config.read_bytes() == before
    assert "config" in shown
    assert "purge" in shown
    assert "journalctl" in printed
    used.ok("audit", "verify")


def test_a_purge_of_everything_leaves_one_record(used: Home) -> None:
    """It names the last record of the old log, and the new one can be verified."""
    used.ok("privacy", "purge", "--yes", "--everything")

    assert marked(used) == set()
    assert not used.place.config.exists()
    (record,) = used.ok("audit", "show", "--json").splitlines()
    assert json.loads(record)["event"] == "purge-audit"
    assert "deleted by eidosctl privacy purge --everything" in used.ok("audit", "verify")


def test_a_second_purge_finds_nothing_to_delete(home: Home) -> None:
    """And does no harm; it is on record where nothing else ever was."""
    home.ok("privacy", "purge", "--yes")

    home.ok("privacy", "purge", "--yes")

    assert home.ok("audit", "show").count("purge") == 2


def test_a_purge_has_to_be_confirmed(used: Home) -> None:
    """A script must say --yes; nothing is deleted without."""
    result = used.run("privacy", "purge")

    assert result.returncode == 2
    assert "--yes" in result.stderr
    assert "eidosd.log" in marked(used)


def test_a_purge_goes_on_behind_a_fault(used: Home) -> None:
    """What cannot be deleted is named, all else is gone, and the exit code says so."""
    log = used.place.log
    log.unlink()
    log.mkdir()
    (log / "inside").write_bytes(b"")
    state_file().chmod(0o644)

    result = used.run("privacy", "purge", "--yes")

    assert result.returncode == 1
    assert "open to others" in result.stdout
    assert "model.onnx" not in marked(used)


def test_a_purge_follows_no_link(used: Home, tmp_path: Path) -> None:
    """What a link in our folders points to is somebody else's."""
    (tmp_path / "precious").write_bytes(b"mine")
    graphs = Path(used.environ["XDG_CACHE_HOME"], "eidos", "graphs")
    (graphs / "link").symlink_to(tmp_path)
    used.place.log.unlink()
    used.place.log.symlink_to(tmp_path / "precious")

    used.ok("privacy", "purge", "--yes")

    assert (tmp_path / "precious").read_bytes() == b"mine"


@pytest.mark.model
@pytest.mark.parametrize(
    "name", ["config-draft.toml~", ".config-draft.toml.swp", ".config.toml.eidos-x1"]
)
def test_what_was_left_of_the_settings_goes_too(used: Home, name: str) -> None:
    """An editor's copies, and what a killed eidosctl did not rename any more, are shown and go."""
    left = used.place.config.with_name(name)
    left.write_bytes(MARKER)

    assert str(left) in used.run("privacy", "show").stdout
    used.run("privacy", "purge", "--everything", "--yes")

    assert not left.exists()


def test_settings_that_are_a_link_are_exported_and_said_to_stay(used: Home, tmp_path: Path) -> None:
    """Who keeps them in a collection of such files has them in the archive, and not deleted."""
    kept, out = tmp_path / "eidos.toml", tmp_path / "out.tar.gz"
    used.place.config.rename(kept)
    used.place.config.symlink_to(kept)

    used.run("privacy", "export", str(out))
    told = used.run("privacy", "purge", "--everything", "--yes").stdout

    with tarfile.open(out) as archive:
        content = archive.extractfile("eidos-export/files/config.toml")
        assert content is not None
        assert content.read() == kept.read_bytes()
    assert f"the link is deleted; {kept} is left" in told
    assert not used.place.config.is_symlink()


def test_a_running_daemon_forgets_and_goes_on(home: Home) -> None:
    """Its answers are gone, its log is empty, and it serves as before."""
    home.ok("start")
    pid = json.loads(home.ok("status", "--json"))["pid"]
    home.ok("suggest", "list files")
    assert json.loads(home.ok("status", "--json"))["cache"]["entries"] == 1

    printed = home.ok("privacy", "purge", "--yes")

    status = json.loads(home.ok("status", "--json"))
    assert "1 kept answers are forgotten" in printed
    assert (status["pid"], status["cache"]["entries"]) == (pid, 0)
    assert "listening on" not in home.place.log.read_text()


def test_the_audit_log_is_shown_from_a_time_on(used: Home) -> None:
    """As a table and as JSON, with all that a hash is made from."""
    assert used.ok("audit", "show", "--since", "2999") == "no records\n"
    assert used.run("audit", "show", "--since", "yesterday").returncode == 2

    rows = [json.loads(line) for line in used.ok("audit", "show", "--json").splitlines()]
    assert [row["seq"] for row in rows] == [1, 2]
    assert rows[0]["details"] == {"keys": "threads", "what": "set"}
    assert "keys=threads" in used.ok("audit", "show")


def test_a_hash_can_be_computed_by_others(used: Home) -> None:
    """As docs/privacy.md says: from what is printed, with nothing of ours."""
    for line in used.ok("audit", "show", "--json").splitlines():
        record = json.loads(line)
        digest = record.pop("hash")
        record["details"] = _canonical(record["details"])
        assert hashlib.sha256(_canonical(record).encode()).hexdigest() == digest


def _canonical(value: dict[str, object]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def test_a_log_that_was_tampered_with_exits_with_1(used: Home) -> None:
    """The finding is printed, and for scripts in JSON."""
    audit_head_file().unlink()

    result = used.run("audit", "verify")
    assert result.returncode == 1
    assert "FAIL" in result.stdout

    told = json.loads(used.run("audit", "verify", "--json").stdout)
    assert told["ok"] is False


def test_the_history_is_a_table_and_a_share(home: Home) -> None:
    """Days, and how much of the time the daemon was there."""
    assert home.ok("history").startswith("day")
    state = AuditLog(state_file()).state
    counts = {"requests suggest ok": 5, "seconds-up": 990, "seconds-down": 10}
    state.change(lambda connection: add(connection, "2999-01-01", counts))

    printed = home.ok("history")

    assert "2999-01-01         5       0" in printed
    assert "available 99.000 %" in printed
    row = json.loads(home.ok("history", "--json"))
    assert row == {"day": "2999-01-01", **counts}


def test_the_page_of_the_docs_names_every_place() -> None:
    """Its table is made from the records that `privacy show` prints."""
    page = Path(__file__).parents[2].joinpath("docs", "privacy.md").read_text()

    for holding in HOLDINGS:
        assert f"| {holding.name} |" in page
        assert holding.holds in page
