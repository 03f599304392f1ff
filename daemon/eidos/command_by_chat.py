"""How any chat model is asked for one command line, and which words of its answer are that line.

Nothing of it is trusted: whatever comes out is judged like any other draft.
"""

import re
from typing import Final

_INSTRUCTION: Final = (
    "Turn the user's request into one {shell} command line for {os}. "
    "Reply with that line alone: no explanation, no alternatives, no code fence, no prompt sign. "
    "Use only names and values that the request gives. "
    "If one command line cannot do it, reply with nothing."
)
_SYSTEMS: Final = {"linux": "Linux", "macos": "macOS"}
_FENCED: Final = re.compile(r"```[^\n`]*\n(.*?)\n?[ \t]*```", re.DOTALL)
_SPAN: Final = re.compile(r"`([^`\n]+)`")
_THOUGHT: Final = re.compile(r"<think>.*?</think>", re.DOTALL)
_SENTENCE: Final = re.compile(r"(?:I|[A-Z][a-z']+),? .*[.:!?]")
"""Prose. Commands that begin with a capital letter (Rscript, Xephyr) do not end like this."""


def instruction(shell: str, system: str) -> str:
    """Return what a chat model is told before a request, for *shell* on *system*."""
    return _INSTRUCTION.format(shell=shell, os=_SYSTEMS.get(system, system))


def command_in(text: str) -> str:
    """Return the one command line in a chat's answer *text*, or "" where there is not just one."""
    text = _THOUGHT.sub("", text).strip()
    if "<think>" in text:
        return ""  # cut off while it thought
    blocks = _FENCED.findall(text)
    if blocks or "```" in text:
        return _only_line(blocks[0]) if len(blocks) == 1 else ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    commands = [line for line in lines if not _SENTENCE.fullmatch(line)]
    if len(commands) == 1:
        return _unwrapped(commands[0])
    spans = _SPAN.findall(text)
    return _unwrapped(spans[0]) if not commands and len(spans) == 1 else ""


def _only_line(block: str) -> str:
    lines = [line.strip() for line in block.splitlines() if line.strip()]
    return _unwrapped(lines[0]) if len(lines) == 1 else ""


def _unwrapped(line: str) -> str:
    """Return *line* without what stands around a command in texts: `…`, and a prompt."""
    if span := _SPAN.fullmatch(line):
        line = span[1].strip()
    return line.removeprefix("$ ").strip()
