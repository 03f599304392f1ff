"""Services that delete when they are sent the request DELETE: indices, databases, repositories."""

import re
from collections.abc import Iterator
from typing import Final

from eidos.validator.answers import Once
from eidos.validator.commands import Command
from eidos.validator.effects.effect import Effect
from eidos.validator.effects.listing import Feed, feed_of
from eidos.validator.effects.printed import texts_given
from eidos.validator.patterns import Pattern
from eidos.validator.programs.subcommands import usage_of

_PROGRAMS: Final = frozenset({"curl", "curlie", "wget", "http", "https", "xh", "xhs", "httpie"})
_METHOD: Final = ("-X", "--request", "--method")
_SEARCH: Final = Pattern(
    r":9200\b|elastic|opensearch|\bes\d*[.:-]|\$\{?(?:\w*_)?es(?:_|\b)", re.IGNORECASE
)
_ALL_INDICES: Final = Pattern(
    r"/(?:_all|\*|\*,[^/]*|%2A|_data_stream/\*)(?:\?.*)?/?", re.IGNORECASE
)
_ONE_DOCUMENT: Final = Pattern(r"/[^/]+/(?:_doc|_create|_update)/[^/]+|/_search/scroll.*|/_pit")
_IMAGE: Final = Pattern(r"/v2/.+/manifests/")
_GROUPS: Final = r"[\w.-]+\.(?:io|com|dev)|apps|batch|policy|autoscaling|extensions"
_KUBERNETES: Final = rf"/api(?:s/(?:{_GROUPS}))?/v\d\w*"
_KINDS: Final = (
    "namespaces|nodes|persistentvolumes|customresourcedefinitions|clusterroles"
    "|clusterrolebindings|storageclasses"
)
CLUSTER_ITSELF: Final = Pattern(
    rf"{_KUBERNETES}/(?:namespaces/(?:kube-system|default|kube-public)|{_KINDS})/?(?:\?.*)?$"
)
"""The address of all of a kind in a cluster, or of what it cannot do without."""
_OBJECT: Final = Pattern(
    rf"{_KUBERNETES}/(?:namespaces/[^/]+(?:/\w+|$)|(?:{_KINDS})\b)"
    r"|^/(?:v\d[\d.]*/)?(?:libpod/)?(?:containers|volumes|images|pods|nodes)/[^/?]+\?"
    r".*\b(?:force|v|volumes)=(?:1|true)|^/v[\d.]+/(?:libpod/)?(?:containers|volumes)/"
    r"|^/v1/(?:kv|sys|secret)/|^/v1/job/[^/]+\?.*purge|^/v2/keys/"
    r"|^/api/v4/(?:projects|groups|users)/|^/api/v1/repos/"
    r"|/_snapshot/|/_data_stream/|/_index_template/|/_ilm/"
)
_PRUNES: Final = Pattern(
    r"/(?:containers|volumes|images|system|pods)/prune\b|/swarm/leave\?.*force"
    r"|/v3/kv/deleterange|/v1/sys/(?:seal|step-down)|/namespaces/[^/]+/finalize$"
)
"""Addresses that delete when they are written to."""
_WHOLE: Final = Pattern(
    r"/v1/kv/?\?.*\brecurse|/v2/keys/?\?.*\brecursive=true|/_snapshot/(?:_all|\*)"
    r"|/api/v4/groups/[^/]+/?$|^(?:api\.github\.com|git\w*\.[\w.-]+/api/v\d)/orgs/[^/]+/?$"
    r"|^management\.azure\.com/subscriptions/[^/]+(?:/resourcegroups/[^/?]+)?/?(?:\?.*)?$"
    r"|^cloudresourcemanager\.googleapis\.com/v\d/projects/",
    re.IGNORECASE,
)
"""Addresses of everything that a service keeps, or of a whole organisation."""
_DATABASE: Final = Pattern(
    r":(?:9200|5984|6984|8086|8500|15672|6333|8529|7700|8108|8983|6443|2379|8428|19530)\b"
    r"|\bcouch|\binflux|\bconsul|\bqdrant|\bsolr|elastic|opensearch|\bkubernetes\b|\bvault\b",
    re.IGNORECASE,
)
_STORE: Final = Pattern(
    rf"{_DATABASE.pattern}|:(?:2375|2376|4646|10250)\b|(?:docker|podman|containerd|crio)\.sock"
    r"|^api\.(?:github|digitalocean|cloudflare|heroku|linode|vultr|hetzner|netlify|vercel|fly|neon"
    r"|supabase|render|gitlab|bitbucket|scaleway|godaddy|dnsimple)\.|^(?:gitlab|gitea|github)\."
    r"|^management\.azure\.com|googleapis\.com|amazonaws\.com",
    re.IGNORECASE,
)
_DELETES_BY_QUERY: Final = Pattern(
    r"/_delete_by_query\b|/admin/tsdb/delete_series|/update\?.*stream\.body=.*delete"
)
_DELETES_ALL_TEXT: Final = Pattern(
    r"<delete>\s*<query>\s*\*:\*|\"delete\"\s*:\s*\{\s*\"query\"\s*:\s*\"\*:\*|\bDROP(?:[\s+]|%20)+(?:DATABASE|TABLE)\b",
    re.IGNORECASE,
)


