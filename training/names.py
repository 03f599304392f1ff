"""Coined names of files, folders and paths: nobody listed them, so the model learns to copy.

Some have blanks, quotes or umlauts in them, as names of real files do.
"""
# ruff: noqa: PLR2004 - a share reads best where it is used

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

WORDS_FILE: Final = Path(__file__).with_name("words.txt")

STEMS: Final = (
    "notes report data config server main index app users output input results todo readme summary "
    "backup access debug invoice budget schedule inventory customers orders products employees "
    "test sample draft list names emails settings package build deploy setup schema query dump "
    "export import archive final chapter1 thesis resume letter session metrics stats events errors "
    "temp cache hosts recipe holiday contract agenda minutes receipts grades homework script"
).split()
EXTENSIONS: Final = (
    "txt txt log md csv json conf cfg ini xml html yaml yml sh py js c h cpp java go rs rb php sql "
    "tmp bak dat tsv toml docx xlsx"
).split()
FOLDERS: Final = (
    "src docs build logs data backup images photos music videos downloads projects website public "
    "tests lib bin include scripts assets config tmp old archive Documents Downloads Pictures "
    "Music Desktop node_modules dist vendor reports invoices uploads repo myproject work app"
).split()
ABSOLUTE: Final = (
    "/var/log /etc /tmp /home /usr/local/bin /opt /var/www /srv /usr/share /var/lib /home/alice "
    "/home/user/projects /var/www/html /mnt/data /usr/local /etc/nginx /data /backup /media/usb "
    "/usr/lib /boot /var/cache /srv/data /var/spool /var/tmp /etc/systemd /opt/app"
).split()
IN_HOME: Final = (
    "~/Documents ~/Downloads ~/projects ~/src ~/backup ~/Pictures ~/Desktop ~/.config ~/work "
    "~/code ~/Music ~/.ssh ~/.local/share ~/bin"
).split()
_SPOKEN: Final = (
    "annual report,meeting notes,my notes,new pictures,old stuff,to do,tax 2024,summer holiday,"
    "project plan,shopping list,final draft,holiday photos,team budget,work in progress,"
    "bank statements,lecture 3,chapter two,client list,My Documents,Program Files,year end review"
).split(",")
_OWNED: Final = "bob's,anna's,mum's,john's,o'brien,don't touch,it's done,dad's backup".split(",")
_UMLAUTS: Final = (
    "Übersicht,größe,Rechnung_März,résumé,café,prüfung,Fotos Köln,señal,naïve,façade,Ärzte,"
    "straße,jalapeño,brûlée,übung3,Gehälter"
).split(",")
_SUFFIXES: Final = "1 2 3 4 5 7 10 42 01 02 2023 2024 2025 v2 v3 old new a b final copy".split()


@cache
def words() -> tuple[str, ...]:
    """Return the words that names are coined from."""
    return tuple(WORDS_FILE.read_text(encoding="utf-8").split())


def coined(rng: Random) -> str:
    """Return a name of one to three words, joined in one of the usual ways."""
    parts = [rng.choice(words()) for _ in range(rng.choice((1, 1, 2, 2, 2, 3)))]
    style = rng.random()
    if style < 0.45:
        name = "_".join(parts)
    elif style < 0.65:
        name = "-".join(parts)
    elif style < 0.75:
        name = "".join(parts)
    elif style < 0.86:
        name = parts[0] + "".join(part.capitalize() for part in parts[1:])
    elif style < 0.95:
        name = "".join(part.capitalize() for part in parts)
    else:
        name = "_".join(parts).upper()
    return name + _suffix(rng) if rng.random() < 0.3 else name


def plain_name(rng: Random) -> str:
    """Return a name for a thing of the machine: lower case, digits, one `-` or `_`."""
    name = rng.choice("-_").join(rng.choice(words()) for _ in range(rng.choice((1, 1, 2))))
    return (name + rng.choice(_SUFFIXES[:10]) if rng.random() < 0.2 else name).lower()


def stem(rng: Random) -> str:
    """Return what stands before a file's extension; one in fourteen needs quotes."""
    kind = rng.random()
    if kind < 0.045:
        return rng.choice(_SPOKEN)
    if kind < 0.06:
        return rng.choice(_UMLAUTS)
    if kind < 0.07:
        return rng.choice(_OWNED) + rng.choice(("", " " + rng.choice(STEMS)))
    if kind < 0.5:
        return coined(rng)
    name = rng.choice(STEMS)
    return name + _suffix(rng) if rng.random() < 0.25 else name


