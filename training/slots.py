"""The types of slots, in one place: `{file}`, `{days}`, `{port}` and so on, each by its name."""

import re
from collections.abc import Mapping
from typing import Final

from training import names, values
from training.values import Draw, file, one_of, quotable, same, some_coined

PATHS: Final = frozenset(
    "file dirname path logfile csv json script pyfile image video audio archive_gz archive_xz "
    "archive_bz2 archive_bz archive_tar zip gz iso pdf yaml db newname newdir dir pemkey cert "
    "plain_file".split()
)
"""Types whose values are files or folders: two of them in one command are never the same."""
ORDERED: Final = frozenset("date lineno year time".split())
"""Types of which numbered ones come in rising order."""
DEFAULTS: Final = {"dir": "."}
"""What a command gets for a slot that a phrasing leaves out."""
SPOKEN: Final = frozenset("dir days mins hours secs ext exts nth n size char".split())
"""Types whose phrases are words of the request, and no names."""
PLACES: Final = frozenset(["dir"])
"""Types whose phrase is an adverbial of place, which English lets stand first too."""

_FILES: Final = {
    "file": " ".join(names.EXTENSIONS), "newname": " ".join(names.EXTENSIONS),
    "logfile": "log", "csv": "csv", "json": "json", "script": "sh", "pyfile": "py",
    "image": "jpg png jpeg gif webp", "video": "mp4 mkv avi mov webm", "audio": "mp3 wav flac ogg",
    "archive_gz": "tar.gz tar.gz tgz", "archive_xz": "tar.xz", "archive_bz2": "tar.bz2",
    "archive_bz": "tar.bz2", "archive_tar": "tar", "zip": "zip", "gz": "gz log.gz txt.gz sql.gz",
    "iso": "iso", "pdf": "pdf", "yaml": "yaml yml", "db": "db sqlite sqlite3",
}  # fmt: skip
_LISTED: Final = {
    "pemkey": "key.pem private.key server.key id_rsa ~/.ssh/id_ed25519 privkey.pem client.key",
    "cert": "cert.pem server.crt ca.crt fullchain.pem example.com.crt client.pem",
    "port": "22 80 443 3000 5432 8000 8080 3306 6379 9000 8443 5000 27017 8888 4000 9090 25 53",
    "mode": "755 644 600 700 777 640 750 444 664 400 775",
    "time": "22:30 09:00 14:15 6:45 23:59 07:30 18:00 12:05",
    "var": "PATH HOME EDITOR JAVA_HOME LANG DEBUG API_KEY NODE_ENV TERM SHELL DATABASE_URL PAGER",
    "iface": "eth0 wlan0 enp3s0 lo wlp2s0 docker0 tun0 eno1 br0 wg0",
    "disk": "/dev/sda /dev/sdb /dev/sdc /dev/nvme0n1 /dev/vda",
    "part": "/dev/sda1 /dev/sdb1 /dev/sdb2 /dev/nvme0n1p1 /dev/vda2",
    "mnt": "/mnt /mnt/usb /mnt/data /media/disk /mnt/backup /mnt/nas",
    "group": "developers www-data docker staff sudo admins users wheel video audio dialout",
    "remote": "origin upstream fork",
    "tag": "v1.0 v1.2.3 v2.0.0 release-1 v0.9-beta v3.4.1 2024.1 v0.1.0",
    "commit": "a1b2c3d abc123 deadbee 9fceb02 e5f6a7b HEAD~1 HEAD~3 4f2e8c1 77d0b3a",
}
_OFTEN_COINED: Final = {
    "proc": (
        0.3,
        "firefox chrome python3 java node nginx vim ssh postgres redis-server gedit code",
    ),
    "service": (0.25, "nginx ssh apache2 postgresql mysql docker cron redis bluetooth cups"),
    "pkg": (0.25, "nginx curl vim git htop tmux jq tree nodejs postgresql build-essential ffmpeg"),
    "pypkg": (0.25, "requests numpy pandas flask django pytest black scipy httpx rich pillow"),
    "npmpkg": (0.25, "react express lodash typescript eslint vite axios jest webpack prettier"),
    "container": (0.5, "web db redis myapp nginx api postgres worker my_container"),
    "imagename": (0.2, "nginx ubuntu ubuntu:22.04 postgres:15 redis alpine python:3.11 node:20"),
    "volume": (0.5, "data pgdata my-volume db_data"),
    "network": (0.5, "backend my-net frontend app_network"),
    "pod": (0.5, "web-0 nginx-7c5ddbdf54-abcde api-server my-pod redis-master-0"),
    "namespace": (0.4, "default kube-system prod staging monitoring dev"),
    "deployment": (0.5, "web api nginx frontend worker my-deployment"),
    "table": (0.4, "users orders products customers logs"),
    "database": (0.4, "mydb app production shop testdb"),
    "branch": (0.4, "main master develop feature/login release hotfix feature-x bugfix/42"),
    "name": (0.7, "test demo hello sandbox main work"),
}
_REPOSITORIES: Final = (
    "https://github.com/{}/{}.git git@github.com:{}/{}.git https://gitlab.com/{}/{}.git "
    "https://github.com/{}/{}"
).split()

TYPES: Final[Mapping[str, Draw]] = {
    **{name: file(extensions.split()) for name, extensions in _FILES.items()},
    **{name: one_of(listed) for name, listed in _LISTED.items()},
    **{name: some_coined(share, listed) for name, (share, listed) in _OFTEN_COINED.items()},
    "dir": values.place,
    "dirname": values.folder,
    "path": values.path,
    "newdir": values.folder,
    "plain_file": same(lambda rng: f"{names.coined(rng)}.{rng.choice(names.EXTENSIONS)}"),
    "coined": same(names.coined),
    "ext": values.extension,
    "bare_ext": values.bare_extension,
    "exts": values.extension_files,
    "glob": same(lambda rng: f"*.{rng.choice(list(values.LANGUAGES))}"),
    "n": values.count_of(2, 20),
    "N": values.count_of(10, 1000),
    "pid": values.count_of(100, 65000),
    "year": values.count_of(1990, 2030),
    "lineno": values.count_of(1, 200, counted=False),
    "col": values.count_of(1, 9, counted=False),
    "percent": same(lambda rng: str(rng.randint(1, 20) * 5)),
    "nth": values.nth,
    "days": values.duration("day"),
    "mins": values.duration("minute"),
    "hours": values.duration("hour"),
    "secs": values.duration("second"),
    "size": values.size,
    "date": same(lambda r: f"{r.randint(2015, 2026)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}"),
    "word": quotable(values.one_word, bare=1),
    "pattern": quotable(values.pattern, bare=0.2),
    "string": quotable(values.few_words(values.STRINGS), bare=0.1),
    "msg": quotable(values.few_words(values.MESSAGES), bare=0.1),
    "char": values.character,
    "user": same(names.person),
    "host": same(names.host),
    "domain": same(names.domain),
    "ip": same(names.address),
    "url": same(names.url),
    "repo": same(
        lambda rng: rng.choice(_REPOSITORIES).format(names.person(rng), names.plain_name(rng))
    ),
}
"""Every type by its name."""


def base(name: str) -> str:
    """Return the name of the type that a slot called *name* has: `file2` is a `file`."""
    return name if name in TYPES else name.rstrip("0123456789")


def typed(text: str) -> Draw | None:
    """Return the type that *text* names, `file` or `file mp4 mkv`, or None."""
    name, *extensions = text.split()
    if name == "file" and extensions and all(re.fullmatch(r"[\w.]+", each) for each in extensions):
        return file(extensions)
    return None if extensions else TYPES.get(name)
