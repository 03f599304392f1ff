"""Stores that are no tables: keys, documents, queues, indices, secrets."""

import re
from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.call_table import calls
from eidos.validator.effects.effect import Effect
from eidos.validator.effects.listing import Feed, feed_of
from eidos.validator.effects.printed import texts_given, texts_read
from eidos.validator.patterns import Pattern
from eidos.validator.programs.subcommands import usage_of

_REDIS: Final = frozenset({"redis-cli", "valkey-cli", "keydb-cli", "iredis"})
_SENDERS: Final = frozenset({"nc", "ncat", "netcat", "socat", "telnet"})
_PRINTERS: Final = frozenset({"echo", "printf", "print"})
_SOCKETS: Final = ("/dev/tcp/", "/dev/udp/")
_FINDS_KEYS: Final = Pattern(r"\.(?:scan_iter|keys)\(")
_DELETES_KEYS: Final = Pattern(r"\.(?:delete|unlink|del)\(")
_FLUSHES_BY_CODE: Final = Pattern(r"\.flush_?db\(", re.IGNORECASE)
_CODE: Final = frozenset({"python", "node", "ruby", "php", "perl", "bun", "deno"})
_JOINED: Final = Pattern(r"['\"]\s*\.\.\s*['\"]")
"""What joins two texts in Lua: `'flush' .. 'all'`."""
_FLUSHES_ALL: Final = Pattern(r"(?:^|\\[rn]|[\s\"'.>(])flush_?all(?:$|[\s\"'(;\\])", re.IGNORECASE)
_FLUSHES_ONE: Final = Pattern(r"\bflushdb\b|\bkeys\b.{0,200}\b(?:del|unlink)\b", re.IGNORECASE)
_MONGO: Final = frozenset({"mongo", "mongosh"})
_EACH_DATABASE: Final = Pattern(r"getDBNames|listDatabases|getDBs\b|list_database_names")
_DROPS_DATABASE: Final = Pattern(r"dropDatabase|drop_database")
_DROPS: Final = Pattern(
    r"dropDatabase|\.drop\s*\(|\[\s*['\"]drop\w*['\"]\s*\]\s*\(|\$out\b|\.dropCollection\s*\(|\bdrop\s*:\s*['\"]|dropAllUsers|\.dropUser\s*\("
)
_EMPTIES: Final = Pattern(
    r"\.(?:deleteMany|remove)\s*\(\s*(?:\{\s*(?:['\"]?_id['\"]?\s*:\s*\{\s*['\"]?\$(?:exists|ne)\b[^}]{0,20}\}\s*)?\}\s*[,)]|\))|\.bulkWrite\s*\(\s*\[\s*\{\s*deleteMany"
)
_UPDATES_ALL: Final = Pattern(r"\.updateMany\s*\(\s*\{\s*\}")


def _flushes_all(command: Command) -> bool:
    """Whether everything that a server holds in memory is thrown away."""
    if command.name in _REDIS:
        usage = usage_of(command)
        first = usage.operands if usage.has("--cluster") else usage.operands[:1]
        is_flush = any(word.text.lower() == "flushall" for word in first)
        is_script = any(word.text.lower() in {"eval", "-x", "--eval"} for word in first)
        texts = texts_given(command) if is_script else texts_read(command)
        texts = [_JOINED.sub("", text) for text in texts] if is_script else texts
        return is_flush or any(_FLUSHES_ALL.search(text) for text in texts)
    if command.name in _PRINTERS:
        to_network = any(r.target.text.startswith(_SOCKETS) for r in command.redirects)
        return to_network and any(_FLUSHES_ALL.search(word.text) for word in command.args)
    if command.name in _SENDERS:
        texts = texts_read(command)
        return any(_FLUSHES_ALL.search(text) for text in (*texts, "".join(texts)))
    return any(re.search(r"\.flush_?all\(", text, re.IGNORECASE) for text in texts_given(command))


def _flushes_one(command: Command) -> bool:
    """Whether one database of a server, or every key that it lists, is thrown away."""
    operands = [word.text.lower() for word in usage_of(command).operands]
    if operands[:1] in [["flushdb"], ["swapdb"]] or operands[:2] == ["cluster", "reset"]:
        return True
    if operands[:1] in [["del"], ["unlink"]]:
        return feed_of(command) is not Feed.NOTHING or operands[1:2] == ["*"]
    if operands[:1] in [["replicaof"], ["slaveof"]]:
        return len(operands) > len(_NO_MASTER) and operands[1:3] != _NO_MASTER
    if operands[:1] == ["shutdown"]:
        return "nosave" in operands
    texts = texts_given(command) if operands[:1] == ["eval"] else texts_read(command)
    return any(_FLUSHES_ONE.search(text) for text in texts)


