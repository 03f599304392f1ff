"""Public collections of requests and commands, read from a folder: tldr, NL2Bash and Fig.

Each collection is a file of JSON lines there, `tldr.jsonl`, `nl2bash.jsonl` and `fig.jsonl`;
training/README.md says where they come from and under which licences.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from zlib import crc32

from training.expanding import Pair


class MalformedSource(Exception):  # noqa: N818 - the file is at fault, not the program
    """A line of a collection is not what it ought to be; the message names file and line."""


def first_program(command: str) -> str:
    """Return the first program that *command* runs, without its folder; "" if there is none.

    What only starts another program (sudo, env, time and their kin) is looked through.
    """
    for word in command.split():
        name = word.lstrip("({!$").rsplit("/", 1)[-1].rstrip(";)")
        if name in _STARTERS or not name or word.startswith("-") or _ASSIGNMENT.match(word):
            continue
        return name
    return ""


def read_tldr(folder: Path) -> Iterator[Pair]:
    """Yield the rows of tldr-pages: what a page says of a command, and the command.

    Pages that only point at another page (`tldr OTHER`) are left out.
    """
    for pair in _read_pairs(folder / "tldr.jsonl", "tldr"):
        if not (pair.tool == "tldr" and "documentation for the" in pair.request):
            yield pair


def read_nl2bash(folder: Path) -> Iterator[Pair]:
    """Yield the rows of NL2Bash: what people wrote beside one-liners that they found."""
    yield from _read_pairs(folder / "nl2bash.jsonl", "nl2bash")


def _read_pairs(path: Path, source: str) -> Iterator[Pair]:
    for number, row in _read_rows(path, ("nl", "cmd")):
        yield _pair(row["nl"], row["cmd"], source, number)


def read_fig(folder: Path) -> Iterator[Pair]:
    """Yield Fig's subcommands and options as requests, where their descriptions can be one.

    "Lists all containers" of `docker ps` becomes "list all containers with docker": a description
    that does not begin with a verb, or that says more than what the command does, is left out.
    """
    path = folder / "fig.jsonl"
    paths = _subcommands(path)
    for number, row in _read_rows(path, ("tool", "kind", "cmd", "desc")):
        tool, command = row["tool"], row["cmd"]
        deed = imperative(row["desc"])
        if not deed or tool == "index" or not _PLAIN_TOOL.match(tool):
            continue
        if not _is_complete(row, paths[tool], deed):
            continue
        name = _named(command) if row["kind"] == "opt" else tool
        frame = _FRAMES[crc32(command.encode()) % len(_FRAMES)]
        yield _pair(frame.format(deed=deed, tool=name), command, "fig", number)


def imperative(description: str) -> str:
    """Return *description* as something to ask for; "" where it cannot be read as that."""
    text = description.strip().rstrip(".")
    words = text.split()
    if not _MIN_WORDS <= len(words) <= _MAX_WORDS or _UNUSABLE.search(text):
        return ""
    verb = _bare(words[0].lower())
    return " ".join([verb, *words[1:]]) if verb in _VERBS else ""


def _bare(verb: str) -> str:
    """Return the bare form of *verb*: list for lists, copy for copies, push for pushes."""
    for ending, bare in (("ies", "y"), ("es", ""), ("s", "")):
        if verb.endswith(ending) and verb.removesuffix(ending) + bare in _VERBS:
            return verb.removesuffix(ending) + bare
    return verb


def _read_rows(path: Path, fields: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
            except json.JSONDecodeError as exc:
                raise MalformedSource(f"{path}:{number}: not a line of JSON: {exc}") from exc
            if not all(isinstance(row.get(field), str) for field in fields):
                raise MalformedSource(f"{path}:{number}: needs the texts {', '.join(fields)}")
            yield number, row


def _pair(request: str, command: str, source: str, number: int) -> Pair:
    tool = first_program(command)
    return Pair(request, command, "bash", "linux", source, f"{source}:{number}", tool)


def _named(command: str) -> str:
    """Return *command* up to its first option, as people say it: docker run."""
    return command.partition(" -")[0]


def _subcommands(path: Path) -> dict[str, set[str]]:
    """Return, by tool, what stands before an option somewhere: no argument is among it."""
    found: dict[str, set[str]] = defaultdict(set)
    for _, row in _read_rows(path, ("tool", "kind", "cmd")):
        if row["kind"] == "opt":
            words = _named(row["cmd"]).split()
            found[row["tool"]].update(" ".join(words[:end]) for end in range(1, len(words) + 1))
    return found


def _is_complete(row: Mapping[str, str], paths: set[str], deed: str) -> bool:
    """Whether all that follows the known subcommands is said in the request."""
    words = row["cmd"].split()
    end = len(words)
    if row["kind"] == "opt":
        end = len(_named(row["cmd"]).split()) + 1
        if end > len(words):
            return False
    else:
        while end > 1 and " ".join(words[:end]) not in paths:
            end -= 1
    said = re.findall(r"[\w-]+", deed.lower())
    named = words[end - 1].lower() if row["kind"] == "opt" else ""
    return all(word.lower() in said and word.lower() not in named for word in words[end:])


_STARTERS: Final = frozenset("sudo doas env time nohup command exec nice ionice".split())
_ASSIGNMENT: Final = re.compile(r"\w+=")
_PLAIN_TOOL: Final = re.compile(r"[A-Za-z][\w.+-]*$")
_MIN_WORDS: Final = 3
_MAX_WORDS: Final = 14
_UNUSABLE: Final = re.compile(
    r"deprecated|default|\[\$|https?:|e\.g\.|i\.e\.|\$\{|[\n|<>{}\[\]*⚠\"“]|[.:;] |…|^.{90}|--\w"
    r"|\b(?:true|false|boolean|this flag|this option|this command|commands? for|given|if set)\b",
    re.IGNORECASE,
)
_FRAMES: Final = (
    "{deed} with {tool}",
    "{deed} using {tool}",
    "use {tool} to {deed}",
    "{tool}: {deed}",
    "how do I {deed} with {tool}",
)
_VERBS: Final = frozenset(
    """
    abort accept activate add allow amend analyze append apply approve archive assign attach audit
    authenticate authorize automate back backup bind block boot browse build bump bundle cancel
    change check choose clean clear clone close collect combine commit compare compile compress
    compute configure connect continue convert copy count create deactivate debug decode decompress
    decrypt define delete deploy describe destroy detach detect diff disable disconnect discover
    display download drop dump duplicate edit eject emit enable encode encrypt end enter erase
    estimate evaluate examine exclude execute exit expand export expose extract fail fetch filter
    find finish fix flush follow force forget fork format generate get give grant group halt hide
    highlight ignore import include increase index initialize inspect install invert invoke join
    keep kill launch link lint list load lock log login logout look make manage mark match measure
    merge migrate minify modify monitor mount move open optimize output override overwrite pack
    package parse pause perform pin ping play prepare preserve prevent preview print process promote
    prune publish pull purge push query quit read rebase rebuild recompile record recover recreate
    redirect refresh register reinstall release reload remove rename render reorder repair replace
    report request require rerun reset resize resolve restart restore restrict resume retrieve
    return revert review revoke rewrite roll rotate run save scaffold scale scan schedule search
    select send serve set share show shut sign simulate skip sort split squash stage start
    stash stop store stream strip submit suppress suspend switch sync synchronize tag tail take
    terminate test toggle touch trace track transfer transform trigger truncate trust turn unarchive
    unblock uninstall unload unlock unmount unpack unpause unpublish unregister unset unstage untag
    update upgrade upload use validate verify view wait watch wipe wrap write zip
    """.split()
)
