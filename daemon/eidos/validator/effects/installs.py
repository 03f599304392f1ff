"""Packages that are installed without a check of who made them, or where they break the system."""

import re
from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.editing import files_changed, text_put
from eidos.validator.effects.effect import WRITING, Effect
from eidos.validator.patterns import Pattern
from eidos.validator.places import targets

_UNCHECKED: Final = Pattern(
    r"--allow-unauthenticated|--force-yes|--allow-insecure-repositories|--no-?gpg-?checks?"
    r"|--nosignature|--nodigest|--noverify|--allow-untrusted|--no-gpg-verify|--no-debsig"
    r"|--gpg-auto-import-keys-off|--no-sign-verify|-allowUntrusted|--dangerous"
    r"|--trusted-host(?:=.*)?"
    r"|--force-signature|--no-check-certificate|--setopt=\S*(?:gpgcheck|sslverify)=(?:0|false|no)"
    r"|--skippgpcheck|--skipinteg|--disable-gpg-checks"
    r"|.*(?:AllowUnauthenticated|AllowInsecureRepositories|AllowWeakRepositories)[\"\s=]+(?:true|1|yes)"
    r".*|.*(?:Verify-Peer|Verify-Host|Check-Valid-Until-Off)[\"\s=]+(?:false|0|no).*"
    r"|SIGNATURE_TYPE=none|-Dunsigned|--force-unsafe-perms",
    re.IGNORECASE,
)
_MANAGERS: Final = frozenset(
    "apt apt-get aptitude nala apt-fast apt-key dnf dnf5 yum microdnf tdnf zypper rpm dpkg apk "
    "pacman yay paru makepkg snap flatpak opkg pkg pkg_add installer pip uv pipx conda mamba "
    "poetry pdm npm yarn pnpm xbps-install eopkg swupd urpmi".split()
)


_PLAIN: Final = Pattern(r"http://(?!localhost|127\.)")
_ANYTHING: Final = Pattern(r".")
_OFF: Final = Pattern(r"(?:off|false|0|no)$", re.IGNORECASE)
_LOOSE_VARIABLES: Final = {
    **dict.fromkeys(("PIP_TRUSTED_HOST", "SIGNATURE_TYPE", "UV_INSECURE_HOST"), _ANYTHING),
    **dict.fromkeys(("GOINSECURE", "GONOSUMDB", "GONOSUMCHECK"), _ANYTHING),
    **dict.fromkeys(("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL"), _PLAIN),
    **dict.fromkeys(("UV_DEFAULT_INDEX", "GOPROXY", "BUNDLE_MIRROR__ALL"), _PLAIN),
    **dict.fromkeys(("NPM_CONFIG_REGISTRY", "npm_config_registry", "YARN_REGISTRY"), _PLAIN),
    **dict.fromkeys(("NPM_CONFIG_STRICT_SSL", "npm_config_strict_ssl", "GOSUMDB"), _OFF),
    **dict.fromkeys(("YARN_ENABLE_STRICT_SSL", "CONDA_SSL_VERIFY"), _OFF),
    "GOFLAGS": Pattern(r".*-insecure"),
}


def _checks_nothing(command: Command) -> bool:
    texts = [word.text for word in command.args]
    if any(_UNCHECKED.fullmatch(text) for text in texts):
        return True
    if command.name == "zypper":
        return ("ar" in texts or "addrepo" in texts) and command.has_letter("G")
    return any(
        given.name in _LOOSE_VARIABLES and _LOOSE_VARIABLES[given.name].match(given.value.text)
        for given in command.assignments
    )


def _module_checks_nothing(command: Command) -> bool:
    """The same for `python3 -m pip`."""
    return any(word.text in {"pip", "uv", "pipx"} for word in command.args[:4]) and (
        command.has("install", "download", "wheel") and _checks_nothing(command)
    )


def _fetches_key(command: Command) -> bool:
    """Whether a key by which packages are trusted comes over an open connection."""
    if command.name == "apt-key" and not command.has("add", "adv", "--fetch-keys"):
        return False
    feeding = (command, *command.upstream, *command.reads)
    texts = (word.text for one in feeding for word in one.args)
    is_plain = any(text.startswith(("http://", "ftp://")) for text in texts)
    unchecked = any(_is_unchecked_fetch(one) for one in feeding)
    return is_plain or unchecked


def _is_unchecked_fetch(command: Command) -> bool:
    if command.name == "curl":
        return command.has_letter("k") or command.has_long("--insecure")
    return command.name == "wget" and command.has_long("--no-check-certificate")


def _puts_key(command: Command) -> bool:
    changed = any(_KEY_FILES.fullmatch(targets.path_of(w)) for w in files_changed(command))
    return changed and _fetches_key(command)


