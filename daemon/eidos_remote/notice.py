"""What a user is told before the first text goes to a host."""

import ipaddress
from typing import Final

from eidos_remote.messages import Purpose

_SENT: Final = {
    Purpose.CHAT: "Your message and those before it in the conversation are sent",
    Purpose.TRANSLATE: "The text to translate is sent",
    Purpose.REQUESTS: "What you type at the prompt and is not English is sent, to be translated,",
    Purpose.SUGGEST: "What you type at the prompt is sent, where the local model is not sure,",
}
_RUN_BY: Final = {
    "api.openai.com": "OpenAI, a company in the USA",
    "openrouter.ai": "OpenRouter, a company in the USA, which passes it on to others",
    "api.anthropic.com": "Anthropic, a company in the USA",
    "api.mistral.ai": "Mistral, a company in France",
    "api.groq.com": "Groq, a company in the USA",
    "libretranslate.com": "the LibreTranslate project",
}
_PROGRAMS: Final = {
    "ollama": "Ollama",
    "libretranslate": "a LibreTranslate server",
    "openai": "a server with OpenAI's interface",
    "compatible": "a server with OpenAI's interface",
}


def notice_text(purpose: Purpose, provider: str, host: str, *, is_redacted: bool) -> str:
    """Return some sentences: what is sent, to whom, without what, and how to forbid it again."""
    taken = (
        "Keys and passwords are taken out first where they can be told, and you are shown which; "
        "there is no promise that all are found."
        if is_redacted
        else "Nothing is taken out of it first: redact is off, and keys and passwords go along."
    )
    return (
        f"{_SENT[purpose]} to {host}: {_run_by(provider, host)}. {taken} {_may(host)} "
        "You are asked once for each host and purpose. To forbid it again: "
        f"eidosctl remote revoke {purpose}"
    )


def is_this_machine(host: str) -> bool:
    """Whether *host*, perhaps with a port, is an address that never leaves this machine."""
    name = _name(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _run_by(provider: str, host: str) -> str:
    program = _PROGRAMS.get(provider, "a server")
    if is_this_machine(host):
        return f"{program}, on this machine"
    return _RUN_BY.get(_name(host), f"{program}, run by whoever has that name")


def _may(host: str) -> str:
    if is_this_machine(host):
        return "What that program does with it is set there; it may pass it on."
    return "Whoever runs it can read it, may keep it, and may use it by terms of their own."


def _name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
