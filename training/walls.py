"""The walls around a command: what bubblewrap is to let it see, and what it may use up."""

import functools
import os
import shutil
import tempfile
import time
from multiprocessing.util import Finalize
from pathlib import Path

HOME = "/home/user"
HOME_BYTES = 512 * 1024 * 1024
LIMITS = (
    "prlimit",
    "--cpu=5",  # seconds
    f"--as={512 * 1024 * 1024}",
    f"--fsize={64 * 1024 * 1024}",
    "--nproc=64",
    "--core=0",
)
NOW_S = 1_750_240_800  # 2025-06-18 10:00:00 UTC, a Wednesday
OWNER = 60_999  # who the command is outside, when we are root: nobody else's number
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


ETC = {
    "passwd": "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
    "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
    "user:x:1000:1000:User,,,:/home/user:/bin/bash\n",
    "group": "root:x:0:\nadm:x:4:user\nwww-data:x:33:\nnogroup:x:65534:\nuser:x:1000:\n",
    "hosts": "127.0.0.1\tlocalhost\n127.0.1.1\tbox\n10.0.0.5\tdb.internal db\n",
    "hostname": "box\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "shells": "/bin/sh\n/bin/bash\n/usr/bin/zsh\n/usr/bin/fish\n",
    "fstab": "# <file system> <mount point> <type> <options>\n/dev/sda1 / ext4 defaults 0 1\n",
    "os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\n'
    'VERSION_ID="12"\nID=debian\n',
    "timezone": "Etc/UTC\n",
}
ETC_OF_HOST = ("ld.so.cache", "alternatives", "magic", "services", "protocols", "login.defs")


class SandboxError(Exception):
    """There is no sandbox here: the message says what is missing, and nothing was run."""


@functools.cache
def walls() -> tuple[str, ...]:
    """Return the command that makes the sandbox, up to the options that each run has.

    Raises:
        SandboxError: A program that makes it is not installed.
    """
    missing = [program for program in ("bwrap", "setpriv", "prlimit") if not shutil.which(program)]
    if missing:
        raise SandboxError(f"no {missing[0]}; try: apt-get install bubblewrap util-linux")
    become = f"setpriv --reuid {OWNER} --regid {OWNER} --clear-groups --"
    memory = f"--perms 0755 --size {HOME_BYTES} --tmpfs {HOME} --perms 1777 --size {HOME_BYTES}"
    words = f"""
        bwrap --unshare-all --unshare-user --disable-userns --uid 1000 --gid 1000 --hostname box
        --die-with-parent --cap-drop ALL --clearenv
        --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/sbin /sbin --symlink usr/lib /lib
        --symlink usr/lib64 /lib64 --ro-bind {_etc()} /etc --proc /proc --dev /dev
        --size 1048576 --tmpfs /dev/shm {memory} --tmpfs /tmp --symlink ../tmp /var/tmp
        --dir /var/log --dir /opt --dir /mnt --dir /srv --remount-ro /dev --remount-ro /
    """.split()
    for name, value in _environment().items():
        words += ["--setenv", name, value]
    return (*([] if os.geteuid() else become.split()), *words)


def _environment() -> dict[str, str]:
    environment = {
        "HOME": HOME,
        "USER": "user",
        "LOGNAME": "user",
        "SHELL": "/bin/bash",
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "dumb",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if FAKETIME:
        clock = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(NOW_S))
        environment |= {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME": clock,
            "NO_FAKE_STAT": "1",  # trees.plant made the times that fit
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # sleep and timeout still end
        }
    return environment


@functools.cache
def _etc() -> Path:
    """Return an /etc with nothing of this machine in it but where its programs lie."""
    folder = Path(tempfile.mkdtemp(prefix="eidos-etc-"))
    # Not atexit: the processes of a pool end without it.
    Finalize(None, shutil.rmtree, (folder, True), exitpriority=0)
    for name, text in ETC.items():
        (folder / name).write_text(text)
    for path in (Path("/etc", name) for name in ETC_OF_HOST):
        if path.is_dir():
            shutil.copytree(path, folder / path.name, symlinks=True)
        elif path.exists():
            shutil.copyfile(path, folder / path.name)
    folder.chmod(0o755)  # it is read by somebody else
    return folder
