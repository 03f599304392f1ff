"""Changes of the configuration file: whole old or whole new, the former kept, wrong refused."""

import json
import os
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from answering import AnsweringDaemon
from home import EIDOSCTL, Home

from eidos import config_schema
from eidos.config import Config
from eidos.config_schema import Table
from eidos.errors import ConfigError, EidosError
from eidos.frames import decode_request
from eidos.paths import audit_file
from eidos.protocol import Done, ErrorCode, Failure, ReloadRequest, Reply
from eidosctl import configuring
from eidosctl.place import Place

TEXT = "# mine\nthreads = 3 # few\n\n[rules]\ngit-clean = 'warn'\n"


@pytest.fixture
def place(home: Home) -> Place:
    """A home with a configuration file."""
    place = home.place
    place.config.parent.mkdir()
    place.config.write_text(TEXT)
    return place


def audited() -> list[dict[str, str]]:
    """Return what the audit log has of changes of the configuration."""
    with sqlite3.connect(audit_file()) as connection:
        rows = connection.execute("SELECT details FROM audit WHERE event = 'config'").fetchall()
    return [json.loads(details) for (details,) in rows]


def test_a_value_is_set_and_the_former_file_kept(place: Place) -> None:
    """The file differs in one value, and what it was lies beside it."""
    assert configuring.set_value(place, "threads", "4") == ("threads",)

    assert place.config.read_text() == TEXT.replace("3", "4")
    assert configuring.backup(place).read_text() == TEXT


def test_a_rule_gets_a_level_and_loses_it(place: Place) -> None:
    """Rules have dotted names."""
    assert configuring.set_value(place, "rules.git-clean", "ok") == ("rules.git-clean",)
    assert configuring.get(place, "rules.git-clean") == "ok"

    assert configuring.unset(place, "rules.git-clean") == ("rules.git-clean",)
    assert Config.load({}, place.config).rules == {}


def test_a_file_is_made_where_there_is_none(home: Home) -> None:
    """The first setting makes folder and file; a file that would say nothing is not made."""
    place = home.place

    assert configuring.unset(place, "threads") == ()
    assert not place.config.exists()
    assert configuring.set_value(place, "threads", "4") == ("threads",)
    assert place.config.read_text() == f"schema = {config_schema.newest()}\nthreads = 4\n"
    assert configuring.undo(place) == ("threads",)
    assert Config.load({}, place.config) == Config()


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("threads", "99", "threads = '99' is not allowed; it must be a whole number from 1 to 64"),
        ("threads", "", "threads = '' is not allowed"),
        ("thread", "4", "unknown key 'thread'; did you mean threads?"),
        ("threads.x", "4", "unknown key 'threads.x'; did you mean threads?"),
        ("rules.git-clean", "off", "must be one of ok, warn, block"),
        ("rules.gitclean", "ok", "no rule 'gitclean'; did you mean git-clean?"),
        ("rules.syntax", "ok", "syntax cannot be changed"),
        ("rules", "git-clean=ok", "one by one: eidosctl config set rules.NAME LEVEL"),
        ("schema", "2", "eidosctl config migrate"),
        ("remote_url", "http://llm.example.org", "remote_url = 'http://llm.example.org' is not"),
        ("model_path", "/m\udcff", "it must be UTF-8"),
    ],
)
def test_what_is_wrong_is_not_written(place: Place, key: str, value: str, words: str) -> None:
    """A value is refused with what is allowed, and no file is touched."""
    with pytest.raises(ConfigError) as caught:
        configuring.set_value(place, key, value)

    assert words in str(caught.value)
    assert [path.name for path in place.config.parent.iterdir()] == [place.config.name]
    assert place.config.read_text() == TEXT


def test_a_file_that_stays_wrong_is_not_written(place: Place) -> None:
    """Who sets one key of a file with another fault hears of that one; who mends it may."""
    place.config.write_text("threads = 3\nqueue_size = 0\n")

    with pytest.raises(ConfigError, match=r"config.toml:2: queue_size = 0 is not allowed"):
        configuring.set_value(place, "threads", "4")
    assert place.config.read_text() == "threads = 3\nqueue_size = 0\n"
    assert configuring.unset(place, "queue_size") == ("queue_size",)


def test_an_unknown_key_can_be_unset(place: Place) -> None:
    """A key of another version of Eidos is in the way of the daemon, not of `unset`."""
    place.config.write_text("threads = 3\nthread = 4\n")

    assert configuring.unset(place, "thread") == ("thread",)

    assert place.config.read_text() == "threads = 3\n"


