"""Version control: work that is thrown away, and history that is replaced."""

from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.call_table import calls
from eidos.validator.effects.effect import Effect
from eidos.validator.effects.forges import FORGE_EFFECTS
from eidos.validator.programs.subcommands import usage_of

_FORCE_PUSH: Final = """
git   push   -f|--force|--mirror
git   push   @+?*
git   send-pack -f|--force|--mirror
git   fast-import --force
hg    push   -f|--force
bzr|brz push --overwrite
jj    git push --allow-backwards
gh    repo sync --force
"""
_DELETE_REMOTE: Final = """
git   push   -d|--delete|--prune
git   push   @:?*
git   delete|delete-branch|delete-tag|delete-merged-branches
svn   delete|del|remove|rm   @*://*
jj    git push --deleted
"""
_RESET: Final = """
git   reset   --hard|--merge
git   read-tree --reset @*
git   checkout-index -f|--force
git   submodule update -f|--force
git   undo --hard
repo  sync --force-sync
"""
_EVERYTHING: Final = "@.|./|..|../|:/|:/.|*/|*[*]*"
"""All files here, all in a folder, or a pattern; one file that is named is no surprise."""
_DISCARD: Final = f"""
git   checkout   -f|--force
git   checkout   {_EVERYTHING} !-p|--patch !-b|-B|--orphan
git   switch     -f|--force|--discard-changes
git   restore    {_EVERYTHING} !-S|--staged !-p|--patch
git   restore    {_EVERYTHING} -W|--worktree !-p|--patch
git   rm         -r @.|./|:/|[*] !--cached
git   worktree   remove -f|--force
git   submodule  deinit -f|--force
git   annex      drop|dropunused --force
hg    update|up|checkout|co  -C|--clean
hg    revert     -a|--all
hg    revert     -C|--no-backup
hg    purge|clean
svn   revert     -R|--recursive|--depth=infinity
svn   cleanup    --remove-unversioned|--remove-ignored|--vacuum-pristines
bzr|brz revert   .
bzr|brz clean-tree --force
fossil revert    .
fossil clean     -f|--force
jj    restore    !-i|--interactive
jj    abandon
jj    op|operation abandon|restore
p4    revert     !-n !-a @//...|...|*...
p4    clean      !-n
darcs revert|obliterate|unpull -a|--all
dvc   checkout   -f|--force
got   revert     -R
"""
_STASH: Final = """
git   stash   drop|clear
"""
_BRANCH: Final = """
git   branch  -D
git   branch  -d|--delete  -f|--force
git   branch  -d|--delete <all>
git   branch  -f|--force +
git   checkout -B ++
git   switch  -C|--force-create ++
git   fetch|pull  *  @+*:refs/heads/*|+*:[!r]*|+*:r[!e]*|+*:re[!f]*
git   fetch|pull  *  -f|--force  @*:refs/heads/*|*:[!r]*|*:r[!e]*|*:re[!f]*
git   tag     -d|--delete <some>
hg    bookmark -d|--delete <some>
"""
_REWRITE: Final = """
git   filter-branch|filter-repo
git   replace -d|--delete|-f|--force
git   obliterate
hg    strip|rollback|debugstrip
hg    prune
bzr|brz uncommit --force
jj    util gc --expire=now
svnadmin setrevprop|rmtxns
fossil purge|shun|scrub
p4    obliterate -y
bfg
"""
_PRUNE: Final = """
git   reflog  expire|delete
git   gc      --prune=now|--prune=all|--prune=today|--prune=0*|--prune=1.sec*
git   gc      -c=*xpire*=now|-c=*xpire*=0|-c=*xpire*=all
git   prune   !-n|--dry-run
git   lfs     prune --force|-f
git   maintenance run -c=*xpire*=now
dvc   gc      -f|--force|-c|--cloud
"""
_REF: Final = """
git   update-ref    -d|--delete|--stdin
git   symbolic-ref  -d|--delete
git   notes         remove|prune <some>
"""


def _cleans(command: Command) -> bool:
    """Whether git deletes files that it does not know, without asking."""
    usage = usage_of(command)
    if usage.program != "git" or not usage.operands or usage.operands[0].text != "clean":
        return False
    if usage.has("-n", "-i", "--interactive") or usage.does_nothing:
        return False
    settings = " ".join(usage.options.get("-c", ())).lower()
    return usage.has("-f", "--force") or "clean.requireforce=" in settings


def _runs_bfg(command: Command) -> bool:
    return any("bfg" in word.text and word.text.endswith(".jar") for word in command.args)


EFFECTS: Final[tuple[Effect, ...]] = (
    calls("git-force-push", _FORCE_PUSH),
    calls("git-delete-remote", _DELETE_REMOTE),
    calls("git-reset-hard", _RESET),
    calls("git-discard", _DISCARD),
    Effect("git-clean", _cleans, frozenset({"git", "hub", "yadm"})),
    calls("git-stash-drop", _STASH),
    calls("git-delete-branch", _BRANCH),
    calls("git-rewrite", _REWRITE),
    Effect("git-rewrite", _runs_bfg, frozenset({"java"})),
    calls("git-prune", _PRUNE),
    calls("git-delete-ref", _REF),
    *FORGE_EFFECTS,
)
