"""Texts with a made-up secret in each, and texts that only look as if they had one.

The kinds of eidos_remote.secret_kinds were written with secret_texts.jsonl at hand; those of
secret_texts_unseen.jsonl were written after them, and no kind was changed for them.

In these files `@@` stands for the secret, which is made when it is needed, so that no scanner finds
one there.
"""

import base64
import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_ALNUM: Final = string.ascii_letters + string.digits
_UPPER: Final = string.ascii_uppercase + string.digits
_LOWER: Final = string.ascii_lowercase + string.digits
_SAFE: Final = _ALNUM + "-_"
_HEX: Final = "0123456789abcdef"

Maker = Callable[[random.Random], str]


@dataclass(frozen=True, slots=True)
class SecretText:
    """A text of a person's, and the secret in it."""

    kind: str
    text: str
    secret: str
    is_missed: bool
    """Whether it is known not to be found: docs/remote.md names such texts."""


def secret_texts(seed: int = 8, name: str = "secret_texts") -> Iterator[SecretText]:
    """Yield every text of the file *name*, with a secret made of *seed*."""
    chance = random.Random(seed)  # noqa: S311 - these keep nothing secret
    for row in _rows(name):
        secret = _MAKERS[row["made"]](chance)
        yield SecretText(
            row["kind"], row["text"].replace("@@", secret), secret, row.get("is_missed", False)
        )


def harmless_texts() -> list[str]:
    """Return texts of which nothing is to be taken out."""
    return [row["text"] for row in _rows("harmless_texts")]


