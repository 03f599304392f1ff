"""How strict the validator is: a profile, and the levels that the user gave to single rules."""

from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from eidos.errors import ConfigError
from eidos.protocol import Level
from eidos.validator.rules import RULES


class Profile(StrEnum):
    """What the levels of the rules come to."""

    STRICT = "strict"
    """Only programs that read, and no character that means something to the shell."""
    BALANCED = "balanced"
    """The levels of the table."""
    WARN_ONLY = "warn-only"
    """What the table blocks is offered with its reason."""


FIXED: Final = frozenset({"syntax"})
"""Rules that no profile and no setting changes: what does not parse cannot be offered."""
NEVER_FINE: Final = frozenset({"unreadable", "unreadable-script", "unread-syntax"})
"""What nobody could check may be blocked or warned about, never be called fine."""


class Override(msgspec.Struct, frozen=True):
    """One use of a setting that changed what a rule says."""

    rule: str
    was: Level
    now: Level


class Policy(msgspec.Struct, frozen=True):
    """A profile and the overrides of single rules, which count for more than the profile."""

    profile: Profile = Profile.BALANCED
    overrides: Mapping[str, Level] = msgspec.field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def build(cls, profile: str, overrides: Mapping[str, str]) -> "Policy":
        """Return the policy that the configuration asks for.

        Raises:
            ConfigError: a rule that does not exist, or a level that it may not have.
        """
        for rule, level in overrides.items():
            _check(rule, level)
        levels = {rule: Level(level) for rule, level in overrides.items()}
        return cls(Profile(profile), MappingProxyType(levels))

    def level(self, rule: str, level: Level) -> Level:
        """Return what the finding of *rule*, at *level* by the table, comes to."""
        if rule in FIXED:
            return level
        if rule in self.overrides:
            return self.overrides[rule]
        if self.profile is Profile.WARN_ONLY and level is Level.BLOCK:
            return Level.WARN
        return level

    def use(self, rule: str, level: Level) -> Override | None:
        """Return the override that changes what *rule* says, if there is one."""
        now = self.overrides.get(rule, level)
        return Override(rule, level, now) if now is not level and rule not in FIXED else None


def _check(rule: str, level: str) -> None:
    if rule in FIXED:
        raise ConfigError(f"rules: {rule} cannot be changed: what does not parse cannot be offered")
    if rule not in RULES:
        near = get_close_matches(rule, RULES, n=1)
        hint = f"; did you mean {near[0]}?" if near else "; docs/validator.md lists them"
        raise ConfigError(f"rules: there is no rule {rule!r}{hint}")
    if rule in NEVER_FINE and level == Level.OK:
        raise ConfigError(f'rules: {rule} = "ok" is not allowed: nobody could check such a command')


BALANCED: Final = Policy()