def _flushes_by_code(command: Command) -> bool:
    """Whether code deletes each key of Redis that it finds, or all of them."""
    return any(
        _FLUSHES_BY_CODE.search(text)
        or (_FINDS_KEYS.search(text) is not None and _DELETES_KEYS.search(text) is not None)
        for text in texts_given(command)
        if "redis" in text.lower()
    )


_NO_MASTER: Final = ["no", "one"]


def _drops_each_database(command: Command) -> bool:
    return _drops_each_by_code(command) or (_drops(command) and feed_of(command) is Feed.ALL)


def _drops_each_by_code(command: Command) -> bool:
    return any(
        _EACH_DATABASE.search(text) and _DROPS_DATABASE.search(text)
        for text in texts_given(command)
    )


def _drops(command: Command) -> bool:
    return any(_DROPS.search(text) for text in texts_given(command))


def _empties(command: Command) -> bool:
    return any(_EMPTIES.search(text) for text in texts_given(command))


def _updates_all(command: Command) -> bool:
    return any(_UPDATES_ALL.search(text) for text in texts_given(command))


_FLUSH: Final = """
memcflush
memcached-tool  *  flush|flush_all
"""
_DELETE_ALL_KEYS: Final = """
etcdctl    del              --prefix  @|/|/registry|/registry/
etcdctl    del              --from-key
etcdctl    rm               -r|--recursive  @/|/registry
vault      secrets|auth     disable  <all>
consul     kv  delete       -recurse  .
consul     kv  delete       -recurse  @|/
zkCli.sh|zookeeper-shell|zookeeper-shell.sh|zkcli  ** deleteall|rmr  @/
"""
_DELETE_KEYS: Final = """
etcdctl    del              --prefix
etcdctl    rm|rmdir         -r|--recursive
etcdctl    rmdir
etcdctl    member           remove
consul     kv  delete       -recurse
consul     snapshot         restore
zkCli.sh|zookeeper-shell|zookeeper-shell.sh|zkcli  ** deleteall|rmr
vault      delete
vault      policy           delete
vault      secrets|auth     disable
vault      kv               delete|destroy
vault      kv               metadata  delete
vault      lease            revoke  -prefix|-force|-f
vault      operator         raft|migrate  @remove-peer
vault      namespace        delete
nats       stream|str|s     rm|purge|delete  -f|--force
nats       kv               del|purge  -f|--force
"""
_EVERY_QUEUE: Final = """
kafka-topics  --delete     <all>
kafka-topics  --delete     --topic=.[*]|--topic=.+
rpk           topic        delete  -r=.[*]|--regex=.[*]
rpk           topic        delete  -r|--regex  @.[*]|.+
rabbitmqctl   reset|force_reset
rabbitmqctl   delete_queue|delete_vhost|purge_queue  <all>
rabbitmqadmin delete|purge  <all>
kaf           topic  delete  <all>
nats          stream|str|s|kv  rm|purge|delete|del  <all>
pulsar-admin  **  delete  <all>
rpk           topic  delete  <all>
confluent     **  delete  <all>
"""
_QUEUES: Final = """
kafka-topics             --delete
kafka-delete-records     --offset-json-file
kafka-configs            --add-config=*retention.ms=[01]|--add-config=*retention.ms=100*
kafka-consumer-groups    --delete
rpk        topic|cluster    delete|trim-prefix
rpk        group            delete
confluent  **               delete
pulsar-admin  topics|namespaces|tenants|clusters  delete|delete-partitioned-topic|clear-backlog
rabbitmqctl   forget_cluster_node
rabbitmqctl   delete_queue|delete_vhost|purge_queue|delete_user
rabbitmqadmin delete|purge
celery     **               purge   -f|--force
rq         empty            -a|--all
kaf        topic            delete
"""

EFFECTS: Final[tuple[Effect, ...]] = (
    Effect("flush-all", _flushes_all, _REDIS | _SENDERS | _CODE | _PRINTERS),
    calls("flush-all", _FLUSH),
    Effect("drop-every-document", _drops_each_database, _MONGO),
    Effect("drop-every-document", _drops_each_by_code, _CODE),
    calls("delete-all-keys", _DELETE_ALL_KEYS),
    Effect("flush-database", _flushes_one, _REDIS),
    Effect("flush-database", _flushes_by_code, _CODE),
    Effect("drop-documents", _drops, _MONGO),
    Effect("delete-documents", _empties, _MONGO),
    Effect("update-documents", _updates_all, _MONGO),
    calls("delete-keys", _DELETE_KEYS),
    calls("delete-every-queue", _EVERY_QUEUE),
    calls("delete-queue", _QUEUES),
)