def file_name(rng: Random, extensions: Sequence[str] = EXTENSIONS) -> str:
    """Return a file's name, three in four without a folder before it."""
    name = f"{stem(rng)}.{rng.choice(extensions)}"
    kind = rng.random()
    if kind < 0.08:
        return f"{nested(rng)}/{name}"
    if kind < 0.13:
        return f"{rng.choice(ABSOLUTE)}/{name}"
    if kind < 0.2:
        return f"{rng.choice(FOLDERS)}/{name}"
    return f"~/{name}" if kind < 0.24 else name


def nested(rng: Random) -> str:
    """Return a path of coined and common parts, absolute or relative."""
    parts = [_part(rng) for _ in range(rng.choice((1, 2, 2, 3, 3, 4)))]
    return rng.choice(("/", "/", "", "~/", "./", "../")) + "/".join(parts)


def folder(rng: Random) -> str:
    """Return a folder's name or path; one in fourteen needs quotes."""
    kind = rng.random()
    if kind < 0.28:
        return nested(rng)
    if kind < 0.4:
        return coined(rng)
    if kind < 0.47:
        return rng.choice((*_SPOKEN, *_UMLAUTS, *(f"~/{name}" for name in _SPOKEN[:5])))
    if kind < 0.68:
        return rng.choice(FOLDERS)
    return rng.choice(ABSOLUTE if kind < 0.88 else IN_HOME)


def person(rng: Random) -> str:
    """Return a login name."""
    names = (
        "alice bob john mary deploy ubuntu jenkins anna tom lisa peter maria admin guest".split()
    )
    if rng.random() < 0.6:
        return rng.choice(names)
    first = rng.choice("abcdefghijklmnoprstw")
    return rng.choice(
        (first + rng.choice(words()).lower(), f"{rng.choice(names)}{rng.randint(1, 99)}")
    )


def host(rng: Random) -> str:
    """Return the name of a machine, or its address."""
    kind = rng.random()
    if kind < 0.3:
        roles = "web db app mail cache build nas pi backup staging node".split()
        return f"{rng.choice(roles)}{rng.choice(('', '1', '2', '01', '02', '-prod', '-test'))}"
    return address(rng) if kind < 0.5 else domain(rng)


def domain(rng: Random) -> str:
    """Return a name of the internet's."""
    if rng.random() < 0.35:
        return rng.choice("example.com google.com github.com example.org debian.org".split())
    ending = rng.choice("com org net io dev de co.uk".split())
    below = rng.choice(("", "", "", "www.", "api.", "mail.", "shop.", "staging."))
    return f"{below}{rng.choice(words()).lower()}{rng.choice(('', '', '-app', 'hub'))}.{ending}"


def address(rng: Random) -> str:
    """Return an IPv4 address, mostly a private one."""
    last = rng.randint(1, 254)
    kind = rng.random()
    if kind < 0.5:
        return f"192.168.{rng.randint(0, 9)}.{last}"
    if kind < 0.8:
        return f"10.{rng.randint(0, 20)}.{rng.randint(0, 9)}.{last}"
    return rng.choice(("8.8.8.8", "1.1.1.1", "127.0.0.1", f"172.16.{rng.randint(0, 31)}.{last}"))


def url(rng: Random) -> str:
    """Return an address of the web."""
    if rng.random() < 0.15:
        return f"http://localhost:{rng.choice((3000, 5000, 8000, 8080))}"
    page = rng.choice(("", "/index.html", "/api/users", "/data.json", "/status", "/v1/items"))
    if rng.random() < 0.5:
        page = f"/{file_name(rng, ('zip', 'tar.gz', 'csv', 'iso', 'pdf')).rsplit('/', 1)[-1]}"
        page = page.replace(" ", "_").replace("'", "").encode("ascii", "ignore").decode()
    return f"https://{domain(rng)}{page}"


def _part(rng: Random) -> str:
    return rng.choice((rng.choice(FOLDERS), coined(rng), rng.choice(words())))


def _suffix(rng: Random) -> str:
    return rng.choice(("_", "-", "")) + rng.choice(_SUFFIXES)
