"""Code that deletes through the library of a cloud: boto3, google.cloud, azure, kubernetes, docker.

`python -c` and its kin take such code as text. What the library is asked to list says how much
goes: all buckets, machines or tables of an account, or one that is named.
"""

import re
from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.effect import Effect
from eidos.validator.effects.printed import texts_read
from eidos.validator.patterns import Pattern

_LIBRARY: Final = Pattern(
    r"(?:\b(?:import|from|use|require)\b[\s('\"]{0,4}(?:\w{1,20}\s?,\s?){0,6}|\bimport\(['\"]"
    r"|__import__\(['\"]|^-r\s?)(?:(?:boto3?|botocore|aws-sdk[\w-]*|google\.cloud|googleapiclient"
    r"|google/cloud|azure|openstack|novaclient|libcloud|digitalocean|hcloud|linode_api4|proxmoxer"
    r"|github|gitlab|octokit|kubernetes|docker(?:ode)?)\b"
    r"|@(?:aws-sdk|google-cloud|azure|kubernetes|octokit|gitbeaker)/)",
    re.IGNORECASE | re.MULTILINE,
)
_SMALL: Final = (
    r"(?!_?(?:objects?|messages?|items?|tags?|blobs?|keys?_?pair|parameters?|records?|labels?"
    r"|topic|session|rows?|documents?|event)\b)"
)
"""One file, one message, one item: what a program deletes every day."""
_DELETES: Final = Pattern(
    rf"\.(?:begin_)?(?:delete|terminate|destroy|purge){_SMALL}(?:_\w+)?!?\s*(?:\(|\}}|$)"
    rf"|\.(?:delete|terminate|destroy|purge){_SMALL}[a-zA-Z]+\("
    rf"|\b(?:Delete|Terminate){_SMALL}[A-Z]\w+Command\b",
    re.IGNORECASE,
)
_REMOVES: Final = Pattern(r"\.(?:remove|prune|kill)\(")
_THINGS: Final = (
    r"buckets|instances|volumes|snapshots|vpcs|images|resource_groups|projects|servers|droplets"
    r"|tables|domains|repos(?:itories)?|clusters|vaults|functions|nodes|namespaces"
)
_LISTS_ALL: Final = Pattern(
    rf"\b(?:{_THINGS})(?:\.all\b|\.list(?:_all)?\b|\.each\b|\(\)|\.getAll)"
    r"|\b(?:list|describe|get_all)_(?!objects|blobs|object_versions|parts|namespaced|tags)\w+"
    r"|\b(?:list|describe|getAll)(?!Objects|Blobs|Versions|Parts|Namespaced|Tags)[A-Z]\w*"
    r"|\bList(?!Objects)[A-Z]\w+Command|\bget_(?:repos|projects|all)\b|\bgetRepos\b"
)
_NARROWS: Final = Pattern(
    r"\bif\b|\bfilter|Filters|prefix|starts_?with|endswith|selector|\bTag|select\s*[({]",
    re.IGNORECASE,
)
_OF_DOCKER: Final = Pattern(r"\b(?:import|require)\b.{0,80}\bdocker(?:ode)?\b", re.IGNORECASE)
_ALL_OF_DOCKER: Final = Pattern(r"\bvolumes\.list\b|listVolumes")


def _codes(command: Command) -> tuple[str, ...]:
    """Return the texts that are code which uses the library of a cloud."""
    joined = "\n".join(word.text for word in command.args)
    return tuple(text for text in (joined, *texts_read(command)) if _LIBRARY.search(text))


def _deletes(code: str) -> bool:
    if _OF_DOCKER.search(code):
        return _REMOVES.search(code) is not None
    return _DELETES.search(code) is not None


def _deletes_all(command: Command) -> bool:
    """Whether code deletes all that the library lists, of what an account is made of."""
    for code in _codes(command):
        if not _deletes(code) or _NARROWS.search(code):
            continue
        lists_all = _ALL_OF_DOCKER if _OF_DOCKER.search(code) else _LISTS_ALL
        if lists_all.search(code):
            return True
    return False


def _deletes_some(command: Command) -> bool:
    return any(map(_deletes, _codes(command)))


_RUNNERS: Final = frozenset({"python", "node", "ruby", "bun", "deno", "php", "perl"})
CODE_EFFECTS: Final[tuple[Effect, ...]] = (
    Effect("cloud-destroy-all", _deletes_all, _RUNNERS),
    Effect("cloud-delete", _deletes_some, _RUNNERS),
)
