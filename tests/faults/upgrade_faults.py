"""The package is replaced while the daemon runs: two versions that do not know of each other."""

import shutil
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from real_daemon import EIDOSD

import eidos
from eidos.protocol import PROTOCOL
from faults.scene import Scene

EIDOSCTL: Final = EIDOSD.with_name("eidosctl")
OTHER_PROTOCOL: Final = "eidos/1"
_LOADED: Final = "class Loaded(msgspec.Struct, frozen=True"
"""The first thing that an engine says."""
_PACKAGE: Final = Path(eidos.__file__).parent


def own_package(environ: dict[str, str], cleanup: ExitStack) -> None:
    """Have a copy of the package that may be replaced; the model stays where it is."""
    folder = Path(environ["HOME"], "package")
    shutil.copytree(
        _PACKAGE, folder / "eidos", ignore=shutil.ignore_patterns("model", "__pycache__")
    )
    (folder / "eidos" / "model").symlink_to(_PACKAGE / "model")
    environ["PYTHONPATH"] = str(folder)
    cleanup.callback(shutil.rmtree, folder)


def other_package(environ: dict[str, str], cleanup: ExitStack) -> None:
    """Have a copy of the package that speaks another version of the protocol."""
    own_package(environ, cleanup)
    change_protocol(Path(environ["PYTHONPATH"]))


def change_protocol(folder: Path) -> None:
    """Make the package in *folder* one of another version of the protocol."""
    _edit(folder / "eidos" / "protocol.py", f'"{PROTOCOL}"', f'"{OTHER_PROTOCOL}"')


def meet_other_clients(scene: Scene) -> None:
    """Have clients of another version ask; they are told what to do, and ours go on."""
    environ = dict(scene.daemon.environ)
    other_package(environ, scene.cleanup)
    with scene.load.fault():
        found = suggest(environ)
        assert found.returncode != 0
        assert_says_what_to_do(found.stderr)
        scene.load.last(scene.lasting_s)


def upgrade_in_place(scene: Scene) -> None:
    """Replace the package's files by those of a later version; then the engine dies.

    The old daemon has no engine that understands it: it must say so, and a restart must mend it.
    """
    folder = Path(scene.daemon.environ["PYTHONPATH"])
    with scene.load.fault():
        messages = folder / "eidos" / "engine_messages.py"
        _edit(messages, f"{_LOADED}, tag=True", f'{_LOADED}, tag="Ready"')
        _edit(folder / "eidos" / "__init__.py", f'"{eidos.__version__}"', '"99.0"')
        scene.daemon.kill_engine()
        scene.load.last(scene.lasting_s)
        found = suggest(scene.daemon.environ)
        scene.daemon.signal(signal.SIGTERM)
        scene.daemon.wait()
    scene.daemon.start()
    assert_says_what_to_do(found.stderr, scene.daemon.log)


def suggest(
    environ: dict[str, str], text: str = "show disk usage"
) -> subprocess.CompletedProcess[str]:
    """Ask for *text* as a person does, by eidosctl."""
    command = [EIDOSCTL, "suggest", text]
    return subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=100, check=False
    )


def assert_says_what_to_do(message: str, log: str = "") -> None:
    """Fail if *message* does not name the command that mends it; show *log* then."""
    assert "eidosctl restart" in message, f"{message}\n{log}"
    assert "Traceback" not in message, message


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{file} has no {old}"
    file.write_text(text.replace(old, new), encoding="utf-8")
