"""What may let others in: tunnels, and services that hand out a shell or the screen."""

import re
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.effects.backdoors import runs_by_netcat, socat_runs
from eidos.validator.effects.effect import Effect
from eidos.validator.evaluating.options import Grammar
from eidos.validator.patterns import Pattern
from eidos.validator.programs.sending.sent import given, split

_SHARES_TERMINAL: Final = frozenset(
    "tmate teleconsole upterm sshx tty-share gotty ttyd wetty shellinaboxd shellinabox wssh "
    "termpair butterfly.server.py gs-netcat gsocket".split()
)
_SERVES: Final = (
    _SHARES_TERMINAL
    | {"code-server", "jupyter", "jupyter-lab", "jupyter-notebook", "openvscode-server"}
    | {"socat", "dropbear", "sshd", "nc", "ncat", "netcat", "nc.traditional"}
)
_ONLY_HERE: Final = frozenset({"127.0.0.1", "localhost", "lo", "::1"})
_FORWARDERS: Final = frozenset(
    "ngrok cloudflared bore lt localtunnel inlets frpc chisel ligolo-agent loclx pagekite "
    "pagekite.py zrok rathole tunnelto wstunnel ptunnel iodine dns2tcpc gost revsocks".split()
)
_ENTRANCE: Final = Pattern(
    r"(?:^|[:=/@])(?:22|2222|23|3389|5900|5901)$|ssh://|rdp://|(?:^|:)R:|^(?:--reverse|--remote|-R)$|^ssh$|^rdp$"
)


_TO_ALL: Final = r"(?:0\.0\.0\.0|\[?::\]?(?=$|[\s:])|\*)"
_OPENS: Final[dict[str, Pattern]] = {
    **dict.fromkeys(
        ("telnetd", "in.telnetd", "utelnetd", "rshd", "in.rshd", "rlogind"), Pattern("")
    ),
    "x11vnc": Pattern(r"(?s)(?!.*(?:-localhost|-rfbauth|-usepw|-passwd|-unixpw)).*"),
    "wayvnc": Pattern(rf".*{_TO_ALL}"),
    **dict.fromkeys(
        ("vncserver", "Xvnc", "x0vncserver", "tigervncserver", "Xtigervnc"),
        Pattern(r"(?is).*(?:SecurityTypes?[= ]None|-localhost[= ]no)"),
    ),
    **dict.fromkeys(
        ("code", "code-insiders", "cursor"),
        Pattern(r"tunnel(?! (?:status|kill|help|user|prune))"),
    ),
    "devtunnel": Pattern("host"),
    "tailscale": Pattern(r"(?:funnel|serve)\b.*(?:tcp|\b(?:22|3389|5900)\b)"),
    "dockerd": Pattern(r"(?s)(?!.*tlsverify).*tcp://"),
    **dict.fromkeys(("kubectl", "oc"), Pattern(rf"proxy\b.*address[= ]{_TO_ALL}")),
    "node": Pattern(rf"--inspect(?:-brk)?={_TO_ALL}"),
    **dict.fromkeys(
        ("chrome", "google-chrome", "chromium", "chromium-browser"),
        Pattern(rf".*--remote-debugging-address={_TO_ALL}"),
    ),
}
"""Programs that let others in when their words match."""
_LISTENS: Final = Pattern(r"(?:tcp|udp|ssl|openssl|vsock)[\w-]*(?:-l(?:isten)?|-l):", re.IGNORECASE)
_WAY_IN: Final = Pattern(
    r"tcp[46]?(?:-connect)?:[^:]*:(?:22|23|2375|3389|5900|6443|10250)(?:,|$)|unix(?:-connect)?:\S*(?:docker|containerd"
    r"|podman)\S*\.sock",
    re.IGNORECASE,
)


