"""Which language a text is in, and what a language is called."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from eidos.errors import ConfigError
from eidos.language_names import NAMES, language_code, language_name, same_language
from eidos.languages import detect, is_foreign

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SAMPLES = [
    line.split("\t")
    for line in (BENCHMARKS / "language_samples.txt").read_text("utf-8").splitlines()
    if "\t" in line
]
ENGLISH = [
    line
    for line in (BENCHMARKS / "requests.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
CLOSE = {frozenset(pair) for pair in (("da", "nb"), ("cs", "sk"), ("ru", "uk"), ("sv", "nb"))}
"""What three words may not tell apart."""


def test_no_request_in_english_is_foreign() -> None:
    """None of the fixed requests is taken for another language: each passes this check."""
    assert {text: code for text in ENGLISH if (code := is_foreign(text))} == {}


def test_most_requests_in_other_languages_are_known() -> None:
    """Of requests as they are typed, file names and loan words in them, four of five are found."""
    right = [is_foreign(text) == code for code, text in SAMPLES]

    assert len({code for code, _ in SAMPLES}) == 20
    assert sum(right) >= 0.8 * len(SAMPLES)


@pytest.mark.parametrize(
    "text",
    [
        "ls -la",
        "git commit -m 'lösche alle alten Dateien'",
        'echo "покажи файлы"',
        "cat größe.txt",
        "mv отчёт.txt old/",
        "tar xzf archiv.tar.gz",
        "sudo apt install nginx",
        "docker",
        "/usr/share/doc/übersicht",
        "naïve café.md",
        "12345",
        "",
        "???",
        "ssh müller@example.org",
        "find files called «größe»",
        "connect to Zürich",
    ],
)
def test_commands_and_names_are_not_foreign(text: str) -> None:
    """What is in no language, and English with a foreign name in it, is none to be translated."""
    assert is_foreign(text) is None


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("de", "Der schnelle braune Fuchs springt über den faulen Hund."),
        ("en", "The quick brown fox jumps over the lazy dog."),
        ("fr", "Portez ce vieux whisky au juge blond qui fume."),
        ("ja", "いろはにほへと散りぬるを"),
        ("zh", "敏捷的棕色狐狸跳过了懒狗"),
        ("ko", "다람쥐 헌 쳇바퀴에 타고파"),
        ("ar", "نص حكيم له سر قاطع وذو شأن عظيم"),
        ("el", "ξεσκεπάζω την ψυχοφθόρα βδελυγμία"),
        ("ru", "съешь ещё этих мягких французских булок"),
        ("", "12 + 34 = 46"),
    ],
)
def test_a_sentence_has_its_language(code: str, text: str) -> None:
    """A sentence is told by its letters and words; what has none is in no language."""
    assert detect(text).code == code


def test_most_languages_of_the_samples_are_told() -> None:
    """What a request most likely is, is right in four of five, near relatives not counted."""
    right = [
        (found := detect(text).code) == code or frozenset((code, found)) in CLOSE
        for code, text in SAMPLES
    ]

    assert sum(right) >= 0.85 * len(SAMPLES)


def test_a_long_text_is_read_in_part() -> None:
    """A megabyte is told by its beginning."""
    assert detect("Das ist ein langer Text auf Deutsch. " * 30_000).code == "de"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("de", "mach bitte das, was du schon gestern für mich gemacht hast"),
        ("de", "ich will alle Dateien löschen"),
        ("it", "elenca i file nella directory corrente"),
        ("pt", "remove os arquivos temporários da pasta"),
        ("es", "use grep para buscar errores en los archivos"),
        ("hu", "add meg a fájlok listáját"),
    ],
)
def test_a_word_that_english_has_too_makes_nothing_english(code: str, text: str) -> None:
    """Was, will, directory and remove are words of others; one of them proves little."""
    assert is_foreign(text) == code


@pytest.mark.parametrize(
    "text", ["show the größte file", "use az container to create a container", "az vm: start one"]
)
def test_english_with_a_foreign_word_is_english(text: str) -> None:
    """Neither a word of another language nor a program that is called like one changes that."""
    assert is_foreign(text) is None


def test_a_request_in_plain_english_loads_no_model() -> None:
    """The library and its model are loaded for what may be foreign, and not before."""
    program = (
        "import sys, json; from eidos.languages import is_foreign as f; "
        "f('show the files that were changed today'); a = 'fasttext' in sys.modules; "
        "f('zeige alle geänderten dateien'); print(json.dumps([a, 'fasttext' in sys.modules]))"
    )

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert json.loads(result.stdout) == [False, True]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("de", "de"),
        ("DE", "de"),
        ("German", "de"),
        ("deutsch", "de"),
        ("pt-BR", "pt"),
        ("de_AT.UTF-8", "de"),
        ("no", "nb"),
        ("Türkçe", "tr"),
        (" 中文 ", "zh"),
        ("tiếng việt", "vi"),
    ],
)
def test_a_language_is_named_in_many_ways(said: str, code: str) -> None:
    """By its code, with a region or not, by its English name or its own."""
    assert language_code(said) == code


@pytest.mark.parametrize(
    ("said", "hint"),
    [("germann", "german"), ("xx", "like german or de"), ("", "like german or de")],
)
def test_a_wrong_name_gets_a_hint(said: str, hint: str) -> None:
    """Who mistypes a language is told the nearest one, or how to name it."""
    with pytest.raises(ConfigError, match=hint):
        language_code(said)


def test_each_code_has_a_name() -> None:
    """A code is shown as a name, and an unknown one as itself."""
    assert language_name("de") == "German"
    assert language_name("pt-BR") == "Portuguese"
    assert language_name("no") == "Norwegian"
    assert language_name("xx") == "xx"
    assert all(language_code(name) == code for code, name in NAMES.items())


def test_a_region_is_the_same_language() -> None:
    """Brazilian Portuguese is Portuguese; Danish is not Norwegian."""
    assert same_language("pt-BR", "pt")
    assert same_language("no", "nb")
    assert not same_language("da", "nb")
