"""Virtual machines and containers that are like them: what is removed with its disks."""

from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.effects.call_table import calls
from eidos.validator.effects.effect import Effect
from eidos.validator.effects.removing import ERASERS, removal_of
from eidos.validator.patterns import Pattern
from eidos.validator.places.targets import path_of

_MACHINES_ALL: Final = """
virsh    undefine    --remove-all-storage   <all>
virsh    undefine|vol-delete|pool-delete    <all>
vboxmanage  unregistervm  --delete   <all>
vboxmanage  closemedium   --delete   <all>
lxc      delete|rm   <all>
lxc      storage     volume  delete|rm  <all>
lxc      project|storage  delete|rm     <all>
lxc-destroy          <all>
qm|pct   destroy     <all>
multipass  delete    --all  -p|--purge
multipass  delete    <all>
limactl|colima|tart  delete|remove|rm  <all>
vagrant  destroy     -f|--force  <all>
machinectl  remove   <all>
docker   machine     rm      <all>
docker-machine       rm      <all>
wsl      --unregister        <all>
xe       vm-destroy|vm-uninstall|vdi-destroy|sr-destroy  <all>
prlctl   delete      <all>
govc     *.destroy|vm.destroy|datastore.rm   <all>
vmrun    deleteVM    <all>
vim-cmd  vmsvc/destroy|vmsvc/unregister  <all>
"""
_MACHINES: Final = """
virsh    undefine|destroy|vol-delete|vol-wipe|pool-delete|pool-destroy|snapshot-delete
virsh    snapshot-revert|checkpoint-delete|managedsave-remove|restore
vboxmanage  unregistervm  --delete|--delete-all
vboxmanage  closemedium   --delete
vboxmanage  snapshot      @delete|restore|restorecurrent
vboxmanage  discardstate
lxc      delete|rm|restore
lxc      storage     volume  delete
lxc      storage|project|snapshot|image  delete|restore
lxc      rebuild
qm|pct   destroy|delsnapshot|rollback
multipass   purge
multipass   delete    -p|--purge|--all
vagrant  destroy     -f|--force
vagrant  box         remove  -f|--force|--all
vagrant  snapshot    restore|pop|delete
multipass  restore
limactl  delete|remove|rm|prune|factory-reset
colima   delete
machinectl  remove|clean
distrobox   rm       -f|--force|-a|--all
distrobox-rm         -f|--force|-a|--all
toolbox  rm          -f|--force|-a|--all
lxc-destroy
wsl      --unregister
xe       snapshot-revert|vm-destroy|vm-uninstall|vdi-destroy|sr-destroy|snapshot-uninstall
govc     *.destroy|vm.destroy|snapshot.revert|snapshot.remove
prlctl   delete|snapshot-switch|snapshot-delete
vmrun    deleteVM|revertToSnapshot|deleteSnapshot
limactl  snapshot  apply|delete
tart     delete
pvesm    free
vim-cmd  vmsvc/destroy|vmsvc/unregister
"""

_FOLDER: Final = Pattern(
    r"/var/lib/(?:libvirt|vz)/images(?:/.*)?|.*/VirtualBox VMs/[^/]+"
    r"|~/\.local/share/(?:libvirt|gnome-boxes)/images"
)
_KINDS: Final = frozenset("qcow qcow2 raw img vmdk vdi vhd vhdx".split())


def _deletes_disks(command: Command) -> bool:
    return any(_is_disk(word) and "*" in word.text for word in removal_of(command).words)


def _deletes_disk(command: Command) -> bool:
    return any(map(_is_disk, removal_of(command).words))


def _is_disk(word: Word) -> bool:
    folder, _, name = path_of(word).rpartition("/")
    return name.rpartition(".")[2] in _KINDS and _FOLDER.fullmatch(folder) is not None


MACHINE_EFFECTS: Final[tuple[Effect, ...]] = (
    calls("machines-all", _MACHINES_ALL),
    Effect("machines-all", _deletes_disks, ERASERS),
    calls("machine-delete", _MACHINES),
    Effect("machine-delete", _deletes_disk, ERASERS),
)