_SOURCE_FILES: Final = Pattern(
    r"/etc/(?:apt/(?:sources\.list(?:\.d(?:/.*)?)?|apt\.conf(?:\.d(?:/.*)?)?)|yum\.repos\.d(?:/.*)?"
    r"|yum\.conf|dnf/(?:dnf\.conf|.*)|zypp/.*|pacman\.conf|pacman\.d/.*|apk/repositories|pip\.conf)"
    r"|(?:~|/root|/home/[^/]+)/(?:\.config/pip/pip\.conf|\.pip/pip\.conf|\.condarc)"
)
_KEY_FILES: Final = Pattern(
    r"/(?:etc/apt/(?:trusted\.gpg(?:\.d/.*)?|keyrings/.*)|usr/share/keyrings/.*"
    r"|etc/pki/rpm-gpg/.*|etc/apk/keys/.*|etc/pacman\.d/gnupg/.*)"
)
_UNTRUSTED: Final = Pattern(
    r"trusted\s*[=:]\s*yes|allow-insecure\s*=\s*yes|allow-weak\s*=\s*yes"
    r"|(?:repo_)?gpgcheck\s*=\s*(?:0|no)"
    r"|sslverify\s*=\s*(?:0|false|no)|SigLevel\s*=\s*(?:Never|Optional\s+TrustAll|TrustAll)"
    r"|AllowUnauthenticated[\"\s]+(?:true|1)|AllowInsecureRepositories[\"\s=]+(?:true|1)"
    r"|Verify-Peer[\"\s]+(?:false|0)|trusted-host\s*=|ssl_verify\s*:\s*(?:false|no)",
    re.IGNORECASE,
)


def _adds_unchecked_source(command: Command) -> bool:
    if command.name in {"add-apt-repository", "apt-add-repository", "dnf", "yum-config-manager"}:
        return any(_UNTRUSTED.search(word.text) for word in command.args)
    changed = any(_SOURCE_FILES.fullmatch(targets.path_of(w)) for w in files_changed(command))
    return changed and _UNTRUSTED.search(text_put(command)) is not None


def _breaks_system_python(command: Command) -> bool:
    is_module = command.family == "python" and any(w.text == "pip" for w in command.args[:3])
    if command.family not in {"pip", "uv"} and not is_module:
        return False
    breaks = command.has_long("--break-system-packages") or any(
        given.name == "PIP_BREAK_SYSTEM_PACKAGES" for given in command.assignments
    )
    return breaks and command.is_root and command.has("install", "uninstall")


_FORCES: Final = Pattern(
    r"force-[\w,-]*(?:all|depends|bad-\w+|architecture|conflicts|breaks)"
    r"|ignore-depends"
)
_FORCED_APT: Final = Pattern(
    r"--allow-change-held-packages$|--ignore-hold$|--force-(?!conf)[a-z]"
    r"|Allow-Change-Held-Packages[\"\s=]+(?:true|1|yes)"
)


_OVERWRITES: Final = Pattern(r"--overwrite(?:=?[\"']?\*.*)?")


def _ignores_dependencies(command: Command) -> bool:
    match command.name:
        case "dpkg":
            forced = " ".join(w.text for w in command.args if w.text.startswith("--force"))
            installs = command.has_letter("i") or command.has("--install")
            forces = installs and _FORCES.search(forced) is not None
            return forces or command.has("--clear-selections")
        case "apt" | "apt-get" | "aptitude" | "nala":
            is_whole = command.has("upgrade", "dist-upgrade", "full-upgrade")
            downgrades = is_whole and command.has("--allow-downgrades")
            return downgrades or any(_FORCED_APT.search(word.text) for word in command.args)
        case "rpm":
            removes = command.has_letter("e") or command.has("--erase")
            return command.has("--nodeps", "--force", "--replacefiles") and not removes
        case "brew":
            return command.has("--ignore-dependencies") and command.has("uninstall", "remove", "rm")
        case "pacman" | "yay" | "paru":
            overwrites = any(_OVERWRITES.fullmatch(word.text) for word in command.args)
            return overwrites and any("*" in word.text for word in command.args)
        case _:
            return command.has("--ignore-liveness")


def _withdraws(command: Command) -> bool:
    if command.has("--undo", "--help", "--dry-run"):
        return False
    return command.has("unpublish" if command.name in {"npm", "yarn", "pnpm"} else "yank")


EFFECTS: Final = (
    Effect("unchecked-package", _checks_nothing, _MANAGERS),
    Effect("unchecked-source", _adds_unchecked_source, when=WRITING),
    Effect(
        "unchecked-source",
        _adds_unchecked_source,
        frozenset({"add-apt-repository", "apt-add-repository", "yum-config-manager"}),
    ),
    Effect("break-system-python", _breaks_system_python, frozenset({"pip", "python", "uv"})),
    Effect(
        "ignore-dependencies",
        _ignores_dependencies,
        frozenset({"dpkg", "rpm", "brew", "pacman", "yay", "paru", "nix-store"})
        | {"apt", "apt-get", "aptitude", "nala"},
    ),
    Effect("unchecked-package", _module_checks_nothing, frozenset({"python"})),
    Effect("unchecked-package", lambda c: c.name == "go" and _checks_nothing(c), frozenset({"go"})),
    Effect("unchecked-source", _fetches_key, frozenset({"apt-key"})),
    Effect("unchecked-source", _puts_key, when=WRITING),
    Effect(
        "withdraw-package", _withdraws, frozenset({"npm", "yarn", "pnpm", "gem", "cargo", "poetry"})
    ),
)