def test_a_wrong_name_that_is_not_there_is_no_setting(place: Place) -> None:
    """A slip of the finger is said, and not taken for a setting that was unset already."""
    place.config.write_text("threads = 3\n")

    with pytest.raises(ConfigError, match="thraeds"):
        configuring.unset(place, "thraeds")
    assert configuring.unset(place, "engines") == ()


def test_a_text_that_is_no_toml_is_left_to_an_editor(place: Place) -> None:
    """Nobody guesses what a broken line was meant to be."""
    place.config.write_text("threads = \n")

    for change in (configuring.migrate, lambda place: configuring.unset(place, "threads")):
        with pytest.raises(ConfigError, match=r"config.toml:1: .* eidosctl config edit"):
            change(place)
    assert place.config.read_text() == "threads = \n"


def test_undo_and_undo_again(place: Place) -> None:
    """The two files change places each time."""
    configuring.set_value(place, "threads", "4")

    assert configuring.undo(place) == ("threads",)
    assert place.config.read_text() == TEXT
    assert configuring.undo(place) == ("threads",)
    assert place.config.read_text() == TEXT.replace("3", "4")


def test_undo_refuses_what_is_wrong(place: Place) -> None:
    """A former file that the daemon would refuse does not come back; nor does one that is not."""
    with pytest.raises(ConfigError, match=r"there is no .*bak"):
        configuring.undo(place)
    configuring.backup(place).write_text("threads = 0\n")

    with pytest.raises(ConfigError, match=r"config.toml.bak:1: threads = 0 is not allowed"):
        configuring.undo(place)

    assert place.config.read_text() == TEXT


def test_a_link_into_dotfiles_is_followed(place: Place, tmp_path: Path) -> None:
    """The file that the link names changes; the link and its folder of dotfiles stay."""
    dotfiles = tmp_path / "dotfiles"
    dotfiles.mkdir()
    place.config.rename(dotfiles / "eidos.toml")
    place.config.symlink_to(dotfiles / "eidos.toml")

    configuring.set_value(place, "threads", "4")

    assert place.config.is_symlink()
    assert (dotfiles / "eidos.toml").read_text() == TEXT.replace("3", "4")
    assert [path.name for path in dotfiles.iterdir()] == ["eidos.toml"]
    assert configuring.backup(place).read_text() == TEXT


def test_the_mode_is_kept_for_the_former_file_too(place: Place) -> None:
    """Who hid the file from others finds nothing of it open to them."""
    configuring.set_value(place, "threads", "4")
    place.config.chmod(0o600)

    configuring.set_value(place, "threads", "5")

    assert place.config.stat().st_mode & 0o777 == 0o600
    assert configuring.backup(place).stat().st_mode & 0o777 == 0o600


def test_the_audit_log_has_keys_and_no_values(place: Place) -> None:
    """Each change is recorded with the names of what changed; what failed is not."""
    configuring.set_value(place, "model_path", "/home/me/secret-model")
    configuring.set_value(place, "rules.git-clean", "ok")
    configuring.unset(place, "threads")
    configuring.unset(place, "threads")
    with pytest.raises(ConfigError):
        configuring.set_value(place, "threads", "0")
    configuring.undo(place)

    assert audited() == [
        {"what": "set", "keys": "model_path"},
        {"what": "set", "keys": "rules.git-clean"},
        {"what": "unset", "keys": "threads"},
        {"what": "undo", "keys": "threads"},
    ]


