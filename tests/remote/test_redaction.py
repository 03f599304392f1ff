"""What is taken out of a text before it goes, what stays, and what comes back."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.secret_texts import SecretText, harmless_texts, secret_texts
from eidos_remote.messages import Redacted, Turn
from eidos_remote.redaction import redact, redact_turns

_FOUND = [case for case in secret_texts() if not case.is_missed]
_IDS = [f"{case.kind} {number}" for number, case in enumerate(_FOUND)]
_KEY = "AK" + "IA" + "Q7RTYUIOPLKJHGFD"
_OTHER = "AK" + "IA" + "ZXCVBNMASDFGHJK2"
_HOSTILE = (
    "a", "1", "=", "'", '"', "\\", "(", "[", "-----BEGIN RSA " + "PRIVATE KEY-----", "-----END ",
    "PuTTY-User-Key-" + "File-2:", "eyJaaaaaaaaaa.", _KEY, "sk-", "curl -u ", "mysql ", "-u a ",
    "password ", "password=", "password is ", "password\n", "machine a login b password c ",
    "api_key", "token ", "://", "http://a:", "a:b@", "cookie: a=", "bearer ", "[password 1",
    "user password ", "aB1",
)  # fmt: skip
_ordinary = st.text(st.sampled_from(string.ascii_letters + " \n.,'\"é[]12="), max_size=60)


@pytest.mark.parametrize("case", _FOUND, ids=_IDS)
def test_a_secret_is_taken_out(case: SecretText) -> None:
    """Nothing is left of a secret that the texts of the benchmark have, and something tells so."""
    clean = redact(case.text)

    assert case.secret not in clean.text
    assert clean.found
    assert not any(case.secret in repr(part) for part in (clean, *clean.found))


@pytest.mark.parametrize("seed", range(20, 24))
def test_it_does_not_depend_on_the_secret(seed: int) -> None:
    """Other secrets in the same texts are taken out as well, but for one in a hundred."""
    cases = [case for case in secret_texts(seed) if not case.is_missed]

    left = [case.text for case in cases if case.secret in redact(case.text).text]

    assert len(left) * 100 <= len(cases), left


@pytest.mark.parametrize("text", harmless_texts())
def test_what_is_no_secret_stays(text: str) -> None:
    """Hashes, ids, variables, examples, and words about passwords are left as they are."""
    assert redact(text).text == text
    assert redact(text).found == ()


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"'{_KEY}'", "'[AWS access key 1]'"),
        ("curl -u bob:kestrel4711 'h'", "curl -u bob:[password 1] 'h'"),
        ("ftp://bob:" + "kestrel4711@h/x", "ftp://bob:[password 1]@h/x"),
        ("mysql -p'kestrel 4711' x", "mysql -p'[password 1]' x"),
        ("Pwd=kestrel4711;Server=h", "Pwd=[password 1];Server=h"),
        ("x?token=kestrel4711abc&y=1", "x?token=[token 1]&y=1"),
        ("curl -fsSLu bob:kestrel4711 'h'", "curl -fsSLu bob:[password 1] 'h'"),
        ('{"password": "kestrel"}', '{"password": "[password 1]"}'),
        ("a:\n  db_password: kestrel\n  b: 1", "a:\n  db_password: [password 1]\n  b: 1"),
        ('if password == "": return', 'if password == "": return'),
        ("unzip -Pkestrel4711 a.zip", "unzip -P[password 1] a.zip"),
        ("usermod -p 'kestrel4711' bob", "usermod -p '[password 1]' bob"),
        ("chpasswd <<< 'bob:kestrel4711'", "chpasswd <<< 'bob:[password 1]'"),
        ("password: >-\n  kestrel4711\nb: 1", "password: >-\n  [password 1]\nb: 1"),
        ("İİİ " * 30 + "PASSWORD=kestrel4711", "İİİ " * 30 + "PASSWORD=[password 1]"),
        ('{"pass' + 'word":"kestrel4711"}', '{"password":"[password 1]"}'),
    ],
)
def test_what_stands_around_it_stays(text: str, clean: str) -> None:
    """Quotes, users, hosts and what comes behind are still there: the text stays readable."""
    assert redact(text).text == clean


def test_the_same_secret_has_the_same_number() -> None:
    """One secret has one placeholder, another one the next, and each is told once."""
    clean = redact(f"{_KEY} {_OTHER} {_KEY}")

    assert clean.text == "[AWS access key 1] [AWS access key 2] [AWS access key 1]"
    assert clean.found == (
        Redacted("AWS access key", "[AWS access key 1]"),
        Redacted("AWS access key", "[AWS access key 2]"),
    )


def test_a_conversation_is_numbered_as_a_whole() -> None:
    """A secret that one turn gives away is taken out of all of them, under the same number."""
    turns = (
        Turn("user", "why is kestrel4711 refused?"),
        Turn("assistant", "where do you use it?"),
        Turn("user", "mysql -pkestrel4711; and curl -u a:orbit0815 h"),
    )

    clean, found = redact_turns(turns)

    assert [turn.text for turn in clean] == [
        "why is [password 1] refused?",
        "where do you use it?",
        "mysql -p[password 1]; and curl -u a:[password 2] h",
    ]
    assert [turn.role for turn in clean] == [turn.role for turn in turns]
    assert [one.shown for one in found] == ["[password 1]", "[password 2]"]


def test_a_placeholder_of_before_is_no_secret_and_keeps_its_number() -> None:
    """A conversation that goes on has placeholders in it: new ones get other numbers."""
    clean = redact("PASSWORD=[password 1] and now PASSWORD=kestrel4711")

    assert clean.text == "PASSWORD=[password 1] and now PASSWORD=[password 2]"
    assert clean.restore(clean.text) == "PASSWORD=[password 1] and now PASSWORD=kestrel4711"


@pytest.mark.parametrize(
    "answer",
    ["[aws access key 1]", "[ AWS  Access Key 1 ]", "［AWS access key 1］", "【AWS access key１】"],
)
def test_a_translator_may_change_the_form_of_a_placeholder(answer: str) -> None:
    """Case, blanks, and the brackets and digits of other scripts: the secret comes back."""
    assert redact(_KEY).restore(f"der Schlüssel {answer}.") == f"der Schlüssel {_KEY}."


def test_a_placeholder_that_nobody_made_stays() -> None:
    """An answer with a placeholder of its own is not changed by it."""
    assert redact(_KEY).restore("[AWS access key 2] [password 1]") == (
        "[AWS access key 2] [password 1]"
    )


@settings(max_examples=40)
@given(st.lists(st.one_of(_ordinary, st.sampled_from(_FOUND).map(lambda case: case.text))))
def test_a_text_comes_back_whole(parts: list[str]) -> None:
    """Whatever was taken out, restore puts exactly that back; once cleaned, a text stays so."""
    text = " ".join(parts)

    clean = redact(text)

    assert clean.restore(clean.text) == text


@settings(max_examples=40)
@given(_ordinary, st.sampled_from(_FOUND), _ordinary)
def test_a_secret_is_found_in_the_middle_of_a_text(
    before: str, case: SecretText, behind: str
) -> None:
    """What stands on the lines around it hides no secret."""
    text = f"{before}\n\n{case.text}\n\n{behind}"

    assert case.secret not in redact(text).text


@pytest.mark.timeout(60)
@pytest.mark.parametrize("unit", _HOSTILE)
def test_no_text_takes_long(unit: str) -> None:
    """The longest message there may be, made to be hard: 0.1 s here, years for a bad pattern."""
    text = (unit * 10_000)[:10_000]

    clean = redact(text)

    assert clean.restore(clean.text) == text
