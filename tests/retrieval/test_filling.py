"""Values in commands: quoted for their place, and never more than a value."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from eidos.protocol import Shell
from eidos.retrieval.filling import Hole, Raw, fill, fits, quoted
from eidos.validator.budget import Budget
from eidos.validator.reading.syntax import read_line
from eidos.validator.script import Call, Text

SHELLS = ["bash", "zsh", "fish"]


def hole(quote: str = "", *, glued: bool = False, before: str = " ", program: str = "cat") -> Hole:
    """Return a hole."""
    return Hole("x", quote, glued, before, program)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("notes.txt", "notes.txt"),
        ("my notes.txt", '"my notes.txt"'),
        ("~/my notes", '~/"my notes"'),
        ("~/notes", "~/notes"),
        ("a$b", "'a$b'"),
        ("it's", '"it\'s"'),
        ("*.py", '"*.py"'),
        ("a;b", '"a;b"'),
        ("=ls", '"=ls"'),
    ],
)
def test_bare_values_get_the_quotes_they_need(shell: str, value: str, source: str) -> None:
    """A plain name has no quotes, what means something to a shell has, and `~` stays outside."""
    assert quoted(value, hole(), shell) == source


@pytest.mark.parametrize(
    ("shell", "value", "source"),
    [
        ("bash", "it's", "it'\\''s"),
        ("fish", "it's", "it\\'s"),
        ("fish", "a\\", "a\\\\"),
        ("fish", "\\'", "\\\\\\'"),
        ("fish", r"\d+", r"\d+"),
        ("zsh", "a\\", "a\\"),
    ],
)
def test_single_quotes_are_never_ended(shell: str, value: str, source: str) -> None:
    """Each shell has its own way to write a quote, and fish a backslash, between them."""
    assert quoted(value, hole("'"), shell) == source


@pytest.mark.parametrize(
    ("value", "glued", "source"),
    [
        ("~/a", False, "$HOME/a"),
        ("~bob/a", False, "~bob/a"),
        ('a"b', False, 'a\\"b'),
        ("$(id)", False, "\\$(id)"),
        ("~", True, "$HOME"),
    ],
)
def test_double_quotes_keep_everything_but_home(value: str, glued: bool, source: str) -> None:
    """Between double quotes only the user's own home is put in for a `~`."""
    assert quoted(value, hole('"', glued=glued, before="="), "bash") == source


def test_source_goes_in_as_it_is() -> None:
    """A listed value is shell source already."""
    assert fill(("cat ", hole()), {"x": "$HOME/a | wc"}, "bash") == "cat $HOME/a | wc"
    assert fill(("cat ", hole()), {"x": Raw("a | wc")}, "bash") == 'cat "a | wc"'


PRINTABLE = st.text(
    st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1
)


@given(PRINTABLE)
@example("a\\")
@example("it's $(id) `id` \"")
@pytest.mark.parametrize("shell", Shell)
@pytest.mark.parametrize("quote", ["", '"', "'"])
def test_a_quoted_value_is_one_word_that_means_it(quote: str, shell: Shell, value: str) -> None:
    """Whatever a value is, each shell reads it as this one word, but for `!` in double quotes.

    There a `~` is the user's home, of which the test above tells.
    """
    assume(quote != '"' or not (value == "~" or value.startswith("~/")))
    assume(fits(value, hole(quote), shell) or value.startswith("-"))
    source = f"{quote}{quoted(value, hole(quote), shell)}{quote}"

    statement = read_line(f"cat {source}", shell, Budget.start(time_s=5))

    assert isinstance(statement, Call)
    _, word = statement.words
    assert all(isinstance(part, Text) for part in word.parts)
    assert "".join(part.text for part in word.parts if isinstance(part, Text)) == value


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("-rf", hole()),
        ("a\u2028b", hole()),
        ("a\x1bb", hole()),
        ("hi!", hole('"')),
        ("a/e id", hole("'", glued=True, before="/", program="sed")),
        ("1;system(1)", hole("'", glued=True, before="$", program="awk")),
        ("}; rm -rf ~", hole("'", glued=True, before="{", program="awk")),
        ("users; DROP TABLE users", hole('"', glued=True, before=" ", program="psql")),
        ("users WHERE 1=1", hole('"', glued=True, before=" ", program="sqlite3")),
        ("os; os.remove(1)", hole('"', glued=True, before=" ", program="python3")),
        ("x; id", hole('"', program="watch")),
        ("uptime; id", hole(program="ssh")),
        ("v}$(id)", hole(glued=True, before="{", program="echo")),
        ("a b", hole(glued=True, before="$", program="echo")),
        ("LD_PRELOAD=x", hole(program="")),
        ("a*b", hole('"', glued=True, before="*", program="find")),
        (".*", hole('"', glued=True, before="^", program="grep")),
    ],
)
def test_values_that_would_mean_more_do_not_fit(value: str, place: Hole) -> None:
    """Options, programs in other languages, patterns and what history reads are no values."""
    assert not fits(value, place, "bash")


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("my file; rm -rf ~", hole()),
        ("$(id)", hole('"', program="grep")),
        ("foo_bar", hole("'", glued=True, before="/", program="sed")),
        ("price", hole("'", glued=True, before=".", program="jq")),
        ("users", hole('"', glued=True, before=" ", program="psql")),
        ("htop", hole(program="")),
        ("/tmp/a b", hole(glued=True, before="=", program="dd")),
    ],
)
def test_values_that_the_shell_quotes_fit(value: str, place: Hole) -> None:
    """A whole argument may be anything; inside of code a name may be a name."""
    assert fits(value, place, "bash")
