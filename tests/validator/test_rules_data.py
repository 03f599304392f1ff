"""Lost data: version control, databases, clouds and containers."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidos.protocol import Level, Shell
from eidos.validator.commands import Command, Word
from eidos.validator.effects.call_table import calls
from eidos.validator.effects.listing import Feed, feed_of
from eidos.validator.effects.sql import Loss, losses_of
from eidos.validator.programs.subcommands import SYNTAXES, usage_of
from eidos.validator.validation import check

DATA = tomllib.loads((Path(__file__).parent / "data" / "rules_data.toml").read_text())
CASES = [
    pytest.param(Level(level), command, id=f"{area} {level}: {command}")
    for area, levels in DATA.items()
    for level, commands in levels.items()
    for command in commands
]
MINDED = [command for levels in DATA.values() for command in levels.get("block", [])]


def _call(text: str, *, upstream: tuple[Command, ...] = (), wrapper: str = "") -> Command:
    words = tuple(Word(word) for word in text.split())
    return Command(words, upstream=upstream, wrappers=(wrapper,) if wrapper else ())


@pytest.mark.parametrize(("level", "command"), CASES)
def test_a_command_that_may_lose_data_gets_its_level(level: Level, command: str) -> None:
    """What loses data is minded as much as it deserves, and its everyday neighbours are not."""
    assert check(command, Shell.BASH).level is level


@pytest.mark.parametrize(
    "command", [each for each in MINDED if "$" not in each and "`" not in each]
)
def test_what_is_blocked_in_bash_is_blocked_in_zsh(command: str) -> None:
    """The rules do not ask which shell a line is for."""
    assert check(command, Shell.ZSH).level is Level.BLOCK


@pytest.mark.parametrize(
    ("text", "program", "operands", "options"),
    [
        ("git -C /x -c a=b push -fu origin", "git", "push origin", {"-f", "-u", "-C", "-c"}),
        ("docker -H h compose -f a down -v", "docker", "compose down", {"-H", "-f", "-v"}),
        ("docker rm -f web", "docker", "rm web", {"-f"}),
        ("docker-compose -p x down -v", "docker", "compose down", {"-p", "-v"}),
        ("kubectl -n web --context=c delete pod x", "kubectl", "delete pod x", {"-n", "--context"}),
        ("k3s kubectl -n web get ns", "kubectl", "get ns", {"-n"}),
        ("minikube kubectl -- delete ns --all", "kubectl", "delete ns", {"--all"}),
        ("terraform -chdir=x destroy -auto-approve", "terraform", "destroy", {"--auto-approve"}),
        ("php -d a=1 artisan db:wipe --force", "artisan", "db:wipe", {"--force"}),
        ("python3 -W ignore manage.py flush", "manage.py", "flush", set[str]()),
        ("python3 -m alembic -c a.ini downgrade base", "alembic", "downgrade base", {"-c"}),
        ("git checkout -- -f", "git", "checkout -f", set[str]()),
        ("aws --profile p --region=r ec2 help", "aws", "ec2 help", {"--profile"}),
    ],
)  # fmt: skip
def test_a_subcommand_is_found_behind_the_options_of_its_program(
    text: str, program: str, operands: str, options: set[str]
) -> None:
    """Values of options are no operands, and each program is known by the name of its kind."""
    usage = usage_of(_call(text))

    assert usage.program == program
    assert [word.text for word in usage.operands] == operands.split()
    assert options <= set(usage.options)


def test_an_option_that_is_switched_off_is_not_given() -> None:
    """`--all=false` is what it says."""
    usage = usage_of(_call("kubectl delete pods --all=false --force=true"))

    assert not usage.has("--all")
    assert usage.has("--force")


def test_a_short_form_of_a_long_option_counts_where_the_program_takes_it() -> None:
    """Git reads --har as --hard; kubectl does not."""
    assert usage_of(_call("git reset --har")).has("--hard")
    assert not usage_of(_call("kubectl delete pods --al")).has("--all")


@pytest.mark.parametrize(
    ("pipe", "feed"),
    [
        ((), Feed.NOTHING),
        (("cat names.txt",), Feed.NOTHING),
        (("docker volume ls -q",), Feed.ALL),
        (("docker volume ls -q", "grep -v keep"), Feed.ALL),
        (("docker volume ls -q", "grep test"), Feed.SOME),
        (("docker volume ls -qf dangling=true",), Feed.SOME),
        (("docker volume ls -q", "head -n 3"), Feed.SOME),
        (("docker volume ls", "tail -n +2", "cut -f2"), Feed.ALL),
    ],
)
def test_a_filter_leaves_only_a_part(pipe: tuple[str, ...], feed: Feed) -> None:
    """Removing all that a program lists is worse than removing what somebody has chosen."""
    upstream = tuple(_call(text) for text in pipe)

    assert feed_of(_call("docker volume rm", upstream=upstream, wrapper="xargs")) is feed


@pytest.mark.parametrize(
    ("row", "text", "is_one"),
    [
        ("git push -f|--force", "git push origin --force", True),
        ("git push -f|--force", "git push origin", False),
        ("git push -f !-n", "git push -f -n", False),
        ("git stash drop|clear", "git stash clear", True),
        ("git stash drop|clear", "git drop stash", False),
        ("gcloud ** delete", "gcloud delete x", True),
        ("gcloud ** delete", "gcloud compute instances delete x", True),
        ("gcloud ** delete", "gcloud a b c d e delete x", False),
        ("gcloud ** delete .", "gcloud a b delete", True),
        ("aws * delete-* but:delete-tags", "aws ec2 delete-vpc", True),
        ("aws * delete-* but:delete-tags", "aws ec2 delete-tags", False),
        ("git push @+?*", "git push origin +main", True),
        ("git push @+?*", "git +push", False),
        ("git push .", "git push", True),
        ("git push .", "git push x", False),
        ("git push +", "git push x", True),
        ("git push ++", "git push x", False),
        ("git gc --prune=now", "git gc --prune=now", True),
        ("git gc --prune=now", "git gc --prune=later", False),
        ("terraform destroy -auto-approve", "terraform destroy --auto-approve=true", True),
        ("terraform destroy -auto-approve", "terraform destroy -auto-approve=false", False),
        ("terraform destroy -f", "terraform destroy -f --help", False),
        ("docker volume rm", "podman volume rm x", True),
        ("docker volume rm", "git volume rm x", False),
    ],
)
def test_a_row_says_which_calls_it_means(row: str, text: str, is_one: bool) -> None:
    """Subcommands, options and operands of a row must all be found, each in its place."""
    assert calls("x", row).applies(_call(text)) is is_one


def test_a_piped_answer_is_as_good_as_the_option() -> None:
    """Who pipes yes into a question is not asked."""
    row = calls("x", "terraform destroy -auto-approve|<yes>")

    assert row.applies(_call("terraform destroy", upstream=(_call("yes"),)))
    assert row.applies(_call("terraform destroy", upstream=(_call("echo yes"),)))
    assert not row.applies(_call("terraform destroy", upstream=(_call("echo no"),)))

    unasked = calls("x", "terraform destroy -auto-approve")
    assert not unasked.applies(_call("terraform destroy", upstream=(_call("yes"),)))


@pytest.mark.parametrize(
    ("text", "losses"),
    [
        ("DROP/* x */TABLE users", {Loss.DATA}),
        ("select 'drop table users'", set[Loss]()),
        ("-- drop table users", set[Loss]()),
        ('delete from "order lines"', {Loss.ROWS}),
        ("delete from t where name = 'where'", set[Loss]()),
        ("delete from t where a = 1 or '1'='1'", {Loss.ROWS}),
        ("delete from t where id = 10", set[Loss]()),
        ("update t set a = 'x where y'", {Loss.VALUES}),
        ("insert into t values (1) on conflict (a) do update set b = 1", set[Loss]()),
        ("alter table t drop constraint c; alter table t drop c", {Loss.COLUMN}),
        ("truncate t; drop user bob", {Loss.ROWS, Loss.DATA}),
    ],
)
def test_statements_are_read_without_their_quoted_text(text: str, losses: set[Loss]) -> None:
    """Only what a statement does counts, however it is spaced, written large or commented."""
    assert set(losses_of(text)) == losses


@given(
    words=st.lists(
        st.sampled_from(["-", "--", "-x", "--a=", "", "delete", "-m", "/*", "'", "drop table", "*"])
        | st.text(max_size=12),
        max_size=8,
    ),
    name=st.sampled_from([*SYNTAXES, "python3", "php", "k3s", "psql", "mongosh", "curl"]),
)
def test_no_words_make_the_readers_raise(words: list[str], name: str) -> None:
    """A program may be called with anything."""
    command = Command(tuple(Word(word) for word in [name, *words]))

    assert usage_of(command).program is not None
    assert feed_of(command) is Feed.NOTHING
    assert all(losses_of(word) is not None for word in words)
