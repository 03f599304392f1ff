"""Software and settings that come from an address nobody vouches for."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.effects import engines
from eidos.validator.effects.effect import FED, UNPLAIN, Effect
from eidos.validator.patterns import Pattern
from eidos.validator.programs.network import brings, is_local

# From an address.

_ADDRESS: Final = Pattern(
    r"(?:[\w.-]+\s*@\s*)?(?:git\+|hg\+|svn\+|bzr\+)?(?:https?|ftp|git|ssh)://", re.IGNORECASE
)
_REPOSITORY: Final = Pattern(
    r"(?:(?:[\w.-]+\s*@\s*)?git\+|github:|gitlab:|bitbucket:|gist:|git@|git://|git::)",
    re.IGNORECASE,
)
_PLAIN_HTTP: Final = Pattern(r"(?:[\w-]+=)?(?:http|ftp)://", re.IGNORECASE)
_NO_TLS_OR_ADDRESS: Final = Pattern(r"(?:https?|ftp)://|[\w-]+(?:\.[\w-]+)+/", re.IGNORECASE)
"""Where no scheme is named, curl and wget take http."""
_KNOWN_PUBLISHER: Final = Pattern(
    r"https://(?:[\w-]+\.)*(?:fedoraproject\.org|rpmfusion\.org|remirepo\.net|elrepo\.org|google\.com"
    r"|nodesource\.com|microsoft\.com|docker\.com|mysql\.com|postgresql\.org|flathub\.org"
    r"|dl\.flathub\.org|gnome\.org|kde\.org|pypi\.org|npmjs\.org|pytorch\.org|nvidia\.com"
    r"|jenkins\.io|gitlab\.com|grafana\.com|elastic\.co|hashicorp\.com|opensuse\.org|rubygems\.org|github\.com|githubusercontent\.com"
    r"|googleapis\.com|visualstudio\.com|discord(?:app)?\.(?:com|net)|zoom\.us|slack(?:-edge)?\.com"
    r"|steampowered\.com|steamstatic\.com|vivaldi\.com|brave\.com|opera\.com|dropbox\.com|teamviewer\.com"
    r"|virtualbox\.org|mongodb\.(?:com|org)|influxdata\.com|signal\.org|spotify\.com|jetbrains\.com"
    r"|cloudflare\.com|amazonaws\.com|amazon\.com|oracle\.com|intel\.com|amd\.com|debian\.org"
    r"|ubuntu\.com|launchpad\.net|archlinux\.org|sourceforge\.net|rstudio\.org|1password\.com"
    r"|anydesk\.com|mysql\.com|percona\.com|splunk\.com|puppet\.com|zabbix\.com|onlyoffice\.com)/"
)
_Test = Callable[[Command], bool]


def _words(command: Command, *verbs: str) -> tuple[Word, ...]:
    """Return the words behind one of *verbs*; none where it does not stand."""
    for position, word in enumerate(command.args):
        if word.text in verbs:
            return command.args[position + 1 :]
    return ()


def _from_address(*verbs: str) -> _Test:
    """Ask whether something behind one of *verbs* is installed from an address."""

    def applies(command: Command) -> bool:
        words = _words(command, *verbs) if verbs else command.args
        return any(_comes_from_address(word) for word in _without_indexes(words))

    return applies


def _asks(test: Callable[[Word], bool]) -> _Test:
    return lambda command: any(test(word) and not is_local(word) for word in command.args)


def _comes_from_address(word: Word) -> bool:
    text = word.text
    if _REPOSITORY.match(text):
        return True
    return _ADDRESS.match(text) is not None and not is_local(word)


_INDEXES: Final = frozenset(
    {
        "-i",
        "--index-url",
        "--extra-index-url",
        "--index",
        "--default-index",
        "--proxy",
        "--registry",
    }
    | {"--find-links", "-f", "--source", "--clear-sources", "-s", "--trusted-host", "--repo"}
)


def _without_indexes(words: tuple[Word, ...]) -> Iterator[Word]:
    """Leave out the addresses of package indexes, but for those without encryption."""
    is_index = False
    for word in words:
        name, equals, _ = word.text.partition("=")
        if is_index or name in _INDEXES:
            if _PLAIN_HTTP.search(word.text):
                yield Word(word.text.rpartition("=")[2])
            is_index = not is_index and not equals
        else:
            yield word


def _from_unknown_publisher(command: Command) -> bool:
    """Whether a package of the system comes from an address that no publisher is known at."""
    found = (word for word in command.args if _ADDRESS.match(word.text))
    return any(not _KNOWN_PUBLISHER.match(word.text) and not is_local(word) for word in found)


def _fetched_from_unknown(command: Command) -> bool:
    """Whether a package is installed that the line fetched where no publisher is known."""
    found = (read for read in command.reads if brings(read))
    addresses = (
        word for one in found for word in one.operands if _NO_TLS_OR_ADDRESS.match(word.text)
    )
    return any(not _KNOWN_PUBLISHER.match(w.text) and not is_local(w) for w in addresses)


_ADDS: Final = ("install", "i", "add", "inject", "download", "wheel", "dlx", "tool", "pip")
_FROM_ADDRESS: Final = _from_address()
_FROM_PLAIN_HTTP: Final = _asks(lambda word: _PLAIN_HTTP.search(word.text) is not None)
_BY_ADDRESS: Final[dict[str, _Test]] = {
    **dict.fromkeys(
        ("pip", "pipx", "uv", "poetry", "pdm", "npm", "yarn", "pnpm", "cargo", "gem"),
        _from_address(*_ADDS, "global"),
    ),
    **dict.fromkeys(
        ("easy_install", "cpan", "cpanm", "luarocks", "nix-env", "asdf"), _FROM_ADDRESS
    ),
    "python": lambda c: any(w.text == "pip" for w in c.args[:2]) and _from_address(*_ADDS)(c),
    **dict.fromkeys(("bunx", "pnpx"), _FROM_ADDRESS),
    "bun": _from_address(*_ADDS, "global", "x"),
    "brew": _from_address("install", "reinstall", "cask"),
    **dict.fromkeys(
        ("go", "composer", "conda", "mamba", "R", "Rscript", "apt-key"), _FROM_PLAIN_HTTP
    ),
    "flatpak": _from_unknown_publisher,
    "code": _from_address("--install-extension"),
    "vagrant": _from_address("add", "init"),
    "chezmoi": _from_address("init"),
    "nix": _FROM_PLAIN_HTTP,
    "deno": _from_address("run", "install", "eval", "compile"),
    **dict.fromkeys(
        ("rpm", "dnf", "yum", "zypper", "microdnf", "urpmi", "pacman", "apk", "pkg", "pkg_add"),
        lambda c: _from_unknown_publisher(c) or _fetched_from_unknown(c),
    ),
    **dict.fromkeys(
        ("dpkg", "apt", "apt-get", "gdebi", "installer", "snap"), _fetched_from_unknown
    ),
}


def _installs_from_address(command: Command) -> bool:
    """Whether software is installed, or run, from an address or a repository."""
    test = _BY_ADDRESS.get(command.name) or _BY_ADDRESS.get(command.family)
    if test is not None:
        return test(command)
    return bool(command.words) and _REPOSITORY.match(command.words[0].text) is not None


# What a server is told to do by an address.

_APPLIERS: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(("kubectl", "oc"), frozenset({"apply", "create", "replace"})),
    "helm": frozenset({"install", "upgrade", "template"}),
    **dict.fromkeys(
        ("docker", "podman", "nerdctl", "buildah"),
        frozenset({"build", "bud", "kube", "buildx", "compose", "stack"}),
    ),
    "docker-compose": frozenset({"up", "run"}),
    "ansible-galaxy": frozenset({"install"}),
    "pulumi": frozenset({"new", "up"}),
    "machinectl": frozenset({"pull-tar", "pull-raw"}),
    **dict.fromkeys(
        ("terraform", "tofu", "ansible-playbook", "ansible-pull", "make", "cmake"),
        frozenset[str](),
    ),
}
"""Programs that do what a description says, and with which of their words."""
_MODULE: Final = Pattern(r"-from-module=(?:git::|\w+://|github\.com/|git@)")
_INPUT: Final = frozenset({"-", "/dev/stdin", "-f-"})


def _applies_remote(command: Command) -> bool:
    """Whether a description of what to build or run comes from an address."""
    verbs = _APPLIERS[command.name]
    if verbs and not any(word.text in verbs for word in command.args):
        return False
    if any(_is_source(command.name, word) for word in command.args):
        return True
    fetched = (one for one in command.upstream if brings(one))
    if any(word.text in _INPUT for word in command.args) and any(fetched):
        return True
    return any(brings(source) for word in command.args for source in word.sources)


def _is_source(name: str, word: Word) -> bool:
    text = word.text
    match name:
        case "ansible-pull":
            return text in {"-U", "--url"} or text.startswith("--url=")
        case "terraform" | "tofu":
            return _MODULE.match(text) is not None
        case "helm":
            return text.endswith(".tgz") and _ADDRESS.match(text) is not None
        case _:
            bare = text.removeprefix("-f").removeprefix("--filename=")
            is_address = _ADDRESS.match(bare) or _REPOSITORY.match(bare)
            return is_address is not None or bare.startswith("github.com/")


# Downloads that are not checked.

_UNCHECKED: Final = frozenset({"--insecure", "--no-check-certificate", "--no-verify-ssl"})
_NO_CONTENT: Final = frozenset({"/dev/null", "--head", "--spider", "%{http_code}"})


def _takes_unchecked(command: Command) -> bool:
    """Whether something is made of what came from a server nobody has checked."""
    sources = (source for word in command.args for source in word.sources)
    return any(_is_unchecked(one) for one in (*command.upstream, *sources))


def _is_unchecked(command: Command) -> bool:
    if command.name not in {"curl", "wget"} or any(is_local(word) for word in command.operands):
        return False
    if command.has_letter("I") or any(word.text in _NO_CONTENT for word in command.args):
        return False
    is_insecure = command.name == "curl" and command.has_letter("k")
    return is_insecure or any(word.text in _UNCHECKED for word in command.args)


def _mounts_programs(command: Command) -> bool:
    """Whether programs may be run from a folder that is on another machine."""
    kinds = {word.text for option in ("-t", "--types") for word in command.values(option)}
    options = ",".join(word.text for word in command.values("-o", "--options")).split(",")
    is_remote = command.name != "mount" or not _REMOTE_KINDS.isdisjoint(kinds)
    return is_remote and not {"exec", "suid", "dev"}.isdisjoint(options)


_REMOTE_KINDS: Final = frozenset(
    "nfs nfs4 cifs smb3 smbfs 9p davfs fuse.sshfs sshfs ceph glusterfs afs ncpfs".split()
)


EFFECTS: Final[tuple[Effect, ...]] = (
    Effect("install-address", _installs_from_address, frozenset(_BY_ADDRESS), UNPLAIN),
    Effect("apply-address", _applies_remote, frozenset(_APPLIERS)),
    Effect("unchecked-download", _takes_unchecked, when=FED),
    Effect(
        "mount-programs",
        _mounts_programs,
        frozenset({"mount", "mount.nfs", "mount.nfs4", "mount.cifs", "mount.smb3", "sshfs"}),
    ),
    *engines.EFFECTS,
)
