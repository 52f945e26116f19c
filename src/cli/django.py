from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

executor = MigrationExecutor(connection)
leaves = executor.loader.graph.leaf_nodes()
for migration, _ in executor.migration_plan(leaves, clean_start=True):
    print(f"-- migration {migration.app_label}.{migration.name}", flush=True)
    call_command("sqlmigrate", migration.app_label, migration.name, no_color=True)
