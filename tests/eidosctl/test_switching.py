"""`eidosctl model use|rollback|remove|list`: another model serves, or all is as it was."""

import fcntl
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from answering import AnsweringDaemon
from home import Home
from tiny_export import make_graph, make_model

from eidos.errors import DaemonSilent, EidosError
from eidos.frames import decode_request
from eidos.model_slots import EMBEDDED, Active, Chosen, ModelSlots, chosen, data_dir
from eidos.protocol import ReloadRequest, Reply
from eidos.resources import model_dir
from eidosctl import auditing, control, switching
from eidosctl.switching import remove, rollback, use

KEPT = {"a", "b", "active.json", "lock"}
"""What is in the folder of the slots when nothing is under way."""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A small model that loads and answers."""
    return _tiny(tmp_path / "tiny")


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    """Three small models, which differ in a file that is no part of the graph."""
    return [_tiny(tmp_path / name, readme=name) for name in ("one", "two", "three")]


def _tiny(folder: Path, *, readme: str = "") -> Path:
    folder.mkdir()
    make_model(folder)
    (folder / "README.md").write_text(readme)
    return folder


def _slots() -> ModelSlots:
    return ModelSlots(data_dir())


def _readme() -> str:
    """Return which of the small models serves."""
    return (_slots().slot(chosen(data_dir()).name) / "README.md").read_text()


def _audit() -> list[dict[str, str]]:
    records = auditing.read(auditing.audit_log())
    return [record.values for record in records if record.event == "model"]


@pytest.mark.model
def test_a_model_is_copied_and_serves(home: Home, tiny: Path) -> None:
    """Without a daemon it does from the next start on; the copy is ours alone, and checked."""
    said = home.ok("model", "use", str(tiny))
    shutil.rmtree(tiny)

    folder = _slots().slot("a")
    assert "the model in slot a serves from the next start on" in said
    assert chosen(data_dir()).path == str(folder)
    assert {path.name for path in folder.iterdir()} == {
        *("model.onnx", "tokenizer.json", "tokenizer_config.json", "README.md"),
        *("SHA256SUMS", "origin.json"),
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder.parent)] == [0o700] * 2
    assert (
        subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, check=False).returncode == 0
    )
    assert home.ok("model", "verify").count("ok  ") == 4


@pytest.mark.model
def test_a_daemon_starts_with_it_and_after_a_rollback_without(home: Home, tiny: Path) -> None:
    """What `use` and `rollback` chose is what a daemon answers with."""
    home.ok("model", "use", str(tiny))
    home.ok("start")
    with_tiny = json.loads(home.ok("suggest", "--json", "-n", "4", "ls"))
    home.ok("stop")
    home.ok("model", "rollback")
    home.ok("start")
    without = json.loads(home.ok("status", "--json"))["model"]

    assert "df - h" in {candidate["command"] for candidate in with_tiny["candidates"]}
    assert without["path"] == str(model_dir() / "model.onnx")


def test_one_slot_serves_and_the_other_is_filled(home: Home, three: list[Path]) -> None:
    """Each model goes where the one is that is missed least; a rollback needs no copy."""
    served = [(use(home.place, str(each), is_forced=True).name, _readme()) for each in three]
    served += [(rollback(home.place, is_forced=True).name, _readme()) for _ in range(2)]

    assert served == [("a", "one"), ("b", "two"), ("a", "three"), ("b", "two"), ("a", "three")]


def test_a_model_that_is_in_a_slot_is_not_copied_again(home: Home, three: list[Path]) -> None:
    """By its checksums; that which serves stays, and the other one serves again."""
    for source in (three[0], three[1], three[1], three[0]):
        switched = use(home.place, str(source), is_forced=True)

    assert switched.name == "a"
    assert _slots().active() == Active(serves="a", before="b")


@pytest.mark.parametrize("name", ["a", "embedded"])
def test_a_model_that_is_there_is_named_without_a_path(
    home: Home, three: list[Path], name: str
) -> None:
    """The slots and the embedded model have names of their own."""
    for source in three[:2]:
        use(home.place, str(source), is_forced=True)

    assert use(home.place, name, is_forced=True).name == name
    assert chosen(data_dir()).name == name


def test_what_serves_cannot_be_removed_and_the_rest_can(home: Home, three: list[Path]) -> None:
    """After that there is nothing to go back to but the embedded model."""
    for source in three[:2]:
        use(home.place, str(source), is_forced=True)

    with pytest.raises(EidosError, match="the model in slot b serves; first: eidosctl model use"):
        remove("b")
    remove("a")

    assert {path.name for path in _slots().folder.iterdir()} == KEPT - {"a"}
    assert home.run("model", "remove", "a").returncode == 78
    assert rollback(home.place).name == EMBEDDED


def test_the_list_says_what_serves_and_where_it_is_from(home: Home, three: list[Path]) -> None:
    """Three rows: the embedded model and the slots; a damaged one is called so."""
    for source in three[:2]:
        use(home.place, str(source), is_forced=True)
    whole = [line.split() for line in home.ok("model", "list").splitlines()]
    (_slots().slot("b") / "tokenizer.json").write_text("{}")
    damaged = home.ok("model", "list")

    assert [line[:2] for line in whole[1:]] == [["before", "a"], ["serves", "b"]]
    assert str(three[0]) in " ".join(whole[1])
    assert "damaged: not as in SHA256SUMS: tokenizer.json" in damaged
    assert "the one in slot a answers in its place" in damaged


def test_a_rollback_makes_the_daemons_way_out_last(home: Home, three: list[Path]) -> None:
    """Where the active model is damaged the one before serves already; then it does for good."""
    for source in three[:2]:
        use(home.place, str(source), is_forced=True)
    (_slots().slot("b") / "tokenizer.json").write_text("{}")

    rollback(home.place, is_forced=True)

    assert chosen(data_dir()).fault == ""
    assert _slots().active().serves == "a"
    with pytest.raises(EidosError, match=r"slot b cannot be used: .*tokenizer\.json: its SHA-256"):
        rollback(home.place, is_forced=True)
    assert use(home.place, str(three[2]), is_forced=True).name == "b"


def test_a_damaged_choice_is_mended_by_a_new_one(home: Home, tiny: Path) -> None:
    """The embedded model serves meanwhile, and `use` writes a file that can be read."""
    use(home.place, str(tiny), is_forced=True)
    (_slots().folder / "active.json").write_text("?")

    result = home.run("model", "rollback")
    use(home.place, "embedded")

    assert (result.returncode, "active.json" in result.stderr) == (78, True)
    assert chosen(data_dir()).fault == ""


def _truncate(folder: Path) -> None:
    shutil.copytree(model_dir(), folder, dirs_exist_ok=True)
    os.truncate(folder / "model.onnx.data", 40_000_000)


def _truncate_unlisted(folder: Path) -> None:
    _truncate(folder)
    (folder / "SHA256SUMS").unlink()


def _with_another_tokenizer(folder: Path) -> None:
    shutil.copy(model_dir() / "tokenizer.json", folder)


def _with_no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def _with_a_broken_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"version": "1.0", ')


def _that_ends_at_once(folder: Path) -> None:
    # Behind "h" comes the end: it loads and reads, and has nothing to say.
    template = {"eos_token": "<end>", "chat_template": "{{ messages[0].content }} h"}
    (folder / "tokenizer_config.json").write_text(json.dumps(template))


def _without_a_cache(folder: Path) -> None:
    make_graph(folder / "model.onnx", cache=False)


def _without_a_graph(folder: Path) -> None:
    (folder / "model.onnx").write_text("no graph")


def _with_a_list_of_other_folders(folder: Path) -> None:
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  ../secret\n")


def _with_a_list_that_is_none(folder: Path) -> None:
    (folder / "SHA256SUMS").write_text("see the website")


def _with_a_listed_file_missing(folder: Path) -> None:
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  weights.bin\n")


@pytest.mark.model
@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (_truncate, r"model\.onnx\.data is damaged: its SHA-256 is"),
        (_truncate_unlisted, "the model does not work"),
        (_with_another_tokenizer, "the model does not work"),
        (_with_no_tokenizer, r"there is no file .*tokenizer\.json"),
        (_with_a_broken_tokenizer, "cannot read the tokenizer"),
        (_that_ends_at_once, "the model answers nothing"),
        (_without_a_cache, "no past_key_values inputs"),
        (_without_a_graph, "the model does not work"),
        (_with_a_list_of_other_folders, r"lists \.\./secret"),
        (_with_a_list_that_is_none, "is not a list of checksums"),
        (_with_a_listed_file_missing, r"cannot read .*weights\.bin: No such file"),
    ],
)
def test_a_model_that_is_of_no_use_changes_nothing(
    home: Home, three: list[Path], harm: Any, said: str
) -> None:
    """It is found out before: what serves stays, and what a rollback goes back to."""
    for source in three[:2]:
        use(home.place, str(source), is_forced=True)
    harm(three[2])

    with pytest.raises(EidosError, match=said) as caught:
        use(home.place, str(three[2]))

    assert "incoming" not in str(caught.value)
    assert "EIDOS_MODEL_PATH" not in str(caught.value)
    assert _slots().active() == Active(serves="b", before="a")
    assert [_slots().fault(name) for name in ("a", "b")] == ["", ""]
    assert {path.name for path in _slots().folder.iterdir()} == KEPT


@pytest.mark.parametrize("key", ["MODEL_PATH", "TOKENIZER_PATH", "REMOTE_URL"])
@pytest.mark.parametrize("command", [("use", "embedded"), ("rollback",)], ids=["use", "rollback"])
def test_a_setting_that_counts_more_is_named(
    home: Home, key: str, command: tuple[str, ...]
) -> None:
    """Where the configuration names a model or a server, a slot would change nothing."""
    result = home.run("model", *command, **{f"EIDOS_{key}": "https://x.example/v1"})

    assert result.returncode == 78
    assert f"set by EIDOS_{key}; unset it first" in result.stderr
    assert not _slots().folder.exists()


def test_a_server_in_the_models_place_is_shown(home: Home) -> None:
    """`show` and `list` tell that another setting counts, and where it is set."""
    home.place.config.parent.mkdir(parents=True)
    home.place.config.write_text('remote_url = "https://llm.example.org/v1"\n')

    for command in ("show", "list"):
        said = home.ok("model", command)
        assert f"remote_url = https://llm.example.org/v1, set in {home.place.config}" in said


def test_only_one_changes_the_models_at_a_time(home: Home, tiny: Path) -> None:
    """The second one is told so at once, and changes nothing."""
    use(home.place, str(tiny), is_forced=True)
    with (_slots().folder / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(EidosError, match="another eidosctl changes the models"):
            rollback(home.place)


def test_a_single_file_is_a_model_too(home: Home, tiny: Path) -> None:
    """It gets the name that the daemon looks for; its weights keep theirs, which it knows."""
    (tiny / "model.onnx").rename(tiny / "mine.onnx")
    (tiny / "mine.onnx_data").write_text("weights")
    (tiny / "model.onnx").write_text("another model")
    (tiny / "unrelated.safetensors").write_text("large")

    use(home.place, str(tiny / "mine.onnx"), is_forced=True)

    names = {path.name for path in _slots().slot("a").iterdir()}
    assert {"model.onnx", "mine.onnx_data", "tokenizer.json"} <= names
    assert not {"mine.onnx", "unrelated.safetensors"} & names
    assert (_slots().slot("a") / "model.onnx").read_bytes() == (tiny / "mine.onnx").read_bytes()
    origin = _slots().origin("a")
    assert origin is not None
    assert (origin.name, origin.source) == ("mine.onnx", str(tiny / "mine.onnx"))


def test_each_switch_is_in_the_audit_log(home: Home, three: list[Path]) -> None:
    """From what to what, by which checksums, and with which outcome."""
    use(home.place, str(three[0]), is_forced=True)
    rollback(home.place)
    (three[1] / "tokenizer.json").write_text("{")
    with pytest.raises(EidosError):
        use(home.place, str(three[1]))
    remove("a")

    rows = _audit()
    assert [(row["from"], row["to"], row["outcome"]) for row in rows] == [
        ("embedded", "a", "done"),
        ("a", "embedded", "done"),
        ("embedded", "b", "failed"),
        ("a", "nothing", "done"),
    ]
    assert rows[0]["sha256"] == rows[3]["sha256"] != rows[1]["sha256"]


class Silent(AnsweringDaemon):
    """A daemon that says nothing to reloads, and counts them."""

    reloads = 0

    def _reply(self, frames: list[bytes]) -> Reply | None:
        if isinstance(decode_request(frames), ReloadRequest):
            self.reloads += 1
            return None
        return super()._reply(frames)


def test_a_daemon_that_is_silent_has_the_switch_undone(
    home: Home, three: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hangs or is slow, and may do yet what it was told: so it is told to go back as well."""
    monkeypatch.setattr(control, "RELOAD_TIMEOUT_S", 0.2)

    daemon = Silent(home.place.socket)
    with daemon, pytest.raises(DaemonSilent, match="no answer"):
        use(home.place, str(three[0]), is_forced=True)

    assert chosen(data_dir()) == Chosen(EMBEDDED, "")
    assert {path.name for path in _slots().folder.iterdir()} == {"active.json", "lock"}
    assert daemon.reloads == 2


