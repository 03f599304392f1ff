"""Secrets told by their name or their place: in settings, addresses, headers, sentences."""

import re
from collections.abc import Callable
from typing import Final

from eidos_remote.secret_shapes import LINE, Kind, Lead, after
from eidos_remote.secret_values import is_likely, is_mixed, is_random, is_real, is_scrambled

_PASSWORD_WORD: Final = (
    r"(?:pass[-_ ]?(?:word|wd|phrase|code)|passwor[dt]|kennwort|mot[ _]de[ _]passe"  # noqa: S105
    r"|contrase(?:ñ|n)a"
    r"|senha|пароль|密码|密碼|パスワード|비밀번호|wachtwoord|has[łl]o)"
)
_PASSWORD: Final = (
    rf"(?:{_PASSWORD_WORD}|(?<!alias )pwd|mysql_pwd|masterauth|rediscli_auth|(?<![a-z])(?:pw|psk)"
    r"|(?:(?<![a-z])|pg|ssh|db|user|my|root|store|key|dest|src|require|become_)pass(?!wor|wd|phr))"
)
_PASSWORD_NEEDLES: Final = (
    "pass",
    "pwd",
    "kennwort",
    "contrase",
    "senha",
    "пароль",
    "密码",
    "密碼",
    "パスワード",
    "비밀번호",
    "wachtwoord",
    "hasło",
    "haslo",
    "rediscli_auth",
    "masterauth",
    "pw",
    "psk",
)
_KEY: Final = (
    r"(?:api[-_ ]?(?:key|secret|token)|(?:access|secret|account|private|pre-?shared|encryption"
    r"|signing|shared[-_]?access|master|license|auth|app|client|storage)[-_ ]?key"
    r"|(?:client|app)[-_ ]?secret|secret[-_]?access[-_]?key|(?:webhook|jwt)[-_]?secret"
    r"|(?<![a-z])secret)"
)
_KEY_NEEDLES: Final = ("key", "secret", "api")
_TOKEN: Final = r"(?:token|(?<![a-z])auth|credentials?|session[-_]?id|bearer|sig(?:nature)?)"  # noqa: S105
_TOKEN_NEEDLES: Final = ("token", "auth", "credential", "session", "bearer", "sig")
_GIVEN: Final = r"""(?:\\?["'])?(?:\]|\s?\))?(?:=|:=)"""
"""`NAME=` with nothing between it and the value."""
_SAID: Final = (
    r"""(?:\\?["'`])?\]?(?:\s{0,3}(?:=>|==?|:=|：)\s{0,3}|\s{0,3}:\s{0,3}"""
    r"""|\s{1,3}(?:is|ist|lautet|est|es|é|era|was|to|это|jest)(?:\s{1,3}|\s?:\s{0,3})|\s?は\s?|\s?是\s?)"""
    r"""(?:[|>][-+]?\s{0,3}\n\s{0,20})?"""  # of a block in YAML
)
"""`NAME: `, `NAME = ` or `NAME is `, as in a file or in a sentence."""
_SET: Final = r"""(?:\\?["'`])?\]?\s{0,3}(?:=>|=|:=|:)\s{0,3}\\?["']"""
"""`NAME: "`, `"NAME": "` or `NAME = "`."""
PLACES: Final = (
    Kind(
        "password",
        re.compile(
            r"""[a-z+]{2,20}://[^\s:/@'"<>]{0,100}:(?P<secret>(?!\d{1,5}/)(?:[^\s@/'"<>]"""
            r"""|@(?=[^\s/@'"]{1,100}@)|/(?=[^\s@'"/?]{0,60}@[\w.-]{1,100}[:/])){1,300})@""",
            re.IGNORECASE,
        ),
        ("://",),
        is_real,
    ),
    Kind(
        "token",
        re.compile(r"https?://(?P<secret>[\w.~-]{16,250})(?::x-oauth-basic)?@", re.IGNORECASE),
        ("://",),
        is_random,
    ),
    after("password", r"\w{1,60}:", "@tcp(", "@unix(", shape=r"[^\s:@]{1,200}(?=@(?:tcp|unix)\()"),
    after(
        "authorization",
        r"authorization\\?[\"']?\s{0,3}[:=]\s{0,3}\\?[\"']?"
        r"(?:(?:bearer|basic|token|digest|apikey|negotiate|aws4-hmac-sha256|bot|key)\s{1,3})?",
        "authorization",
        shape=r"[^\s'\"\\][^\n'\"\\]{3,4000}",
    ),
    after(
        "authorization", r"\bbearer\s{1,3}", "bearer", shape=r"[\w.~+/=-]{16,4000}", test=is_random
    ),
    after(
        "cookie",
        r"(?:^|['\"\s])(?:set-)?cookie:\s{0,3}",
        "cookie",
        shape=r"[\w.-]{1,80}=[^\n'\"]{4,4000}",
    ),
    after("cookie", r"\bcurl\b" + LINE + r"(?:-b|--cookie)[\s=]", "curl"),
    after(
        "API key",
        r"\bx-[\w-]{0,30}(?:key|token|secret)\\?[\"']?\s{0,3}:\s{0,3}\\?[\"']?",
        "x-",
        shape=r"[\w.~+/=:-]{6,1000}",
    ),
    after(
        "API key",
        r"\b(?:private-token|job-token|api-key|apikey|dd-api-key|ocp-apim-subscription-key)"
        r"\s{0,3}:\s{0,3}",
        "token",
        "key",
        shape=r"[\w.~+/=:-]{6,1000}",
    ),
)
_LEADS: Final = {
    name: Lead(re.compile(pattern, re.IGNORECASE), needles)
    for name, pattern, needles in (
        ("password", _PASSWORD, _PASSWORD_NEEDLES),
        ("password in words", _PASSWORD_WORD, _PASSWORD_NEEDLES),
        ("key", _KEY, _KEY_NEEDLES),
        ("token", _TOKEN, _TOKEN_NEEDLES),
    )
}
_OPTION: Final = r"-(?<!\S-)-?[\w-]{0,30}"
"""Its first sign is a fixed one, for which `re` searches ten times faster than for a lookbehind."""
_YAML: Final = r"""["']?,?\s{0,3}\n\s{0,20}["']?value["']?:\s{0,3}"""
"""As of a variable of a container: its name, and its value on the next line."""


