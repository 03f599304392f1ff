"""Forges such as GitHub: what is deleted on them, and what is done to all repositories at once."""

from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.call_table import calls
from eidos.validator.effects.effect import Effect
from eidos.validator.effects.listing import Feed, feed_from
from eidos.validator.effects.services import asks_to_delete
from eidos.validator.patterns import Pattern
from eidos.validator.programs.subcommands import usage_of

_DELETE_ALL: Final = """
gh     repo       delete  <all>
glab   repo|project  delete  <all>
tea|bb|berg  repo|repos  delete|rm  <all>
gh|glab  api  -X=[dD]*|--method=[dD]*  @orgs/*|groups/*|*/orgs/*|*/groups/*  !@*orgs/*/*|*groups/*/*
glab   group      delete
aws    codecommit delete-repository  <all>
az     repos      delete  <all>
"""
_DELETE: Final = """
gh     repo|release|gist|codespace|project|ssh-key|gpg-key|issue|secret|variable|ruleset  delete
gh     release delete-asset
gh     repo archive -y|--yes
gh     api   -X=[dD]*|--method=[dD]*
git    api   -X=[dD]*|--method=[dD]*
gh|glab  api  graphql  @*mutation*delete*
gh|glab  api  graphql  -f=*mutation*delete*|-F=*mutation*delete*
gh     extension|alias|label  delete  <all>
gh     run|cache delete <all>
gh     project item-delete|field-delete
glab   repo|project|release|issue|mr|ssh-key|variable|snippet|deploy-key  delete|remove|rm
glab   api   -X=[dD]*|--method=[dD]*
tea|berg  repos|repo|releases|branches  delete|rm
bb     repo delete
"""

_LONGEST: Final = 512
"""How much of an address is looked at."""
_FORGES: Final = frozenset({"gh", "glab", "hub", "tea", "berg", "bb", "gitea", "forgejo"})
_SENDERS: Final = frozenset({"curl", "curlie", "wget", "http", "https", "xh", "xhs"})
_KINDS: Final = frozenset({"repo", "repos", "project", "projects", "repository", "repositories"})
_LISTS: Final = frozenset({"list", "ls", "search"})
_ADDRESS_OF_ALL: Final = Pattern(
    r"(?:^|/)(?:(?:user|(?:orgs|users|groups|workspaces|organizations)/[^/?]+)/(?:repos|projects)"
    r"|v4/projects|^projects|search/repositories|repos/search|2\.0/repositories/[^/?]+"
    r"|(?:projects/[^/?]+/)repos|installation/repositories)/?(?:\?.*)?$"
)
"""Where the repositories of an account, or of all accounts, are listed."""
_ADDRESS_OF_ONE: Final = Pattern(
    r"(?:^|/)(?:repos|repositories|projects)/(?:[^/?]+/)?[^/?]*(?:\$|\{\})[^/?]*/?(?:\?.*)?$"
)
"""Where one of them is, the name not known."""


def _lists_repositories(command: Command) -> bool:
    words = [word.text for word in command.operands]
    if command.name in _SENDERS or words[:1] == ["api"]:
        return any(_ADDRESS_OF_ALL.search(word[:_LONGEST]) for word in words)
    if command.name in _FORGES:
        return not _KINDS.isdisjoint(words[:2]) and not _LISTS.isdisjoint(words[:2])
    return "list-repositories" in words[:2]


def _asked(command: Command) -> bool:
    """Whether *command* asks a forge for something to be deleted, by its own address."""
    if command.name in _SENDERS:
        return asks_to_delete(command)
    words = [word.text for word in command.operands[:1]]
    methods = (word.text.upper() for word in command.values("-X", "--method"))
    return command.name in _FORGES and words == ["api"] and "DELETE" in methods


def _deletes_each(command: Command) -> bool:
    """Whether every repository that a forge lists is deleted, with whatever program."""
    if feed_from(command, _lists_repositories) is not Feed.ALL:
        return False
    if _asked(command):
        return any(_ADDRESS_OF_ONE.search(word.text[:_LONGEST]) for word in command.args)
    words = [word.text for word in command.operands[:2]]
    return command.name in _FORGES and not {"delete", "rm"}.isdisjoint(words)


def _overwrites_each(command: Command) -> bool:
    """Whether git replaces or deletes what is in every repository that a forge lists."""
    usage = usage_of(command)
    words = [word.text for word in usage.operands]
    if usage.program != "git" or words[:1] != ["push"] or usage.does_nothing:
        return False
    loses = usage.has("-f", "--force", "--mirror", "-d", "--delete", "--prune")
    is_forced = loses or any(word.startswith(("+", ":")) for word in words[1:])
    return is_forced and feed_from(command, _lists_repositories) is Feed.ALL


FORGE_EFFECTS: Final[tuple[Effect, ...]] = (
    calls("forge-delete-all", _DELETE_ALL),
    Effect("forge-delete-all", _deletes_each, _FORGES | _SENDERS),
    Effect("forge-overwrite-all", _overwrites_each, frozenset({"git", "hub"})),
    calls("forge-delete", _DELETE),
)
