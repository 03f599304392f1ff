"""Containers, the clusters that run them, and virtual machines: what is removed with its data."""

import re
from collections.abc import Iterator
from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.call_table import calls
from eidos.validator.effects.effect import Effect
from eidos.validator.effects.listing import Feed, feed_of
from eidos.validator.effects.services import CLUSTER_ITSELF
from eidos.validator.programs.subcommands import callers_of, usage_of

_ALL_VOLUMES: Final = """
docker   volume    rm|remove  <all>
docker   volume    rm|remove  -a|--all
docker   system    reset      -f|--force|<yes>
"""
_VOLUMES: Final = """
docker   volume    rm|remove|prune
docker   compose   down       -v|--volumes
docker   system    prune      --volumes
docker   rm                   -v|--volumes
docker   container rm|remove  -v|--volumes
docker   compose   rm         -v|--volumes
docker   system    reset
"""
_PRUNE: Final = """
docker   system      prune    -a|--all|-f|--force|--external
docker   image       prune    -a|--all
docker   rm          -f|--force  <all>
docker   container   rm          -f|--force  <all>
docker   rm          -a|--all
docker   container   rm          -a|--all
docker   pod         rm          -a|--all
docker   pod         rm          -f|--force  <all>
docker   rmi         <all>
docker   image       rm          <all>
docker   rmi         -a|--all
docker   image       rm          -a|--all
docker   kill        <all>
docker   kill        -a|--all
docker   compose     down        --rmi=all
buildah  rm|rmi      -a|--all
crictl   rm|rmp|rmi  -a|--all
crictl   rm|rmp|rmi  <all>
ctr      **          rm|remove|delete|del  <all>
skopeo   delete
crane    delete
"""
_SWARM: Final = """
docker   swarm       leave       -f|--force
docker   stack       rm|remove|down
docker   service     rm|remove
docker   node        rm|remove   -f|--force
docker   secret|config  rm|remove
docker   machine     rm|reset
docker-machine       rm
nomad    job         stop        -purge
nomad    stop        -purge
nomad    namespace   delete
nomad    volume      delete
"""
_HELM: Final = """
helm     uninstall|delete|del|un
helmfile destroy|delete
helm     upgrade|rollback  --force|--force-replace
argocd   app  sync      --force|--replace|--prune
argocd   app  rollback  --prune
argocd   app  delete-resource
argocd   app|proj|project|cluster|repo|appset  delete|rm
flux     uninstall
flux     delete
istioctl uninstall   --purge
linkerd  uninstall
skaffold delete
devspace purge
werf     dismiss|cleanup|purge
"""
_CLUSTER_ALL: Final = """
kubeadm  reset       -f|--force|<yes>
talosctl reset       --graceful=false|--wipe-mode=*
kops     delete      cluster     --yes
helm     uninstall|delete|del|un   <all>
"""
_CLUSTER: Final = """
kubeadm  reset
talosctl reset
minikube delete
kind     delete
k3d      cluster|node   delete|rm
k0s      reset
microk8s reset
crc      delete
k3s-uninstall.sh
k3s-agent-uninstall.sh
rke2-uninstall.sh
kubectl  drain
kubectl  replace     --force
kubectl  replace     @*/finalize
kubectl  replace     --raw=*/finalize
kubectl  taint       @*NoExecute  --all|-l|--selector
kubectl  apply       --prune
kubectl  scale       --replicas=0  --all|-A|--all-namespaces
kubectl  scale       --replicas=0  <all>
kubectl  scale       --replicas=0  -n=kube-system|--namespace=kube-system
kubectl  adm         prune|drain
kubectl  patch       -p=*finalizers*|--patch=*finalizers*
kubectl  argo        delete
"""
_MACHINES_ALL: Final = """
virsh    undefine    --remove-all-storage   <all>
virsh    undefine|vol-delete|pool-delete    <all>
vboxmanage  unregistervm  --delete   <all>
lxc      delete      <all>
qm|pct   destroy     <all>
multipass  delete    --all  -p|--purge
limactl|colima  delete  <all>
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
_KEPT_NAMESPACES: Final = frozenset({"kube-system", "default", "kube-public", "kube-node-lease"})
_NAMESPACES: Final = frozenset({"ns", "namespace", "namespaces", "project", "projects"})
_OF_ALL: Final = frozenset(
    """
    no node nodes pv persistentvolume persistentvolumes pvc persistentvolumeclaim
    persistentvolumeclaims crd crds customresourcedefinition customresourcedefinitions
    apiservice apiservices clusterrole clusterroles clusterrolebinding clusterrolebindings
    storageclass storageclasses sc ns namespace namespaces project projects machines machine
    """.split()
)
"""Kinds of which all together are the cluster itself, or all data in it."""


def _deletes_cluster(command: Command) -> bool:
    """Whether kubectl deletes all of a kind that the cluster, or all of its data, is made of."""
    usage = usage_of(command)
    words = [word.text.lower() for word in usage.operands]
    if usage.program != "kubectl" or words[:1] != ["delete"] or usage.does_nothing:
        return False
    if any(CLUSTER_ITSELF.search(word) for word in words[1:]):
        return True
    kinds, names = _kinds_and_names(words[1:])
    if not _NAMESPACES.isdisjoint(kinds) and not _KEPT_NAMESPACES.isdisjoint(names):
        return True
    place = {*usage.values_of("-n"), *usage.values_of("--namespace")}
    is_all = usage.has("--all") or feed_of(command) is Feed.ALL
    if not is_all or usage.has("-l", "--selector", "--field-selector"):
        return False
    everywhere = usage.has("-A", "--all-namespaces") or _lists_everywhere(command)
    return everywhere or "kube-system" in place or not _OF_ALL.isdisjoint(kinds)


def _lists_everywhere(command: Command) -> bool:
    sources = (*command.upstream, *command.reads, *(s for w in command.args for s in w.sources))
    return any(
        source.has("-a", "--all-namespaces", "ns", "namespaces", "nodes") for source in sources
    )


def _kinds_and_names(words: list[str]) -> tuple[set[str], set[str]]:
    """Read `pv,pvc`, `ns web default` and `ns/default`; of a kind the group goes."""
    kinds: set[str] = set()
    names: set[str] = set()
    for position, word in enumerate(words):
        kind, slash, name = word.partition("/")
        if slash or not position:
            kinds |= {each.partition(".")[0] for each in kind.split(",")}
            names |= {name} - {""}
        else:
            names.add(word)
    return kinds, names


def _deletes_objects(command: Command) -> bool:
    usage = usage_of(command)
    words = [word.text for word in usage.operands[:1]]
    return usage.program == "kubectl" and words == ["delete"] and not usage.does_nothing


_MOUNT: Final = re.compile(r"(?:--volume=|-v)?[\w.-]+:(/[^:,]+)(?::\w+)?")
_LONG_MOUNT: Final = re.compile(r"(?:target|dst|destination)=(/[^,]+)")
_EMPTIES: Final = re.compile(r"\brm\s+-\w*[rR]|\s-delete\b")
_RUNS: Final = frozenset({"run", "exec"})


def _mounted(words: list[str]) -> Iterator[str]:
    """Yield the folders at which a container sees a volume that has a name."""
    for word in words:
        match = (_LONG_MOUNT.search if "type=volume" in word else _MOUNT.fullmatch)(word)
        if match is not None:
            yield match[1]


def _empties_volume(command: Command) -> bool:
    """Whether a container is started only to delete what a volume holds."""
    words = [word.text for word in command.args]
    if _RUNS.isdisjoint(words[:_FIRST_WORDS]):
        return False
    mounts = set(_mounted(words))
    if not mounts:
        return False
    text = " ".join(words)
    act = _EMPTIES.search(text)
    if act is None:
        return False
    said = text[act.start() :] if act[0].startswith("rm") else text
    return any(f" {mount}" in said for mount in mounts)


_FIRST_WORDS: Final = 6
EFFECTS: Final[tuple[Effect, ...]] = (
    calls("volumes-all", _ALL_VOLUMES),
    Effect("kubernetes-delete-all", _deletes_cluster, callers_of("kubectl")),
    calls("cluster-reset", _CLUSTER_ALL),
    calls("machines-all", _MACHINES_ALL),
    calls("volumes-delete", _VOLUMES),
    Effect("volumes-delete", _empties_volume, callers_of("docker")),
    calls("containers-prune", _PRUNE),
    calls("services-remove", _SWARM),
    Effect("kubernetes-delete", _deletes_objects, callers_of("kubectl")),
    calls("helm-uninstall", _HELM),
    calls("cluster-change", _CLUSTER),
    calls("machine-delete", _MACHINES),
)
