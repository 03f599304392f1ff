"""Databases: what is dropped, emptied or changed as a whole, by statements or by programs."""

import re
from collections.abc import Callable
from typing import Final

from eidos.validator.answers import Once
from eidos.validator.commands import Command
from eidos.validator.effects.call_table import calls
from eidos.validator.effects.effect import Effect
from eidos.validator.effects.listing import Feed, feed_of
from eidos.validator.effects.printed import NEAR, texts_given
from eidos.validator.effects.sql import Loss, losses_made_by, losses_of
from eidos.validator.patterns import Pattern
from eidos.validator.programs.subcommands import callers_of, usage_of

_CLIENTS: Final = frozenset(
    """
    psql pgcli ysqlsh mysql mariadb mycli sqlite3 sqlite litecli sqlcmd mssql-cli osql tsql bsqldb
    isql iusql isql-fb fisql usql sql sqlcl sqlplus db2 hdbsql vsql nzsql bteq cockroach tidb dolt
    clickhouse clickhouse-client chc duckdb bq snowsql snow trino presto presto-cli hive beeline
    impala-shell spark-sql cqlsh ycqlsh mclient crash influx taos cypher-shell neo4j-shell surreal
    mysqlsh spanner-cli
    rqlite sqlite-utils steampipe osqueryi pscale turso wrangler wp supabase heroku flyctl fly aws
    gcloud prisma rails manage.py doctrine console artisan drush
    """.split()
)
"""Programs that take statements as an argument or from their standard input."""
_CALLERS: Final = frozenset(caller for name in _CLIENTS for caller in callers_of(name))
_LISTERS: Final = frozenset(
    {"psql", "mysql", "mariadb", "mysqlshow", "sqlcmd", "clickhouse-client"}
)


_OF_DB2: Final = Pattern(r"\bdrop\s+db\b", re.IGNORECASE)


@Once
def _losses(command: Command) -> frozenset[Loss]:
    """Return what the statements take away that stand in the line for *command* to run."""
    if (
        _CLIENTS.isdisjoint((command.name, command.family))
        and usage_of(command).program not in _CLIENTS
    ):
        return frozenset()
    texts = texts_given(command)
    if command.name == "db2":
        texts = (*texts, _OF_DB2.sub("drop database", " ".join(w.text for w in command.args)))
    found = {loss for text in texts for loss in losses_of(text)}
    sources = (*command.upstream[-NEAR:], *command.reads[-NEAR:])
    is_listed = any(source.name in _CLIENTS for source in sources)
    for source in sources:
        made = {loss for word in source.args for loss in losses_made_by(word.text)}
        found |= made if is_listed else {Loss.DATA} & made
    return frozenset(found)


def _takes(*losses: Loss) -> Callable[[Command], bool]:
    """Return the question whether one of *losses* is what the statements take away."""
    return lambda command: not _losses(command).isdisjoint(losses)


_EACH_DATABASE: Final = Pattern(r"\bdrop\s+(?:database|schema|keyspace)\b", re.IGNORECASE)


def _drops_each_database(command: Command) -> bool:
    """Whether statements drop all databases that the server lists, or that a query finds."""
    if Loss.EVERY_DATABASE in _losses(command):
        return True
    if Loss.DATA not in _losses(command):
        return False
    drops = any(_EACH_DATABASE.search(text) for text in texts_given(command))
    return drops and feed_of(command, takes_input=True) is Feed.ALL


_DROP_EACH: Final = """
dropdb                   <all>
mysqladmin   drop        <all>
pg_dropcluster           <all>
"""
_DROP: Final = """
dropdb|dropuser   +
pg_dropcluster|pg_resetwal|pg_resetxlog   +
mysqladmin        drop
influx            delete
influx            bucket|org  delete
bq                rm       -r|-f
bq                rm       --force|--recursive
curator_cli       delete_indices|delete-indices
sqlite-utils      drop-table
pscale            database|branch  delete|delete-branch
turso             db|group  destroy
neonctl|neon      projects|branches|databases  delete
supabase          db       reset
supabase          projects|branches  delete
"""

_RESTORE: Final = """
pg_restore     -c|--clean  -d|--dbname
mongorestore|mongoimport   --drop
influxd        restore     -full|--full
neo4j-admin    **  load|restore  --force|--overwrite-destination|--overwrite-existing
arangorestore  --overwrite|--create-database
cbrestore|cbbackupmgr  **  --auto-delete-buckets|--force-updates
gitlab-backup  restore
mydumper|myloader  -o|--overwrite-tables
"""
_DUMPERS: Final = frozenset({"pg_dump", "pg_dumpall", "mysqldump", "mariadb-dump"})


def _loads_over(command: Command) -> bool:
    """Whether a dump is read that says to drop each table or database first."""
    sources = (*command.upstream[-NEAR:], *command.reads[-NEAR:])
    return any(_says_drop(source) for source in sources if source.name in _DUMPERS)


def _says_drop(dumper: Command) -> bool:
    if dumper.name.startswith("pg_"):
        return dumper.has_letter("c") or dumper.has_long("--clean")
    return dumper.has_long("--add-drop-database")


EFFECTS: Final[tuple[Effect, ...]] = (
    Effect("drop-every-database", _drops_each_database, _CALLERS),
    calls("drop-every-database", _DROP_EACH),
    Effect("drop-data", _takes(Loss.DATA), _CALLERS),
    calls("drop-data", _DROP),
    Effect("delete-rows", _takes(Loss.ROWS), _CALLERS),
    Effect("update-rows", _takes(Loss.VALUES), _CALLERS),
    Effect("drop-column", _takes(Loss.COLUMN), _CALLERS),
    calls("restore-over", _RESTORE),
    Effect("restore-over", _loads_over, frozenset({"psql", "pgcli", "mysql", "mariadb"})),
)
