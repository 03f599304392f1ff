"""What happens to the files: the socket and its folder, the disk, the configuration, the model."""

import os
import shutil
import signal
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from real_daemon import until

from eidos.resources import model_dir
from faults.scene import Scene

WITHOUT_RIGHTS: Final = (
    () if os.geteuid() else ("setpriv", "--inh-caps=-all", "--bounding-set=-all")
)
"""Even root, who runs the tests in CI, may do then what the modes of files allow, and no more."""
_DISK_BYTES: Final = 1 << 18
_PAGE_BYTES: Final = 4096
_ANSWERS: Final = 10
"""As many as take longer than two daemons need to see each other."""


def delete_socket(scene: Scene) -> None:
    """Delete the socket's file."""
    for _ in range(scene.repeats):
        with scene.load.fault():
            scene.daemon.socket.unlink()
        scene.load.until_answered(1, log=lambda: scene.daemon.log)


def delete_folder(scene: Scene) -> None:
    """Delete the socket's folder with all that is in it, as a careless clean-up of /run does."""
    for _ in range(scene.repeats):
        with scene.load.fault():
            shutil.rmtree(scene.daemon.socket.parent)
        scene.load.until_answered(1, log=lambda: scene.daemon.log)


def delete_lock(scene: Scene) -> None:
    """Delete the lock's file and have a second daemon start: one of the two must give way."""
    with scene.load.fault():
        scene.daemon.socket.with_suffix(".lock").unlink()
        second = scene.cleanup.enter_context(scene.daemon.another())
        scene.cleanup.callback(second.kill)
    until(lambda: scene.daemon.ends == [5] or second.poll() == 5, log=lambda: scene.daemon.log)
    scene.load.until_answered(_ANSWERS, log=lambda: scene.daemon.log)
    assert len([code for code in [*scene.daemon.ends, second.poll()] if code is not None]) == 1


def open_folder(scene: Scene) -> None:
    """Let others enter the socket's folder, for a while."""
    _change_mode(scene, 0o755)


def close_folder(scene: Scene) -> None:
    """Take all rights to the socket's folder from everybody, for a while."""
    _change_mode(scene, 0)


def _change_mode(scene: Scene, mode: int) -> None:
    folder = scene.daemon.socket.parent
    with scene.load.fault():
        folder.chmod(mode)
        scene.load.last(scene.lasting_s)
        folder.chmod(0o700)


def small_disk(environ: dict[str, str], cleanup: ExitStack) -> None:
    """Have state and cache on a disk of 256 kB; the daemon writes there for each request."""
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME"):
        options = f"size={_DISK_BYTES},mode=700"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "eidos", environ[name]], check=True)
        # By the last process that has a file open, not by us: it may be the daemon.
        cleanup.callback(subprocess.run, ["umount", "--lazy", environ[name]], check=True)


def fill_disk(scene: Scene) -> None:
    """Fill the disk of state and cache, kill the engine meanwhile, then make room again."""
    fillers = [
        Path(scene.daemon.environ[name], "filler") for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME")
    ]
    with scene.load.fault():
        for filler in fillers:
            with filler.open("wb", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(bytes(_PAGE_BYTES))
        scene.daemon.kill_engine()
        scene.load.last(scene.lasting_s)
        for filler in fillers:
            filler.unlink()


def break_configuration(scene: Scene) -> None:
    """Have it read a configuration that is none, then one with other threads, again and again."""
    with scene.load.fault():
        for turn in range(scene.repeats):
            scene.daemon.configure("threads = ")
            scene.daemon.signal(signal.SIGHUP)
            until(
                lambda turn=turn: scene.daemon.log.count("stays in force") > turn,
                log=lambda: scene.daemon.log,
            )
            old = scene.daemon.engine
            scene.daemon.configure(f"threads = {1 + turn % 2}\n")
            scene.daemon.signal(signal.SIGHUP)
            until(
                lambda old=old: scene.daemon.engine not in {0, old},
                log=lambda: scene.daemon.log,
            )


def own_model(environ: dict[str, str], cleanup: ExitStack) -> None:
    """Have a copy of the embedded model that may be damaged."""
    folder = Path(environ["HOME"], "model")
    shutil.copytree(model_dir(), folder)
    environ["EIDOS_MODEL_PATH"] = str(folder)
    cleanup.callback(shutil.rmtree, folder)


def damage_model(scene: Scene) -> None:
    """Write over the weights in place, under an engine that has them; it dies of something else."""
    weights = _weights(scene)
    sound = weights.read_bytes()
    with scene.load.fault(), weights.open("r+b") as file:
        file.seek(len(sound) // 2)
        file.write(bytes(1 << 20))
        file.flush()
        scene.load.last(scene.lasting_s)
        if "is damaged" not in scene.daemon.log:  # else the daemon has noticed by itself
            scene.daemon.kill_engine()
        until(lambda: "is damaged" in scene.daemon.log, log=lambda: scene.daemon.log)
        scene.load.last(scene.lasting_s)
        file.seek(0)
        file.write(sound)


def truncate_model(scene: Scene) -> None:
    """Cut the weights off in place, under an engine that has them mapped; put them back."""
    weights = _weights(scene)
    sound = weights.read_bytes()
    with scene.load.fault():
        os.truncate(weights, 1 << 20)
        scene.load.last(scene.lasting_s)
        weights.write_bytes(sound)


def _weights(scene: Scene) -> Path:
    return Path(scene.daemon.environ["EIDOS_MODEL_PATH"], "model.onnx.data")
