"""Frameworks: their commands that make a database anew, and their code that empties one."""

import re
from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.call_table import calls
from eidos.validator.effects.effect import Effect
from eidos.validator.effects.printed import texts_given
from eidos.validator.patterns import Pattern

_REBUILD: Final = """
rails|rake        @db:drop|db:drop:*|db:reset|db:purge|db:migrate:reset|db:truncate_all
rails|rake        @db:seed:replant
hanami            db  drop
artisan           migrate:fresh|migrate:refresh|migrate:reset|db:wipe|tenants:migrate-fresh
manage.py|django-admin  flush|reset_db|reset_schema
manage.py|django-admin  dbshell  <piped>
manage.py|django-admin  migrate  @zero
console|symfony|doctrine  doctrine:*:drop|d:d:d|d:s:d|orm:schema-tool:drop  -f|--force
console|symfony   doctrine:fixtures:load|d:f:l  !--append
wp                db      drop|reset|clean
wp                site    empty|delete
wp                post|user|comment|term  delete  <some>
drush             sql-drop|sql:drop|site-install|site:install|si
magento           setup:uninstall
typo3             database:reset
spark|yii         migrate:refresh|migrate/fresh
phinx             rollback  -t=0|--target=0
cake              migrations  rollback  -t=0|--target=0
prisma            migrate reset
prisma            db      push    --force-reset|--accept-data-loss
sequelize|sequelize-cli  db:drop|db:migrate:undo:all
knex              migrate:rollback  --all
typeorm           schema:drop
mikro-orm         schema:drop|schema:fresh|migration:fresh
drizzle-kit       push    --force
ace               migration:fresh|migration:refresh|migration:reset|db:wipe|db:truncate
alembic           downgrade  @base
flask             db      downgrade  @base
superset|airflow  db      reset|clean
mix               @ecto.drop*|ecto.reset*
mix               ecto.rollback  --all
diesel            database  reset|drop
diesel            migration  revert|redo  -a|--all
sqlx              database|db  drop|reset
sea-orm-cli|sea   migrate  fresh|reset|refresh
goose             **      reset
goose             **      down-to  0
dbmate            drop
migrate           **      drop
migrate           **      down  -all|--all|-a
atlas             schema  clean
soda              drop|reset
flyway            clean
mvn               @flyway:clean|liquibase:dropAll
gradle|gradlew    @flywayClean|:flywayClean|dropAll
liquibase         drop-all|dropAll
bench             drop-site|reinstall
hasura            migrate  apply  --down=all
dotnet            ef      database  drop
dotnet            ef      database  update  0
sqitch            revert  -y
npm|yarn|pnpm|bun|composer|deno  **  db:drop|db:reset|db:wipe|db:fresh|db:nuke|db:clean
make|just|task|invoke|inv  @db-drop|db-reset|drop-db|reset-db|dropdb|resetdb|db.drop|db.reset
"""
_EMPTIES: Final = Pattern(
    r"\b[A-Z]\w*(?:\.all)?\.(?:delete_all|destroy_all)\b"
    r"|\b[A-Z]\w*\.(?:all|find_each)(?:\.each)?\s*(?:\(&:|\{[^}]{0,40}\.)(?:destroy|delete)\b"
    r"|::(?:query\(\)|all\(\)->each)->(?:forceD|d)elete\(|\.objects\.all\(\)\.(?:_raw_)?delete\("
    r"|\.(?:truncate_table|drop_?database|drop_?collection|drop_all|drop_tables?)\b"
    r"|\.(?:delete_?many|remove)\(\s*\{\s*\}|(?:::|->)(?:truncate|dropAllTables)\("
    r"|\b(?:execute\w*|query|exec|run|raw|text)\s*\(\s*[rbf]?['\"]+\s*"
    r"(?:drop\s+(?:table|database|schema)|truncate\s|delete\s+from\s+[\w.`]+\s*;?\s*['\"])",
    re.IGNORECASE,
)
_RUNNERS: Final = frozenset(
    """
    python ruby node php perl bun deno elixir ipython irb rails gitlab-rails rake artisan manage.py
    django-admin
    flask console drush wp mix iex
    """.split()
)


def _empties_by_code(command: Command) -> bool:
    """Whether code in the line deletes all that is in a table or a database."""
    return any(_EMPTIES.search(text) for text in texts_given(command))


EFFECTS: Final[tuple[Effect, ...]] = (
    calls("rebuild-database", _REBUILD),
    Effect("empty-by-code", _empties_by_code, _RUNNERS),
)
