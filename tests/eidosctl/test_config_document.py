"""Changes of a configuration file's text: what was meant is in it, and no other byte changed."""

import string
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidos import config_schema
from eidos.config import Config
from eidos.config_schema import Table
from eidos.validator.rules import RULES
from eidosctl import config_document

HINTS = get_type_hints(Config, include_extras=True)
KEYS = [key.name for key in fields(Config) if key.name != "rules"]
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
REMARK = st.text(string.ascii_letters + string.digits + ' ="[]#.', max_size=10)
LEVEL = st.sampled_from(["ok", "warn", "block"])
RULE = st.sampled_from(sorted(RULES)[:4])


def values(key: str) -> st.SearchStrategy[Any]:
    """Return what may stand at *key*."""
    kind, meta = get_args(HINTS[key])
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if kind is bool:
        return st.booleans()
    if kind is str:
        return TEXT
    return (st.integers if kind is int else st.floats)(meta.ge, meta.le)


SETTING = st.sampled_from(KEYS).flatmap(lambda key: st.tuples(st.just((key,)), values(key)))
RULE_SETTING = st.tuples(st.tuples(st.just("rules"), RULE), LEVEL)


@st.composite
def files(draw: st.DrawFn) -> str:
    """Return a file as people write them: blanks, comments, and a table of rules or none."""
    space = draw(st.sampled_from(["", " ", "  "]))
    lines: list[str] = []
    for key in draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=4)):
        lines += draw(comments())
        line = config_document.setting((key,), draw(values(key))).replace(" = ", f"{space}={space}")
        lines.append(line + draw(st.sampled_from(["", "", f" # {draw(REMARK)}"])))
    lines += draw(comments())
    style = draw(st.sampled_from(["none", "table", "dotted", "inline"]))
    rules = draw(st.lists(RULE, unique=True, max_size=2))
    if style == "table":
        lines += ["[rules]", *draw(comments())]
        lines += [f'{rule} = "{draw(LEVEL)}"' for rule in rules]
        lines += draw(comments())
    if style == "dotted":
        lines += [f"rules.{rule} = '{draw(LEVEL)}' # {draw(REMARK)}" for rule in rules]
    if style == "inline":
        lines += [f"rules = {{{', '.join(f'{rule} = {draw(LEVEL)!r}' for rule in rules)}}}"]
    return "".join(line + draw(st.shared(st.sampled_from(["\n", "\r\n"]))) for line in lines)


@st.composite
def comments(draw: st.DrawFn) -> list[str]:
    """Return some lines that say nothing."""
    line = st.one_of(st.just(""), st.just("  "), REMARK.map(lambda text: f"# {text}"))
    return draw(st.lists(line, max_size=2))


def others(text: str, path: config_document.KeyPath) -> list[str]:
    """Return the lines of *text* without that of *path*, and without a header that it needs."""
    names = (path[-1], ".".join(path), "[rules]") if len(path) > 1 else path
    words = (line.partition("=")[0].strip() for line in text.split("\n"))
    pairs = zip(text.split("\n"), words, strict=True)
    return [line for line, word in pairs if word not in names and line.strip()]


@given(files(), st.one_of(SETTING, RULE_SETTING))
def test_a_value_that_is_set_is_read_back_and_all_else_is_as_it_was(
    text: str, setting: tuple[config_document.KeyPath, object]
) -> None:
    """Any allowed value of any key, in files of many kinds, is what the daemon then reads."""
    path, value = setting
    before = tomllib.loads(text)

    new = config_document.with_value(text, path, value)

    after = tomllib.loads(new)
    assert read(after, path) == value
    assert type(read(after, path)) is type(value)
    assert config_document.changed_keys(before, after) in ((), (".".join(path),))
    if "rules = {" not in text or len(path) == 1:
        assert others(new, path) == others(text, path)
    assert config_document.with_value(new, path, value) == new


@given(files(), st.data())
def test_a_value_that_is_unset_is_gone_and_all_else_is_as_it_was(text: str, data: Any) -> None:
    """Any key that is in a file can be taken out of it."""
    before = tomllib.loads(text)
    paths = [(key,) for key in before]
    paths += [("rules", rule) for rule in before.get("rules", {})]
    if not paths:
        return
    path = data.draw(st.sampled_from(paths))

    new = config_document.without(text, path)

    assert not config_document.has(new, path) or read(tomllib.loads(new), path) == {}
    if path[0] != "rules":
        assert others(new, path) == others(text, path)
    gone = set(config_document.changed_keys(before, tomllib.loads(new)))
    assert all(f"{key}.".startswith(".".join(path)) for key in gone)