@Once
def asks_to_delete(command: Command) -> bool:
    """Return whether the request of *command* is DELETE."""
    usage = usage_of(command)
    methods = [value for name in _METHOD for value in usage.values_of(name)]
    if command.name not in {"curl", "curlie", "wget"}:
        methods += [word.text for word in usage.operands[:1]]
    return any(method.upper() == "DELETE" for method in methods)


_LONGEST_ADDRESS: Final = 1024


def _writes(command: Command) -> bool:
    """Whether the request is POST or PUT, or carries data, which makes it one."""
    usage = usage_of(command)
    methods = [value.upper() for name in _METHOD for value in usage.values_of(name)]
    return usage.has("-d", "--data", "--data-binary", "--json", "--post-data") or (
        not {"POST", "PUT"}.isdisjoint((*methods, *(w.text for w in usage.operands[:1])))
    )


def _addresses(command: Command) -> Iterator[str]:
    """Yield what may be an address among the arguments, and the socket that is asked."""
    for word in command.args:
        if "/" in word.text or ":" in word.text:
            yield word.text[:_LONGEST_ADDRESS]


def _host_and_path(address: str) -> tuple[str, str]:
    rest = address.partition("://")[2] or address
    host, slash, path = rest.partition("/")
    return host.rpartition("@")[2], slash + path


def _deletes_every_index(command: Command) -> bool:
    if not asks_to_delete(command):
        return False
    for address in _addresses(command):
        host, path = _host_and_path(address)
        if _ALL_INDICES.fullmatch(path) and (_SEARCH.search(host) or path.startswith("/_all")):
            return True
    return (
        any(_SEARCH.search(each) for each in _addresses(command)) and feed_of(command) is Feed.ALL
    )


def _deletes_whole(command: Command) -> bool:
    """Whether the request is to delete all that a service keeps, or what it cannot do without."""
    if not asks_to_delete(command):
        return False
    addresses = [_host_and_path(address) for address in _addresses(command)]
    return any(
        _WHOLE.search(host + path) or CLUSTER_ITSELF.match(path) for host, path in addresses
    ) or (feed_of(command) is Feed.ALL and any(_DATABASE.search(host) for host, _ in addresses))


def _deletes_from_service(command: Command) -> bool:
    addresses = [_host_and_path(address) for address in _addresses(command)]
    if any(_PRUNES.search(path) for _, path in addresses) and _writes(command):
        return True
    if any(_DELETES_BY_QUERY.search(path) for _, path in addresses):
        return True
    if any(_DELETES_ALL_TEXT.search(word.text) for word in command.args):
        return True
    return asks_to_delete(command) and any(
        _IMAGE.match(path) or _OBJECT.search(path) or _STORE.search(host) or _STORE.search(path)
        for host, path in addresses
        if not _ONE_DOCUMENT.match(path)
    )


_BY_CODE: Final = Pattern(
    r"\b(?:requests|httpx|axios|session|client|http|got|ky|urllib3?)\.delete\(\s*f?['\"`]([^'\"`]{1,300})"
    r"|\bfetch\(\s*['\"`]([^'\"`]{1,300})['\"`]\s*,\s*\{[^}]{0,200}method['\"]?\s*:\s*['\"]DELETE",
    re.IGNORECASE,
)
_INDICES_BY_CODE: Final = Pattern(
    r"\bindices\.delete\(\s*(?:\{\s*)?(?:index\s*[=:]\s*)?['\"](?:_all|\*)['\"]", re.IGNORECASE
)


@Once
def _asked_by_code(command: Command) -> list[tuple[str, str]]:
    """Return the addresses that code in the line asks to delete."""
    return [
        _host_and_path(match[1] or match[2])
        for text in texts_given(command)
        if "delete" in text.lower()
        for match in _BY_CODE.finditer(text)
    ]


def _deletes_all_by_code(command: Command) -> bool:
    texts = (text for text in texts_given(command) if "indices.delete" in text)
    return any(_INDICES_BY_CODE.search(text) for text in texts) or any(
        (_ALL_INDICES.fullmatch(path) and _SEARCH.search(host)) or path.startswith("/_all")
        for host, path in _asked_by_code(command)
    )


def _deletes_by_code(command: Command) -> bool:
    return any(
        _STORE.search(host) or _OBJECT.search(path)
        for host, path in _asked_by_code(command)
        if not _ONE_DOCUMENT.match(path)
    )


_CODE: Final = frozenset({"python", "node", "ruby", "bun", "deno"})
EFFECTS: Final[tuple[Effect, ...]] = (
    Effect("delete-every-index", _deletes_every_index, _PROGRAMS),
    Effect("delete-every-index", _deletes_all_by_code, _CODE),
    Effect("service-delete-all", _deletes_whole, _PROGRAMS),
    Effect("service-delete", _deletes_by_code, _CODE),
    Effect("service-delete", _deletes_from_service, _PROGRAMS),
)