def test_an_older_file_is_migrated_with_its_comments(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`migrate` rewrites it once; until then no other change mixes two schemas."""

    def step(table: Table) -> None:
        if "cores" in table:
            table["threads"] = table.pop("cores")

    monkeypatch.setattr(config_schema, "STEPS", (step,))
    place.config.write_text("# mine\ncores = 3 # few\n")

    with pytest.raises(ConfigError, match="of an older schema: eidosctl config migrate"):
        configuring.set_value(place, "engines", "2")
    assert configuring.migrate(place) == ("cores", "schema", "threads")
    assert place.config.read_text() == "schema = 2\n# mine\nthreads = 3 # few\n"
    assert configuring.backup(place).read_text() == "# mine\ncores = 3 # few\n"
    assert configuring.migrate(place) == ()
    assert configuring.set_value(place, "engines", "2") == ("engines",)


def test_two_at_once_lose_no_change(home: Home) -> None:
    """Changes of several eidosctl wait for each other, so that each finds the other's."""
    values = {"threads": "4", "engines": "2", "queue_size": "7", "max_tokens": "64"}

    running = [
        subprocess.Popen(
            [EIDOSCTL, "config", "set", "--no-reload", key, value], env=home.environ, stdout=-1
        )
        for key, value in values.items()
    ]
    codes = [(process.communicate(timeout=60), process.returncode)[1] for process in running]

    assert codes == [0] * len(values)
    for key, value in values.items():
        assert configuring.get(home.place, key) == value


@pytest.mark.parametrize("what", ["set", "undo"])
def test_killed_at_any_line_the_old_or_the_new_file_is_there(
    home: Home, place: Place, what: str
) -> None:
    """After kill -9 the file is whole, and the text before the change is in some file."""
    configuring.backup(place).write_text("# before\nthreads = 1\n")

    run = subprocess.run(
        [sys.executable, Path(__file__).with_name("killed_change.py"), what],
        env=home.environ, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip

    assert run.returncode == 0, run.stderr
    lines = [line.split() for line in run.stdout.splitlines()]
    assert len(lines) > 30
    assert {was_left for _, was_left in lines} == {"True", "False"}


FULL = """
    mount -t tmpfs -o size=64k none "$1" && mkdir "$1/eidos" && cd "$1/eidos" || exit 99
    printf 'threads = 3\\n' > config.toml
    printf 'threads = 2\\n' > config.toml.bak
    head -c $((4096 * (14 - $2))) /dev/zero > filler
    "$3" config set --no-reload threads 4
    echo "code $?"
    cat config.toml config.toml.bak
    ls -A
"""


@pytest.mark.parametrize("free_pages", [0, 1, 2])
def test_a_full_disk_leaves_the_file_as_it_was(home: Home, free_pages: int) -> None:
    """Where neither copy, or only one, has room, the old file stays, and the reason is told."""
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-r", "--mount"]
    arguments = [home.environ["XDG_CONFIG_HOME"], str(free_pages), str(EIDOSCTL)]

    run = subprocess.run(
        [*unshare, "sh", "-c", textwrap.dedent(FULL), "sh", *arguments],
        env=home.environ, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    if free_pages < 2:
        assert "No space left on device; it was left as it was" in run.stderr
        said = ["code 1", "threads = 3", "threads = 2"]
    else:
        said = ["code 0", "threads = 4", "threads = 3"]
    names = ["config.toml", "config.toml.bak", "filler"]
    assert run.stdout.splitlines()[-6:] == [*said, *names]


class Reloading(AnsweringDaemon):
    """A daemon that says of a reload what the test wants."""

    answer: Callable[[str], Reply] = staticmethod(lambda asked: Done(asked, "no key changed"))

    def _reply(self, frames: list[bytes]) -> Reply | None:
        request = decode_request(frames)
        if isinstance(request, ReloadRequest):
            return self.answer(request.id)
        return super()._reply(frames)


def test_the_daemon_is_told_of_a_change(place: Place) -> None:
    """What it answers is passed on."""
    with Reloading(place.socket):
        assert configuring.reload(place) == "no key changed"
        assert configuring.tell_daemon(place) == "eidosd: no key changed"
    assert configuring.tell_daemon(place) == "no daemon runs; the next one reads the file"


@pytest.mark.parametrize(
    ("code", "words", "exit_code"),
    [
        (ErrorCode.CONFIG, "there is no file /m", 78),
        (ErrorCode.BAD_MESSAGE, "the daemon is of another version", 1),
        (ErrorCode.BUSY, "there is no file /m", 4),
    ],
)
def test_a_refusal_says_how_to_go_back(
    place: Place, code: ErrorCode, words: str, exit_code: int
) -> None:
    """The file is written, the daemon has its former settings, and `undo` is named."""
    daemon = Reloading(place.socket)
    daemon.answer = lambda asked: Failure(asked, code, "there is no file /m")
    with daemon:
        with pytest.raises(EidosError, match=words) as refused:
            configuring.reload(place)
        with pytest.raises(EidosError) as told:
            configuring.tell_daemon(place)

    assert refused.value.exit_code == exit_code
    assert f"{place.config} is written, but the daemon did not take it over" in str(told.value)
    assert words in str(told.value)
    assert "eidosctl config undo" in str(told.value)
