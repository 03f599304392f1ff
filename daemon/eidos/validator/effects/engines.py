"""Containers as a door to the machine that they run on."""

import re
from itertools import pairwise
from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.effect import Effect
from eidos.validator.patterns import Pattern

_SOCKET: Final = Pattern(
    r"/(?:var/)?run/(?:docker|podman/podman|containerd/containerd|crio/crio)\.sock"
)
_MADE_FOR_SOCKET: Final = Pattern(
    r"(?:[\w.-]+/)?(?:portainer|containrrr|nickfedor|traefik|docker|lscr\.io|linuxserver|gitlab|netdata"
    r"|amir20|louislam|prom|grafana|datadog|gcr\.io|ghcr\.io|quay\.io|jwilder|nginxproxy|wagoodman"
    r"|lazyteam|aquasec|anchore|tecnativa|jenkins|drone|woodpeckerci|telegraf|crazymax)(?:[/:-].*)?"
)
"""Images of publishers whose business it is to look after containers."""


def _gets_engine(command: Command) -> bool:
    """Whether a container of nobody in particular may start others, and so become root here."""
    if not any(_SOCKET.search(word.text) for word in command.args):
        return False
    return not any(_MADE_FOR_SOCKET.fullmatch(word.text) for word in command.operands[1:])


_ENGINES: Final = frozenset({"docker", "podman", "nerdctl", "ctr", "lxc", "incus", "kubectl", "oc"})
_MOUNT: Final = Pattern(
    r"(?:-v|--(?:volume|mount)=)?(?:type=bind,)?(?:src=|source=)?/(?:etc|root|boot)?/?"
    r"[:,](?:dst=|target=|destination=|path=)?/[^:,]*(?P<mode>.*)"
)
_LEAVES: Final = Pattern(
    r"(?:^|[\s/;&|])(?:chroot|nsenter|pivot_root)(?:\s|$)|release_agent|core_pattern"
)
_POWERS: Final = Pattern(
    r"--privileged(?:=true)?$|--cap-add[= ]?(?:ALL|SYS_ADMIN|SYS_MODULE|SYS_PTRACE)|--pid[= ]?host$"
    r"|--security-opt[= ]?(?:apparmor|seccomp)[:=]unconfined",
    re.IGNORECASE,
)
_POWERS_IN_JSON: Final = Pattern(
    r"\"?(?:privileged|hostPID)\"?\s*[:=]\s*true|\"hostPath\"|security\.privileged=true",
    re.IGNORECASE,
)


def _opens_host(command: Command) -> bool:
    """Whether a container is started from which the host can be changed as root."""
    return _starts(command) and (
        _is_privileged(command) or _mounts_host(command) or _gets_engine(command)
    )


def _leaves_container(command: Command) -> bool:
    """Whether what the container runs leaves it for the host."""
    return _opens_host(command) and any(_LEAVES.search(word.text) for word in command.args)


def _starts(command: Command) -> bool:
    verbs = {"run", "create", "launch", "init", "add", "debug"}
    return any(word.text in verbs for word in command.args[:6])


def _is_privileged(command: Command) -> bool:
    texts = [word.text for word in command.args]
    pairs = (" ".join(pair) for pair in pairwise(texts))
    return any(_POWERS.match(text) for text in (*texts, *pairs)) or any(
        _POWERS_IN_JSON.search(text) for text in texts
    )


def _mounts_host(command: Command) -> bool:
    """Whether the container may change the root of the host, or its settings."""
    found = (_MOUNT.fullmatch(word.text) for word in command.args)
    return any(match and not _READ_ONLY.search(match["mode"]) for match in found)


_READ_ONLY: Final = Pattern(r"[:,](?:ro|readonly)(?:[:,=]|$)")


EFFECTS: Final[tuple[Effect, ...]] = (
    Effect("container-takeover", _leaves_container, _ENGINES),
    Effect("container-host", _opens_host, _ENGINES),
)