@pytest.fixture
def _small_disk(home: Home) -> Iterator[None]:
    """A file system of 2 MB and a few files for what users add to Eidos."""
    assert str(data_dir()).startswith(str(home.root))
    folder = data_dir()
    folder.mkdir(parents=True)
    options = ["-t", "tmpfs", "-o", "size=2m,nr_inodes=24,mode=0700", "eidos-test"]
    if subprocess.run(["mount", *options, folder], capture_output=True, check=False).returncode:
        pytest.skip("a file system can be mounted by root alone")
    yield
    subprocess.run(["umount", folder], check=True)


@pytest.mark.usefixtures("_small_disk")
def test_a_model_for_which_there_is_no_room_changes_nothing(home: Home, three: list[Path]) -> None:
    """It is said before anything is copied: how much it needs, and what is free."""
    use(home.place, str(three[0]), is_forced=True)
    (three[1] / "model.onnx.data").write_bytes(bytes(1_500_000))

    with pytest.raises(EidosError, match=r"needs 3 MB, and 2 MB are free in .*; make room"):
        use(home.place, str(three[1]), is_forced=True)

    assert _readme() == "one"
    assert {path.name for path in _slots().folder.iterdir()} == KEPT - {"b"}


@pytest.mark.usefixtures("_small_disk")
def test_a_disk_that_fills_during_the_copy_changes_nothing(home: Home, three: list[Path]) -> None:
    """The kernel refuses a file in the middle: what was copied goes, what serves stays."""
    for source in three[:2]:
        use(home.place, str(source), is_forced=True)
    names = [
        *("tokenizer_config.json", "LICENSE", "drafts.ngrams", "eidos.json"),
        "model.onnx.data",
    ]
    for name in names:
        (three[2] / name).write_text("{}")

    with pytest.raises(EidosError, match="No space left on device; nothing was changed"):
        use(home.place, str(three[2]), is_forced=True)

    assert _readme() == "two"
    assert [_slots().fault(name) for name in ("a", "b")] == ["", ""]
    assert {path.name for path in _slots().folder.iterdir()} == KEPT
    assert rollback(home.place, is_forced=True).name == "a"