@given(files())
def test_a_line_is_where_its_key_is(text: str) -> None:
    """The number that is told is that of the line on which the key stands."""
    for key, value in tomllib.loads(text).items():
        if not isinstance(value, dict):
            line = config_document.line_of(text, (key,))

            assert line is not None
            assert text.split("\n")[line - 1].partition("=")[0].strip() == key


def test_a_new_key_stands_where_it_is_commented_out() -> None:
    """Who began with the template finds a setting below what the template says of it."""
    text = config_document.template()

    new = config_document.with_value(text, ("threads",), 4)

    at = new.split("\n").index("threads = 4")
    assert new.split("\n")[at - 1] == "# threads = 2"


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("", "threads = 4\n"),
        ("engines = 2", "engines = 2\nthreads = 4\n"),
        ("engines = 2\n\n# strict\n[rules]\na = 'ok'\n",
         "engines = 2\nthreads = 4\n\n# strict\n[rules]\na = 'ok'\n"),
        ("# mine\n\n[rules]\na = 'ok'\n", "# mine\nthreads = 4\n\n[rules]\na = 'ok'\n"),
        ("engines = 2 # two\r\n", "engines = 2 # two\r\nthreads = 4\r\n"),
        ('a = """\nthreads = 1\n# threads = 2\n"""\n',
         'a = """\nthreads = 1\n# threads = 2\n"""\nthreads = 4\n'),
        ("threads   =   2   # few\nengines=2", "threads   =   4   # few\nengines=2"),
    ],
    ids=["empty", "no end", "table", "table alone", "CRLF", "in a text", "blanks"],
)  # fmt: skip
def test_a_value_finds_its_place(text: str, new: str) -> None:
    """A new key joins the other keys, and a known one keeps its line, blanks and comment."""
    assert config_document.with_value(text, ("threads",), 4) == new


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("[rules]\na = 'ok'\n# end\n", "[rules]\na = 'ok'\nb = \"warn\"\n# end\n"),
        ("rules = {a = 'ok'} # two\n", "rules = {a = 'ok',b = \"warn\"} # two\n"),
        ("rules.a = 'ok'\nthreads = 1\n", "rules.a = 'ok'\nrules.b = \"warn\"\nthreads = 1\n"),
        ("threads = 1\n", 'threads = 1\n\n[rules]\nb = "warn"\n'),
    ],
    ids=["table", "inline", "dotted", "none"],
)
def test_a_rule_finds_its_place(text: str, new: str) -> None:
    """A level joins the others, in whatever way they are written."""
    assert config_document.with_value(text, ("rules", "b"), "warn") == new


def test_rules_that_are_unset_leave_their_comments() -> None:
    """`unset rules` takes out levels, and nothing that a person wrote about them."""
    text = "[rules]\n# mine\na = 'ok'\nb = 'ok'\n\n# the end\n"

    assert config_document.without(text, ("rules",)) == "[rules]\n# mine\n\n# the end\n"


def test_the_template_sets_nothing_and_shows_every_default(tmp_path: Path) -> None:
    """As it is it means the defaults; so it does with every key commented in."""
    path = tmp_path / "config.toml"
    path.write_text(config_document.template())
    assert Config.load({}, path) == Config()
    lines = path.read_text().splitlines()
    commented = [line for line in lines if line.startswith("# ") and " = " in line]
    commented = [line.removeprefix("# ") for line in commented if not line.endswith(".")]

    path.write_text("\n".join(line for line in commented if not line.startswith("git-clean")))

    assert Config.load({}, path) == Config()
    assert set(tomllib.loads(path.read_text())) == {*KEYS}


def test_migrating_keeps_comments_and_numbers_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person wrote stays, behind a key that has a new name too."""

    def step(table: Table) -> None:
        table["threads"] = table.pop("cores")

    monkeypatch.setattr(config_schema, "STEPS", (step,))
    text = "# mine\nengines = 2 # two\ncores = 4 # all of them\n\n# strict\n[rules]\na = 'ok'\n"

    new = config_document.migrated(text)

    assert new.startswith("schema = 2\n# mine\nengines = 2 # two\n")
    assert "threads = 4 # all of them\n" in new
    assert "# strict\n" in new
    assert tomllib.loads(new) == {"schema": 2, "engines": 2, "threads": 4, "rules": {"a": "ok"}}


def read(table: dict[str, Any], path: config_document.KeyPath) -> Any:
    """Return the value at *path*."""
    found: Any = table
    for part in path:
        found = found[part]
    return found
