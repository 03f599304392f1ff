"""What else is lost at one word: jobs, mail, keys, settings, files spread over machines."""

from typing import Final

from eidos.validator.answers import Once
from eidos.validator.commands import Command
from eidos.validator.effects.call_table import calls
from eidos.validator.effects.effect import ANY, Effect
from eidos.validator.effects.listing import Feed, feed_of
from eidos.validator.programs.subcommands import SYNTAXES, usage_of

_JOBS: Final = """
crontab   -r  !-i
atrm      <some>
"""
_KEYS: Final = """
gpg|gpg2   --delete-secret-keys|--delete-secret-key|--delete-secret-and-public-key
pass|gopass  rm|remove|delete  -r|-f|--recursive|--force
op         item|vault|document  delete
bw         delete
bws        secret|project  delete
security   delete-keychain|delete-identity
keyctl     clear
lpass      rm
rbw        remove|purge
tpm2_clear
"""
_MAIL: Final = """
postsuper   -d=ALL|-d=all
exim|exim4  -Mrm  <some>
doveadm     expunge|purge  @all|ALL
doveadm     mailbox  delete
"""
_SPREAD_ALL: Final = """
hdfs|hadoop  namenode  -format
hdfs|hadoop  dfs|fs    -rm|-rmr  @/|/[*]|hdfs://*/|/user|/hbase
"""
_SPREAD: Final = """
hdfs|hadoop  dfs|fs    -rm|-rmr  -r|-R|-skipTrash|-rmr
hdfs|hadoop  dfs|fs    -expunge
nodetool     decommission|removenode|assassinate|clearsnapshot
gluster      volume    delete|reset
drbdadm      wipe-md|invalidate|create-md
solr         delete
jenkins-cli  delete-*
geth         removedb
ldapdelete   -r
samba-tool   domain    demote
gitlab-ctl   cleanse
"""
_SETTINGS: Final = """
dconf      reset  -f  @/
defaults   delete  @NSGlobalDomain
defaults   delete  -g|-globalDomain
"""

_UNASKED: Final = frozenset(
    """
    -y --yes --force --assume-yes --no-confirm --noconfirm --auto-approve --skip-confirmation
    --confirm --no-prompt --no-input --noinput --non-interactive --yes-i-really-mean-it
    --skip-confirm --approve --assumeyes
    """.split()
)
_VERBS: Final = frozenset(
    """
    delete destroy terminate wipe nuke drop delete-all destroy-all remove-all purge-all
    factory-reset decommission destroy-model destroy-controller
    """.split()
)
_ORDINARY: Final = frozenset(
    "echo printf print grep egrep rg ag man tldr which git cp mv ln touch mkdir ls cat ufw".split()
)
_FIRST_WORDS: Final = 4


@Once
def _deletes_unasked(command: Command) -> bool:
    """Whether a program, whichever it is, is told to delete and not to ask."""
    if _UNASKED.isdisjoint([word.text for word in command.args]):
        return False
    words = [word.text for word in command.args if not word.text.startswith("-")]
    return command.name not in _ORDINARY and not _VERBS.isdisjoint(words[:_FIRST_WORDS])


def _deletes_listing(command: Command) -> bool:
    """Whether a program that no table knows deletes, unasked, all that it lists itself."""
    return (
        _deletes_unasked(command)
        and feed_of(command) is Feed.ALL
        and usage_of(command).program not in SYNTAXES
    )


EFFECTS: Final[tuple[Effect, ...]] = (
    calls("spread-files-all", _SPREAD_ALL),
    calls("crontab-remove", _JOBS),
    calls("delete-secret-keys", _KEYS),
    calls("delete-mail", _MAIL),
    calls("spread-files-delete", _SPREAD),
    calls("settings-reset", _SETTINGS),
    Effect("delete-listing", _deletes_listing, when=ANY),
    Effect("delete-unasked", _deletes_unasked, when=ANY),
)