def _killed(step: int, home: Home, source: Path) -> bool:
    """Have a child use *source* and be killed before its *step*-th change; tell whether it was."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    left = step
    root = str(_slots().folder)

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        is_inside = bool(arguments) and str(arguments[0]).startswith(root)
        if event in {"os.remove", "os.rmdir"} or (
            event in {"open", "os.rename", "os.mkdir", "shutil.rmtree"} and is_inside
        ):
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.addaudithook(count)
        use(home.place, str(source), is_forced=True)
    finally:
        os._exit(0)


def test_a_switch_that_is_killed_leaves_one_model_that_works(home: Home, three: list[Path]) -> None:
    """Before each change that it makes to a file, kill -9: either model serves, and is whole.

    What it left is no obstacle: the next one ends it or undoes it.
    """
    for source in three[:2]:
        use(home.place, str(source), is_forced=True)
    served: list[str] = []
    while _killed(len(served) + 1, home, three[2]):
        assert chosen(data_dir()).fault == ""
        served.append(_readme())
        with switching.changing(data_dir()) as slots:
            active = slots.active()
            assert {path.name for path in slots.folder.iterdir()} == KEPT
            assert active.before in {"a", "b"}
            assert slots.fault(active.before) == ""
        rollback(home.place, is_forced=True)
        if served[-1] == "three":
            assert _readme() == "two"
            use(home.place, str(three[0]), is_forced=True)  # in the place of the third one
            rollback(home.place, is_forced=True)
        else:
            assert _readme() == "one"
            rollback(home.place, is_forced=True)
        assert _readme() == "two"

    assert _readme() == "three"
    assert set(served) == {"two", "three"}
    assert len(served) > 30