def _lets_in(command: Command) -> bool:
    """Whether a program is started whose business is to let others in."""
    texts = [word.text for word in command.args]
    if command.name in {"socat", "docker", "podman"}:
        listens = any(_LISTENS.match(text) for text in texts)
        if listens and any(_WAY_IN.match(text) for text in texts):
            return True
    if command.name in {"docker", "podman"}:
        return command.has("run") and any(map(_is_terminal_image, command.operands[1:]))
    pattern = _OPENS.get(command.name)
    return (
        pattern is not None
        and not _is_question(texts)
        and (pattern.match(" ".join(texts)) is not None)
    )


def _is_terminal_image(word: Word) -> bool:
    image = word.text.partition(":")[0].rpartition("/")[2]
    return (
        "/" in word.text and not word.text.startswith(("/", ".", "~")) and image in _SHARES_TERMINAL
    )


def _serves_shell(command: Command) -> bool:
    """Whether a terminal or a handler is offered to whoever reaches this machine."""
    name = command.name
    if name not in _SERVES or _lets_in(command):
        return _lets_in(command)
    texts = [word.text for word in command.args]
    if name in _SHARES_TERMINAL:
        return not _ONLY_HERE & {*texts} and not _is_question(texts)
    if name in {"code-server", "jupyter", "jupyter-lab", "jupyter-notebook", "openvscode-server"}:
        is_open = any(re.search(r"0\.0\.0\.0|^::$|\*$", text) for text in texts)
        is_unlocked = any(_UNLOCKED.search(text) for text in texts) or "none" in texts
        return is_open and is_unlocked
    if name == "socat":
        listens = any("listen" in text.lower() for text in texts)
        return listens and any(True for _ in socat_runs(command))
    if name in {"dropbear", "sshd"}:
        return command.has_letter("pBRE") and not command.has_letter("tT")
    handlers = (word.text.split(maxsplit=1)[:1] for word in runs_by_netcat(command))
    return command.has_letter("l") and any(first not in _HARMLESS for first in handlers)


_HARMLESS: Final = (["echo"], ["printf"], ["cat"], ["/bin/cat"], ["date"])
_UNLOCKED: Final = Pattern(
    r"(?:token|password)=(?:''|\"\")?$|--auth[= ]none|--auth=none|--without-connection-token"
)


def _is_question(texts: list[str]) -> bool:
    return any(
        text in {"--version", "-V", "--help", "-h", "-v", "version", "kill-session"}
        for text in texts
    )


def _tunnels(command: Command) -> bool:
    """Whether a way into this machine, or its network, is opened through another one."""
    if command.name in _FORWARDERS:
        if command.has("-v", "--version", "-h", "--help", "completion", "verify", "access"):
            return False
        return any(_ENTRANCE.search(word.text) for word in command.args) or command.name in _HIDDEN
    options, _ = split(command, _SSH)
    settings = [value.text.lower() for value in given(options, frozenset({"-o"}))]
    remote = [value.text for value in given(options, frozenset({"-R"}))]
    remote += [
        text.partition("=")[2] or text for text in settings if text.startswith("remoteforward")
    ]
    dynamic = any(name == "-D" for name, _ in options)
    stays = command.is_background or any(name in {"-f", "-N"} for name, _ in options)
    opens_shell = any(_REMOTE_ENTRANCE.search(text) or ":" not in text for text in remote)
    return opens_shell or (bool(remote or dynamic) and (stays or command.name == "autossh"))


_REMOTE_ENTRANCE: Final = Pattern(r"[: ](?:22|23|3389|5900)$")
_HIDDEN: Final = frozenset({"frpc", "ptunnel", "iodine", "dns2tcpc", "revsocks", "ligolo-agent"})
_SSH: Final = Grammar("BbcDEeFIiJLlmMOopQRSWw")


EFFECTS: Final[tuple[Effect, ...]] = (
    Effect(
        "shell-service",
        _serves_shell,
        _SERVES | {*_OPENS, "docker", "podman"},
    ),
    Effect("open-tunnel", _tunnels, _FORWARDERS | {"ssh", "autossh"}),
    Effect(
        "open-display",
        lambda command: any(word.text == "+" for word in command.args),
        frozenset({"xhost"}),
    ),
)
