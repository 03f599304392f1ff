"""What a mode of chmod grants: `4755`, `u+s,o=rw`."""

from functools import cached_property
from typing import Final

from eidos.validator.patterns import Pattern

_CLAUSE: Final = Pattern(r"([ugoa]*)([-+=][-+=rwxXstugo]*)")
_OCTAL: Final = Pattern(r"[0-7]{1,5}")
_TAKEN: Final = Pattern(r"-[^-+=]*")
_SHUTTING: Final = Pattern(r"=$|-[wX]*(?:r|x)")
_LONGEST: Final = 64
_SET_USER: Final = 0o4000
_SET_GROUP: Final = 0o2000


def is_mode(text: str) -> bool:
    """Whether *text* is a mode, octal or in letters."""
    if _OCTAL.fullmatch(text):
        return True
    return len(text) <= _LONGEST and all(_CLAUSE.fullmatch(part) for part in text.split(","))


class Mode:
    """What a mode of chmod grants, `4755` or `u+s,o=rw`."""

    def __init__(self, text: str) -> None:
        self._bits = int(text, 8) if text.isdecimal() else None
        self._clauses = () if text.isdecimal() else tuple(_CLAUSE.findall(text))

    def grants(self, who: str, right: str, bit: int) -> bool:
        """Whether *who* has *right* afterwards; without a name the umask keeps others out."""
        if self._bits is not None:
            return bool(self._bits & bit)
        return any(
            (who in names or "a" in names or (not names and right != "w")) and right in granted
            for names, rights in self._clauses
            for granted in [_TAKEN.sub("", rights)]
        )

    @cached_property
    def sets_user(self) -> bool:
        """Whether the program runs as its owner, whoever starts it."""
        return self.grants("u", "s", _SET_USER)

    @cached_property
    def sets_group(self) -> bool:
        """Whether the program runs with the rights of its group, whoever starts it."""
        return self.grants("g", "s", _SET_GROUP)

    @cached_property
    def lets_others_write(self) -> bool:
        """Whether everybody may change the file."""
        return self.grants("o", "w", 0o002)

    @cached_property
    def lets_others_read(self) -> bool:
        """Whether everybody may read the file."""
        return self.grants("o", "r", 0o004) or self.lets_others_write

    @cached_property
    def lets_any_other_in(self) -> bool:
        """Whether anybody but the owner may do anything."""
        if self._bits is not None:
            return bool(self._bits & 0o077)
        return any(self.grants(who, right, 0) for who in "go" for right in "rwx")

    @cached_property
    def shuts_others_out(self) -> bool:
        """Whether nobody but the owner and his group may use it."""
        if self._bits is not None:
            return not self._bits & 0o005
        return any(
            _SHUTTING.match(rights) and (not names or not {"o", "a"}.isdisjoint(names))
            for names, rights in self._clauses
        )

    @cached_property
    def lets_all_delete(self) -> bool:
        """Whether the mark is missing by which people cannot delete the files of others."""
        return self._bits is not None and not self._bits & 0o1000

    @cached_property
    def shuts_out(self) -> bool:
        """Whether not even the owner may use it."""
        if self._bits is not None:
            return not self._bits & 0o500
        return any(
            _SHUTTING.match(rights) and names in {"", "a", "u", "ugo"}
            for names, rights in self._clauses
        )


_DIGITS: Final = {str(bits): "".join(r for r, b in zip("rwx", (4, 2, 1), strict=True) if bits & b)
                  for bits in range(8)}  # fmt: skip
_ENTRY: Final = Pattern(
    r"(?:d(?:efault)?:)?(?P<who>u(?:ser)?|g(?:roup)?|o(?:ther)?):(?:(?P<name>[^:]*):)?"
    r"(?P<rights>[0-7]|[-rwxX]{0,4})"
)


def mode_of_entries(text: str) -> Mode | None:
    """Return what entries for setfacl grant, `u:bob:rw,o::r`; a user of that name is a group."""
    clauses: list[str] = []
    for entry in text[:_LONGEST_LIST].split(","):
        match = _ENTRY.fullmatch(entry.strip())
        if match:
            rights = _DIGITS.get(match["rights"], match["rights"].replace("-", ""))
            clauses.append(f"{'g' if match['name'] else match['who'][0]}={rights}")
    return Mode(",".join(clauses)) if clauses else None


_LONGEST_LIST: Final = 512
_MAC_ENTRY: Final = Pattern(r"\s*(?:group:|user:)?(?P<who>[\w.-]+)\s+allow\s+(?P<rights>\S.*)")
_NFS_ENTRY: Final = Pattern(r"A:[a-zA-Z]*:(?P<who>[^:]+):(?P<rights>[a-zA-Z]+)")
_CHANGING: Final = Pattern(r"write|delete|append|add_|chown")
_ALL: Final = frozenset({"everyone", "EVERYONE@", "staff"})


def mode_of_mac(entry: str) -> Mode | None:
    """Return what an entry for `chmod +a` grants, `everyone allow write`."""
    match = _MAC_ENTRY.match(entry[:_LONGEST_LIST])
    if match is None:
        return None
    rights = "rw" if _CHANGING.search(match["rights"]) else "r"
    return Mode(f"{'o' if match['who'] in _ALL else 'g'}={rights}")


def mode_of_nfs(entry: str) -> Mode | None:
    """Return what an entry for nfs4_setfacl grants, `A::EVERYONE@:RW`."""
    match = _NFS_ENTRY.search(entry[:_LONGEST_LIST])
    if match is None:
        return None
    rights = "".join(right for right in "rwx" if right in match["rights"].lower())
    return Mode(f"{'o' if match['who'] in _ALL else 'g'}={rights}")
