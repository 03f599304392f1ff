"""Profiles and overrides: what they change, and what nothing changes."""

import pytest

from eidos.errors import ConfigError
from eidos.protocol import Level, Shell
from eidos.validator.policy import Override, Policy
from eidos.validator.validation import check, judge

BLOCKED = "rm -rf /usr"
WARNED = "git reset --hard HEAD~1"


def level(command: str, policy: Policy) -> Level:
    """Return what *policy* makes of *command* in bash."""
    return check(command, Shell.BASH, policy).level


def test_balanced_keeps_the_levels_of_the_table() -> None:
    """The default changes nothing."""
    policy = Policy.build("balanced", {})

    assert level(BLOCKED, policy) is Level.BLOCK
    assert level(WARNED, policy) is Level.WARN


def test_warn_only_offers_what_is_blocked_with_its_reason() -> None:
    """Nothing that parses is withheld; the reason stays."""
    verdict = check(BLOCKED, Shell.BASH, Policy.build("warn-only", {}))

    assert verdict.level is Level.WARN
    assert verdict.rule == "delete-system"
    assert verdict.reason


@pytest.mark.parametrize("raw", ["ls \x1b[2J", "echo 'open", "ls\nrm x"])
def test_no_profile_and_no_override_lets_unclean_or_broken_text_pass(raw: str) -> None:
    """What may not stand in a prompt at all is not a matter of taste."""
    assert judge(raw, Shell.BASH, Policy.build("warn-only", {})).level is Level.BLOCK


@pytest.mark.parametrize("profile", ["balanced", "warn-only", "strict"])
def test_an_override_counts_for_more_than_the_profile(profile: str) -> None:
    """The user's word on a single rule is the last."""
    overrides = {"git-reset-hard": "block", "strict-program": "ok", "strict-characters": "ok"}
    policy = Policy.build(profile, overrides)

    assert level(WARNED, policy) is Level.BLOCK


def test_an_override_that_was_used_is_in_the_verdict() -> None:
    """Whoever keeps the audit log learns of it even where the verdict is ok."""
    verdict = check(WARNED, Shell.BASH, Policy.build("balanced", {"git-reset-hard": "ok"}))

    assert verdict.level is Level.OK
    assert verdict.overrides == (Override("git-reset-hard", Level.WARN, Level.OK),)


def test_an_override_that_softens_a_block_is_in_the_verdict() -> None:
    """It need not make a command fine to be worth a line in the audit log."""
    verdict = check(BLOCKED, Shell.BASH, Policy.build("balanced", {"delete-system": "warn"}))

    assert verdict.level is Level.WARN
    assert verdict.overrides == (Override("delete-system", Level.BLOCK, Level.WARN),)


def test_an_override_of_one_rule_leaves_the_others_alone() -> None:
    """A command that breaks two rules keeps the other one's verdict."""
    policy = Policy.build("balanced", {"git-reset-hard": "ok"})

    assert level(f"{WARNED}; {BLOCKED}", policy) is Level.BLOCK


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"git-reset-hrad": "ok"}, ["'git-reset-hrad'", "did you mean git-reset-hard?"]),
        ({"zzz": "ok"}, ["'zzz'", "docs/validator.md"]),
        ({"syntax": "ok"}, ["syntax", "cannot be changed"]),
        ({"unreadable": "ok"}, ["unreadable", "not allowed"]),
    ],
)
def test_a_wrong_override_is_refused_with_the_cure(
    overrides: dict[str, str], words: list[str]
) -> None:
    """The daemon does not start on a setting that means nothing."""
    with pytest.raises(ConfigError) as caught:
        Policy.build("balanced", overrides)

    assert all(word in str(caught.value) for word in words)
