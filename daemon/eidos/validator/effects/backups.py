"""Backups, snapshots and what else is kept so that a loss can be undone."""

from typing import Final

from eidos.validator.answers import Once
from eidos.validator.commands import Command
from eidos.validator.effects.call_table import calls
from eidos.validator.effects.effect import Effect
from eidos.validator.patterns import Pattern
from eidos.validator.programs.subcommands import callers_of, usage_of

_DESTROY: Final = """
restic     forget       --unsafe-allow-remove-all
restic     forget       <all>
borg       delete      !++  !@*::*  !-a|-P|--glob-archives|--prefix|--match-archives|-r|--repo
borg       rdelete|repo-delete
borg       delete       -a=[*]|--glob-archives=[*]|--match-archives=[*]|-a=sh:[*]
borg       delete       <all>
duplicity  remove-all-but-n-full|remove-all-inc-of-but-n-full  @0  --force
duplicity  remove-older-than  @now|0s|0D|0d|0  --force
rdiff-backup  --remove-older-than=now|--remove-older-than=0*
rdiff-backup  remove    increments  --older-than=now|--older-than=0*
velero     backup       delete      --all
velero     delete       backup|backups  --all
velero     backup|delete  **        <all>
vssadmin   [dD]elete    [sS]hadows  @/[aA]ll|/ALL|/[qQ]uiet|/QUIET
vssadmin   [rR]esize    [sS]hadow[sS]torage
wmic       [sS]hadow[cC]opy  **  [dD]elete
wbadmin    delete       catalog|systemstatebackup|backup
timeshift  --delete-all
wal-g      delete       everything
wal-e      delete       everything
pgbackrest stanza-delete  --force
barman     delete       *           @all
kopia      repository   delete
duplicacy  prune        -keep=0:0
kopia      snapshot     delete      --all-snapshots-for-source=*  --delete
tmutil     delete|deletelocalsnapshots  <all>
snapper    delete       <all>
zfs        destroy      -r|-R
zfs        destroy      <all>
btrfs      subvolume|su|sub  delete|del  <all>
btrfs      subvolume|su|sub  delete|del  @*/.snapshots/[*]*|*/snapshots/[*]|*/.snapshots
tarsnap    --nuke
az         backup       protection  disable  --delete-backup-data=true  -y|--yes
proxmox-backup-client  forget|snapshot  **  <all>
"""
_KEEPS: Final = (
    "|".join(
        f"-{letter}|--keep-{time}|--keep-within-{time}"
        for letter, time in zip(
            "lHdwmy", ("last", "hourly", "daily", "weekly", "monthly", "yearly"), strict=True
        )
    )
    + "|--keep-within|--keep-tag"
)
_DELETE: Final = f"""
restic     forget       !{_KEEPS}
restic     key          remove
restic     unlock       --remove-all
borg       delete
borgmatic  delete|repo-delete
duplicity  remove-all-but-n-full|remove-all-inc-of-but-n-full  --force
duplicity  cleanup      --force
duplicity  remove-older-than  @1D|[0-9]h|[0-9][0-9]h|*m|*s  --force
kopia      policy       set   --keep-latest=[01]
kopia      policy       set   @[01]  --keep-latest
pgbackrest expire       --repo1-retention-full=1|--repo1-retention-full=0
pgbackrest expire       --set=*
timeshift  --restore
velero     *            delete
rdiff-backup  --remove-older-than=*
velero     backup       delete
velero     delete
velero     uninstall
velero     restore      delete
vssadmin   [dD]elete
tmutil     delete|deletelocalsnapshots
timeshift  --delete
snapper    delete
snapper    undochange|rollback
kopia      snapshot     delete      --delete
kopia      policy       delete
pgbackrest stanza-delete
barman     delete
wal-g      delete       *           --confirm
tarsnap    -d
duplicacy  prune        -a|-exhaustive|-r
duplicacy  prune        -keep=0:[1-7]
bup        rm
bupstash   rm|remove
zfs        destroy
zfs        rollback
btrfs      subvolume|su|sub  delete|del
proxmox-backup-client  forget
proxmox-backup-client  snapshot  forget
"""
_TIMES: Final = ("last", "secondly", "minutely", "hourly", "daily", "weekly", "monthly", "yearly")
_COUNTS: Final = (*(f"--keep-{time}" for time in _TIMES), *(f"-{letter}" for letter in "lHdwmy"))
_WITHIN: Final = tuple(f"--keep-within{time}" for time in ("", *(f"-{each}" for each in _TIMES)))
_SHORT: Final = Pattern(r"\d{1,3}[hHMS]|[01]d")
_FEW: Final = 2
_PRUNERS: Final = {"borg": "prune", "restic": "forget", "borgmatic": "prune", "attic": "prune"}
_PRUNING: Final = frozenset(caller for name in _PRUNERS for caller in callers_of(name))


