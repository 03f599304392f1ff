"""Containers and the clusters that run them: what is removed with its data."""

from collections.abc import Iterable, Iterator
from typing import Final

from eidos.validator.commands import Command, Machine
from eidos.validator.effects.call_table import calls
from eidos.validator.effects.effect import Effect, aims_at
from eidos.validator.effects.listing import Feed, feed_of, feeding
from eidos.validator.effects.machines import MACHINE_EFFECTS
from eidos.validator.effects.removing import ERASERS, removal_of
from eidos.validator.effects.services import CLUSTER_ITSELF
from eidos.validator.patterns import Pattern
from eidos.validator.places.targets import is_store
from eidos.validator.programs.subcommands import callers_of, usage_of

_ALL_VOLUMES: Final = """
docker   volume    rm|remove  <all>
docker   compose   down       -v|--volumes  <all>
docker   system    prune      --volumes     <all>
docker   volume    rm|remove  -a|--all
docker   system    reset      -f|--force|<yes>
"""
_VOLUMES: Final = """
docker   volume    rm|remove|prune
docker   compose   down       -v|--volumes
docker   system    prune      --volumes
docker   rm                   -v|--volumes  -f|--force|-a|--all
docker   container rm|remove  -v|--volumes  -f|--force|-a|--all
docker   rm                   -v|--volumes  <some>
docker   container rm|remove  -v|--volumes  <some>
docker   compose   rm         -v|--volumes  -f|--force
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
_SWARM_ALL: Final = """
docker   stack|service       rm|remove|down   <all>
docker   secret|config|node  rm|remove        <all>
nomad    job  stop  -purge  <all>
nomad    stop       -purge  <all>
nomad    namespace|volume  delete  <all>
"""
_SWARM: Final = """
nomad    job         stop        <all>
nomad    stop        <all>
docker   compose     down|rm     <all>
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
argocd   app|proj|project|cluster|repo|appset  delete|rm  <all>
flux     delete      <all>
kops     delete      cluster     <all>
eksctl   delete      cluster     <all>
kind     delete      clusters    -A|--all
kind     delete      cluster     <all>
k3d      cluster     delete|rm   -a|--all
k3d      cluster     delete|rm   <all>
minikube delete      --all
minikube delete      <all>
rancher  *           delete|rm   <all>
juju     destroy-model|destroy-controller|kill-controller|remove-application  <all>
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
juju     destroy-model|destroy-controller|kill-controller  -y|--yes|--no-prompt
"""
_KEPT_NAMESPACES: Final = frozenset({"kube-system", "default", "kube-public", "kube-node-lease"})
_NAMESPACES: Final = frozenset({"ns", "namespace", "namespaces", "project", "projects"})
_OF_ALL: Final = frozenset(
    """
    no node nodes pv persistentvolume persistentvolumes pvc persistentvolumeclaim
    persistentvolumeclaims crd crds customresourcedefinition customresourcedefinitions
    apiservice apiservices clusterrole clusterroles clusterrolebinding clusterrolebindings
    storageclass storageclasses sc ns namespace namespaces project projects machines machine
    api-resources application applications applicationset applicationsets app apps appset appsets
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
    if not _NAMESPACES.isdisjoint(kinds) and any(map(_is_kept, names)):
        return True
    place = {*usage.values_of("-n"), *usage.values_of("--namespace")}
    is_all = usage.has("--all") or feed_of(command) is Feed.ALL
    if not is_all or usage.has("-l", "--selector", "--field-selector"):
        return False
    kinds |= set(_kinds_listed(command))
    everywhere = usage.has("-A", "--all-namespaces") or _lists_everywhere(command)
    return everywhere or "kube-system" in place or not _OF_ALL.isdisjoint(kinds)


def _is_kept(namespace: str) -> bool:
    return namespace in _KEPT_NAMESPACES or namespace.startswith("openshift-")


def _lists_everywhere(command: Command) -> bool:
    return any(source.has("-a", "--all-namespaces") for source in feeding(command))


def _kinds_listed(command: Command) -> Iterator[str]:
    """Yield the kinds whose names *command* reads; `api-resources` is every kind."""
    for source in feeding(command):
        usage = usage_of(source)
        words = [word.text.lower() for word in usage.operands]
        if usage.program == "kubectl" and words[:1] == ["get"]:
            yield from _kinds_and_names(words[1:])[0]
        elif usage.program == "kubectl":
            yield from words[:1]


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


def _deletes_store_inside(command: Command) -> bool:
    """Whether all that a program keeps is deleted inside a container, most often in a volume."""
    words, is_whole = removal_of(command)
    return command.machine is Machine.CONTAINER and is_whole and aims_at(words, is_store)


def _prunes_again(command: Command) -> bool:
    """Whether what does not run is removed over and over, with nobody looking."""
    words = [word.text for word in usage_of(command).operands[:2]]
    again = command.in_endless_loop or "watch" in command.wrappers
    return again and words[1:] == ["prune"]


_MOUNT: Final = Pattern(r"(?:--volume=|-v)?[\w.-]+:(/[^:,]+)(?::\w+)?")
_UNKNOWN_MOUNT: Final = Pattern(r"(?:--volume=|-v)?(?:\$\w+|\$\{\w+\}|\{\}):(/[^:,]+)(?::\w+)?")
_LONG_MOUNT: Final = Pattern(r"(?:target|dst|destination)=(/[^,]+)")
_EMPTIES: Final = Pattern(r"\brm\s+-\w*[rR]|\s-delete\b")
_RUNS: Final = frozenset({"run", "exec"})


def _mounted(command: Command, mount: Pattern) -> Iterator[str]:
    """Yield the folders at which a container sees a volume that *mount* is to match."""
    for word in command.args:
        is_long = "type=volume" in word.text
        match = (_LONG_MOUNT.search if is_long else mount.fullmatch)(word.text)
        if match is not None:
            yield match[1]


def _empties_volume(command: Command) -> bool:
    """Whether a container is started only to delete what a volume holds."""
    return _deletes_below(command, _mounted(command, _MOUNT))


def _empties_each_volume(command: Command) -> bool:
    """Whether a container is started for each volume, only to delete what that holds."""
    is_fed = feed_of(command) is Feed.ALL
    return is_fed and _deletes_below(command, _mounted(command, _UNKNOWN_MOUNT))


def _deletes_below(command: Command, folders: Iterable[str]) -> bool:
    words = [word.text for word in command.args]
    if _RUNS.isdisjoint(words[:_FIRST_WORDS]):
        return False
    mounts = set(folders)
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
    calls("volumes-delete", _VOLUMES),
    Effect("volumes-all", _empties_each_volume, callers_of("docker")),
    Effect("volumes-delete", _empties_volume, callers_of("docker")),
    Effect("volumes-delete", _deletes_store_inside, ERASERS),
    calls("containers-prune", _PRUNE),
    Effect("containers-prune", _prunes_again, callers_of("docker")),
    calls("services-remove-all", _SWARM_ALL),
    calls("services-remove", _SWARM),
    Effect("kubernetes-delete", _deletes_objects, callers_of("kubectl")),
    calls("helm-uninstall", _HELM),
    calls("cluster-change", _CLUSTER),
    *MACHINE_EFFECTS,
)