def _rows(name: str) -> list[dict[str, Any]]:
    lines = Path(__file__).with_name(f"{name}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def _of(signs: str, count: int) -> Maker:
    return lambda chance: "".join(chance.choices(signs, k=count))


def _made(*parts: str | Maker) -> Maker:
    return lambda chance: "".join(p if isinstance(p, str) else p(chance) for p in parts)


def _alnum(count: int) -> Maker:
    """Return a maker of letters and digits, with one of each at least: so are all but very few."""
    return _made(_of(_ALNUM, count - 3), _of(string.digits, 1), _of("abcxyz", 1), _of("ABCXYZ", 1))


def _password(chance: random.Random) -> str:
    """Return a password as people make them: words, digits, a sign."""
    words = ("sunny", "Harbor", "kestrel", "Maple", "orbit", "Tulip", "garnet", "Comet")
    forms = ("plain", "pair", "random", "marked")
    form = chance.choice(forms)
    digits = str(chance.randrange(10, 9999))
    if form == "plain":
        return chance.choice(words) + digits
    if form == "pair":
        return chance.choice(words) + chance.choice("!#%+_-.") + chance.choice(words) + digits
    if form == "random":
        return "".join(chance.choices(_ALNUM, k=14)) + "7q"
    return chance.choice(words).title() + chance.choice("@!") + digits + chance.choice("!xZ")


def _plain_password(chance: random.Random) -> str:
    return chance.choice(("Harbor", "kestrel", "Maple")) + str(chance.randrange(100, 9999))


def _jwt(chance: random.Random) -> str:
    def part(value: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    signature = "".join(chance.choices(_SAFE, k=43))
    return f"{part({'alg': 'HS256'})}.{part({'sub': chance.randrange(10**9)})}.{signature}"


def _basic(chance: random.Random) -> str:
    return base64.b64encode(f"bob:{_password(chance)}".encode()).decode()


def _block(name: str, lines: int = 6, more: str = "") -> Maker:
    def make(chance: random.Random) -> str:
        body = "\n".join("".join(chance.choices(_ALNUM + "+/", k=64)) for _ in range(lines))
        return f"-----BEGIN {name}-----\n{more}{body}\n-----END {name}-----"

    return make


def _putty(chance: random.Random) -> str:
    body = "\n".join("".join(chance.choices(_ALNUM + "+/", k=64)) for _ in range(3))
    mac = "".join(chance.choices(_HEX, k=40))
    return (
        "PuTTY-User-Key-" + f"File-2: ssh-rsa\nEncryption: none\nPrivate-Lines: 3\n{body}\n"
        f"Private-MAC: {mac}"
    )


_MAKERS: Final[dict[str, Maker]] = {
    "aws access key": _made("AKIA", _of(_UPPER, 16)),
    "aws access key 2": _made("ASIA", _of(_UPPER, 16)),
    "aws secret key": _alnum(40),
    "github token": _made("ghp_", _alnum(36)),
    "github token 2": _made("github_pat_", _alnum(22), "_", _alnum(59)),
    "github token 3": _made("ghs_", _alnum(36)),
    "gitlab token": _made("glpat-", _alnum(20)),
    "gitlab token 2": _made("glrt-", _alnum(20)),
    "slack token": _made(
        "xoxb-", _of(string.digits, 12), "-", _of(string.digits, 12), "-", _alnum(24)
    ),
    "slack token 2": _made("xoxp-", _of(string.digits, 11), "-", _alnum(32)),
    "slack webhook": _made("T", _of(_UPPER, 8), "/B", _of(_UPPER, 8), "/", _alnum(24)),
    "discord": _made(_of(string.digits, 3), _alnum(60)),
    "stripe key": _made("sk_live_", _alnum(24)),
    "stripe key 2": _made("rk_test_", _alnum(30)),
    "stripe key 3": _made("whsec_", _alnum(32)),
    "google key": _made("AIza", _of(_SAFE, 34), "x"),
    "google key 2": _made("GOCSPX-", _alnum(28)),
    "google key 3": _made("ya29.", _alnum(80)),
    "openai key": _made("sk-proj-", _alnum(20), "T3BlbkFJ", _alnum(20)),
    "openai key 2": _made("sk-", _alnum(48)),
    "anthropic key": _made("sk-ant-api03-", _alnum(80), "-", _alnum(10)),
    "hugging face token": _made("hf_", _alnum(34)),
    "npm token": _made("npm_", _alnum(36)),
    "pypi token": _made("pypi-", "AgEI", "cHlwaS5vcmc", _alnum(120)),
    "json web token": _jwt,
    "sendgrid": _made("SG.", _alnum(22), ".", _alnum(43)),
    "twilio": _made("SK", _of(_HEX, 32)),
    "twilio 2": _of(_HEX, 32),
    "telegram token": _made(_of("123456789", 10), ":AA", _alnum(33)),
    "digitalocean": _made("dop_v1_", _of(_HEX, 64)),
    "vault token": _made("hvs.", _alnum(90)),
    "docker token": _made("dckr_pat_", _alnum(27)),
    "databricks": _made("dapi", _of(_HEX, 32)),
    "tailscale": _made("tskey-auth-", _alnum(12), "-", _alnum(24)),
    "mailgun": _made("key-", _of(_LOWER, 31), "7"),
    "shopify": _made("shpat_", _of(_HEX, 32)),
    "azure": _made(_alnum(86), "=="),
    "azure 2": _made(_alnum(42), "%3D"),
    "azure 3": _made(_alnum(3), "8Q~", _alnum(34)),
    "private key": _block("RSA PRIVATE KEY"),
    "private key 2": _block("OPENSSH PRIVATE KEY"),
    "private key 3": _block("EC PRIVATE KEY", 3),
    "private key 4": _block("DSA PRIVATE KEY"),
    "private key 5": _block("PRIVATE KEY"),
    "private key 6": _block("ENCRYPTED PRIVATE KEY"),
    "private key 7": _block("PGP PRIVATE KEY BLOCK", 9, "Version: 1\n\n"),
    "private key 8": _block(
        "RSA PRIVATE KEY", 6, "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AB\n\n"
    ),
    "private key 9": _putty,
    "private key 10": _made("AGE-SECRET-KEY-1", _of("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)),
    "wireguard key": _made(_alnum(43), "="),
    "password in a url": _password,
    "key or token by name": _alnum(32),
    "key or token by name 2": _of(_HEX, 40),
    "authorization": _basic,
    "password hash": _made("$6$", _alnum(12), "$", _alnum(86)),
    "password hash 2": _made("$2y$10$", _alnum(53)),
    "sentence": _plain_password,
}
"""By the name that a row of secret_texts.jsonl gives."""