@Once
def _kept(command: Command) -> int | None:
    """Return how many backups are kept; None where it is not said, or more than can be counted."""
    usage = usage_of(command)
    pruning = _PRUNERS.get(usage.program)
    if usage.does_nothing or pruning not in [word.text for word in usage.operands[:1]]:
        return None
    periods = [each for name in _WITHIN for each in usage.options.get(name, ())]
    counts = [each for name in _COUNTS for each in usage.options.get(name, ())]
    if not periods + counts or "--keep-tag" in usage.options:
        return None
    if not all(map(_SHORT.fullmatch, periods)) or not all(map(_NUMBER.fullmatch, counts)):
        return None
    return len(periods) + sum(map(int, counts))


def _keeps_none(command: Command) -> bool:
    return _kept(command) == 0


def _keeps_few(command: Command) -> bool:
    kept = _kept(command)
    return kept is not None and kept <= _FEW


_NUMBER: Final = Pattern(r"\d{1,5}")
_BACKUP_FOLDER: Final = Pattern(
    r"/+(?:(?:var|srv|mnt|media|data|opt)/+)?(?:backups?|bak|snapshots?|timeshift)/*(?:\*/*)?|/\.snapshots/*\*?"
)


def _removes_backups(command: Command) -> bool:
    """Whether the folder in which a machine keeps its backups is deleted, or all that is in it."""
    is_whole = command.has_letter("rR") or command.has_long("--recursive")
    return is_whole and any(_BACKUP_FOLDER.fullmatch(word.text) for word in command.operands)


_DATA_FOLDER: Final = Pattern(
    r"(?:/+var/+lib/+(?:mysql|mariadb|postgresql(?:/+[\d.]+(?:/+main)?)?|pgsql(?:/+data)?|mongo(?:db)?"
    r"|redis|etcd|rabbitmq|kafka|elasticsearch|opensearch|cassandra|scylla|influxdb|neo4j|couchdb"
    r"|clickhouse|vault|consul|gitea|forgejo|gitolite3?|git|libvirt/+images|lxd|incus|longhorn"
    r"|(?:docker|containers/+storage)/+volumes)|(?:~|/+(?:home|srv|var)/+git)/+repositories|/+srv/+git"
    r"|/+var/+opt/+gitlab(?:/+git-data(?:/+repositories)?)?|/+etc/+(?:pve|kubernetes/+pki))/*(?:\*/*)?"
)
"""Where a server keeps all that people have entrusted to it."""


def _removes_data(command: Command) -> bool:
    """Whether the folder in which a server keeps its data is deleted, or all that is in it."""
    is_whole = command.has_letter("rR") or command.has_long("--recursive")
    return is_whole and any(_DATA_FOLDER.fullmatch(word.text) for word in command.operands)


_REMOVERS: Final = frozenset({"rm", "srm"})
EFFECTS: Final[tuple[Effect, ...]] = (
    calls("backups-destroy", _DESTROY),
    Effect("backups-destroy", _removes_backups, _REMOVERS),
    Effect("backups-destroy", _keeps_none, _PRUNING),
    Effect("data-folder-delete", _removes_data, _REMOVERS),
    calls("backup-delete", _DELETE),
    Effect("backup-delete", _keeps_few, _PRUNING),
)
