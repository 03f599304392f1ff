"""The languages that a text may be in or be translated to: their codes and names."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from eidos.errors import ConfigError

_TABLE: Final = """
ar Arabic العربية
az Azerbaijani azərbaycan
be Belarusian беларуская
bg Bulgarian български
bn Bengali বাংলা
bs Bosnian bosanski
ca Catalan català
cs Czech čeština
cy Welsh Cymraeg
da Danish dansk
de German Deutsch
el Greek ελληνικά
en English English
eo Esperanto esperanto
es Spanish español
et Estonian eesti
eu Basque euskara
fa Persian فارسی
fi Finnish suomi
fr French français
ga Irish Gaeilge
gl Galician galego
he Hebrew עברית
hi Hindi हिन्दी
hr Croatian hrvatski
hu Hungarian magyar
hy Armenian հայերեն
id Indonesian Indonesia
is Icelandic íslenska
it Italian italiano
ja Japanese 日本語
ka Georgian ქართული
kk Kazakh қазақша
ko Korean 한국어
lt Lithuanian lietuvių
lv Latvian latviešu
mk Macedonian македонски
mr Marathi मराठी
ms Malay Melayu
nb Norwegian norsk
nl Dutch Nederlands
pl Polish polski
pt Portuguese português
ro Romanian română
ru Russian русский
sk Slovak slovenčina
sl Slovenian slovenščina
sq Albanian shqip
sr Serbian српски
sv Swedish svenska
sw Swahili Kiswahili
ta Tamil தமிழ்
te Telugu తెలుగు
th Thai ไทย
tl Filipino Filipino
tr Turkish Türkçe
uk Ukrainian українська
ur Urdu اردو
vi Vietnamese Tiếng Việt
zh Chinese 中文
""".strip()
_ROWS: Final = [line.split(" ", 2) for line in _TABLE.splitlines()]
NAMES: Final[Mapping[str, str]] = {code: name for code, name, _ in _ROWS}
"""English names by ISO 639-1 code."""
_OTHER: Final = {
    "no": "nb", "nn": "nb", "iw": "he", "in": "id", "fil": "tl", "zt": "zh",
    "mandarin": "zh", "farsi": "fa", "castellano": "es", "brazilian": "pt", "flemish": "nl",
}  # fmt: skip
_CODES: Final = {
    **_OTHER,
    **{
        word.casefold(): code
        for code, *names in _ROWS
        for word in (code, *names)
    },
}  # fmt: skip


def language_name(code: str) -> str:
    """Return the English name of the language *code*, or the code where there is none for it."""
    base = code.partition("-")[0].lower()
    return NAMES.get(base) or NAMES.get(_OTHER.get(base, ""), code)


def language_code(said: str) -> str:
    """Return the code of the language that *said* is: a code, a name in English, or its own name.

    A region, as in pt-BR or de_AT.UTF-8, is left out.

    Raises:
        ConfigError: no language is called so; the message names the nearest.
    """
    word = said.strip().casefold()
    if code := _CODES.get(word) or _CODES.get(word.partition("_")[0].partition("-")[0]):
        return code
    near = get_close_matches(word, [name for name in _CODES if len(name) > 3], n=1)  # noqa: PLR2004 - codes are all alike
    hint = f"did you mean {near[0]}?" if near else "give its name or code, like german or de"
    raise ConfigError(f"no language is called {said!r}; {hint}")


def same_language(one: str, other: str) -> bool:
    """Return whether two codes are of one language, whatever the region."""
    return _base(one) == _base(other)


def _base(code: str) -> str:
    base = code.partition("-")[0].lower()
    return _OTHER.get(base, base)
