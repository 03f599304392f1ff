"""docs/systemd.md says of every line of the unit what it does, and of no other that it is there."""

import re
from pathlib import Path

from eidos.resources import systemd_dir

PAGE = Path(__file__).parents[2] / "docs" / "systemd.md"
OF_NO_EFFECT = {"Description", "WantedBy"}
"""Lines for people, and for `systemctl enable`."""
USED = ("How it is run", "What it limits and forbids")


def described(heading: str) -> set[str]:
    """Return the directives in the first column of the table below *heading*."""
    section = PAGE.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([A-Z]\w+)=", cell)}


def directives(*names: str) -> set[str]:
    """Return the directives in the files *names*."""
    text = "\n".join((systemd_dir() / name).read_text() for name in names)
    return set(re.findall(r"^([A-Z]\w+)=", text, re.MULTILINE)) - OF_NO_EFFECT


def test_every_line_is_described() -> None:
    """The two tables together hold the directives of unit and sandbox, no more and no less."""
    unit = directives("eidosd.service", "eidosd.service.d/50-sandbox.conf")

    assert described(USED[0]) | described(USED[1]) == unit
    assert not described(USED[0]) & described(USED[1])


def test_what_is_left_out_is_not_there() -> None:
    """Nothing is both used and said to be left out."""
    unit = directives("eidosd.service", "eidosd.service.d/50-sandbox.conf")

    assert not described("Tried and left out") & unit


def test_what_needs_a_namespace_is_all_taken_back() -> None:
    """`no-namespaces.conf` has every line of the unit that stands below the remark about them."""
    below = (systemd_dir() / "eidosd.service").read_text().split("needs a user namespace")[1]
    needing = set(re.findall(r"^([A-Z]\w+)=", below, re.MULTILINE)) - OF_NO_EFFECT

    assert directives("no-namespaces.conf") == needing


def test_system_unit_forbids_what_the_users_own_does() -> None:
    """What the user unit and its sandbox forbid, `eidosd@.service` forbids in the same words."""

    def lines(*names: str) -> set[str]:
        text = "\n".join((systemd_dir() / name).read_text() for name in names)
        kinds = "Private|Protect|Restrict[A-Z]|System|Capab|Memory|Lock|No|Keyring|Tasks|OOM|Limit"
        found = re.findall(rf"^(?:{kinds}).*=.*$", text, re.MULTILINE)
        return {line for line in found if not line.startswith("NotifyAccess")}

    ours = lines("eidosd.service", "eidosd.service.d/50-sandbox.conf")

    assert ours <= lines("eidosd@.service")