def _named(lead: str, rest: str, *, shape: str = "", test: Callable[[str], bool] = is_real) -> Kind:
    """Return a kind that is known by its name and by what stands between this and the secret."""
    name = lead.removesuffix(" in words")
    return after(name, rest, shape=shape, test=test, lead=_LEADS[lead])


NAMES: Final = (
    _named("password", r"\w{0,20}>\s{0,3}", shape=r"[^<\s]{1,300}(?=</)"),
    _named("password in words", r"\s?\(\s?", shape=r"[^\s()]{6,100}(?=\))", test=is_mixed),
    *(_named(lead, _YAML) for lead in ("password", "key", "token")),
    _named("token", r"\s{1,3}(?:[\w-]{1,20}\s{1,3}|<<<\s?)?", test=is_scrambled),
    _named("password", _GIVEN),
    _named("password", _SAID, test=is_likely),
    # A plain word is one where it is set as a value: in quotes, or with a line of its own.
    _named("password", _SET, shape=r"(?<=[\"'])[^\s\"'\\]{4,300}(?=\\?[\"'])"),
    after(
        "password",
        r"^[ \t-]{0,40}[\w.-]{0,40}?" + _PASSWORD + r"\s?[:=][ \t]{1,3}",
        *_PASSWORD_NEEDLES,
        shape=r"[^\s\"']{4,300}(?=[ \t]{0,3}$)",
    ),
    after("password", _OPTION + _PASSWORD + r"\s{1,3}(?!-)", *_PASSWORD_NEEDLES),
    _named("password", r"\s{1,3}(?:(?:from|to|of|as|with)\s)?(?!-)", test=is_mixed),
    _named(
        "password in words",
        r"(?:\s[\w'-]{1,20}){1,5}?\s?(?:\b(?:is|ist|est|es|to)\b\s?:?|:)\s{1,3}",
        test=is_mixed,
    ),
    Kind(
        "password",
        re.compile(
            r"(?P<secret>(?<!\S)[^\s'\"`]{6,100})\s(?:as|is|for|a\sgood)\s"
            rf"(?:(?:the|my|a|our|your)\s)?(?:\w{{1,20}}\s)?{_PASSWORD_WORD}\b",
            re.IGNORECASE,
        ),
        _PASSWORD_NEEDLES,
        is_mixed,
    ),
    _named("key", r"\s{1,3}", test=is_random),
    _named("key", _GIVEN),
    _named("key", _SAID, test=is_likely),
    after("key", _OPTION + _KEY + r"\s{1,3}(?!-)", *_KEY_NEEDLES),
    _named("token", _GIVEN, test=is_likely),
    _named("token", _SAID, test=is_random),
    after("token", _OPTION + _TOKEN + r"\s{1,3}(?!-)", *_TOKEN_NEEDLES, test=is_likely),
)
