//! What is known after a history that begins in the middle.

use lockkeeper::{catalog::Catalog, sql::parse::parse};

use super::dump::dump;

/// The catalog as lines; `…` marks a relation of which not all is known, `+` one that the history made.
fn shown(history: &str) -> String {
    let mut catalog = Catalog::new();
    for sql in history.split(';').filter(|it| !it.trim().is_empty()) {
        catalog.apply(&parse(sql).unwrap(), 16);
    }
    let mut text = String::new();
    for (_, mut line) in dump(&catalog) {
        if let Some(name) = line.strip_prefix("relation ").and_then(|it| it.split(' ').next()) {
            let relation = catalog.relations().find(|it| it.name.to_string() == name).unwrap();
            let marks = [(!relation.complete, " …"), (relation.created.is_some(), " +")];
            marks.iter().filter(|it| it.0).for_each(|it| line += it.1);
        }
        text += &line.replace("public.", "");
        text.push('\n');
    }
    text
}

#[track_caller]
fn check(history: &str, expected: &str) {
    let expected: String = expected.lines().flat_map(|it| [it.trim(), "\n"]).collect();
    assert_eq!(shown(history), expected, "after {history}");
}

#[test]
fn alter_remembers_what_it_says_of_an_unknown_table() {
    check(
        "ALTER TABLE users ADD COLUMN seen timestamptz NOT NULL DEFAULT now()",
        "column users.seen timestamptz not-null Default
         relation users Table …",
    );
    check(
        "ALTER TABLE users ADD CONSTRAINT c CHECK (x IS NOT NULL) NOT VALID",
        "constraint users.c check (x) not-valid
         relation users Table …",
    );
    check(
        "ALTER TABLE users ADD CHECK (x IS NOT NULL) NOT VALID; ALTER TABLE users VALIDATE CONSTRAINT users_x_check",
        "constraint users.users_x_check check (x)
         relation users Table …",
    );
    check("ALTER TABLE users VALIDATE CONSTRAINT c", "relation users Table …");
    check(
        "ALTER TABLE users ALTER a SET NOT NULL, ALTER b TYPE bigint, ALTER c DROP DEFAULT, DROP COLUMN d",
        "column users.a ? not-null ?
         column users.b int8 ? ?
         column users.c ? ? Null
         relation users Table …",
    );
    check(
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS a int",
        "column users.a ? ? ?
         relation users Table …",
    );
    check(
        "ALTER TABLE users RENAME a TO b",
        "column users.b ? ? ?
         relation users Table …",
    );
    check(
        "ALTER TABLE app.users RENAME TO people; ALTER TABLE app.people ADD b int",
        "column app.people.b int4 Null
         relation app.people Table …",
    );
    check(
        "ALTER TABLE users ADD PRIMARY KEY USING INDEX users_new",
        "constraint users.users_new primary-key () by users_new
         index users_new on users btree unique () keys=0 of-constraint
         relation users Table …
         relation users_new Index …",
    );
    check("ALTER TABLE users DROP CONSTRAINT users_pkey", "relation users Table …");
    check(
        "ALTER TABLE users ATTACH PARTITION u1 FOR VALUES IN (1); ALTER TABLE users ADD a int",
        "column u1.a int4 Null
         parent u1 < users
         relation u1 Table partition …
         column users.a int4 Null
         relation users PartitionedTable …",
    );
    check(
        "ALTER TABLE users ADD FOREIGN KEY (a) REFERENCES other",
        "relation other Table …
         constraint users.users_a_fkey foreign-key (a) -> other ()
         relation users Table …",
    );
    check(
        "ALTER INDEX i RENAME TO j; ALTER SEQUENCE s OWNED BY t.a; ALTER VIEW v SET SCHEMA app",
        "relation app.v View …
         relation j Index …
         owner s < t.a
         relation s Sequence …
         relation t Table …",
    );
    check("ALTER TABLE IF EXISTS a RENAME TO b; ALTER TABLE IF EXISTS a ADD x int", "relation b Table …");
}

#[test]
fn what_may_have_been_there_stays_unknown() {
    check("CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY)", "relation users Table …");
    check(
        "CREATE TABLE IF NOT EXISTS p1 PARTITION OF p FOR VALUES IN (1)",
        "relation p PartitionedTable …
         parent p1 < p
         relation p1 Table partition …",
    );
    check(
        "DROP TABLE IF EXISTS users; CREATE TABLE IF NOT EXISTS users (id int)",
        "column users.id int4 Null
         relation users Table +",
    );
    check(
        "CREATE SCHEMA app; CREATE TABLE IF NOT EXISTS app.users (id int)",
        "column app.users.id int4 Null
         relation app.users Table +",
    );
    check(
        "CREATE SCHEMA IF NOT EXISTS app; CREATE TABLE IF NOT EXISTS app.users (id int)",
        "relation app.users Table …",
    );
    check(
        "CREATE INDEX IF NOT EXISTS i ON users (a)",
        "relation i Index …
         index i on users btree (a) keys=1
         relation users Table …",
    );
    check(
        "CREATE TABLE users (a int); CREATE INDEX IF NOT EXISTS i ON users (a)",
        "relation i Index +
         column users.a int4 Null
         index i on users btree (a) keys=1
         relation users Table +",
    );
    check(
        "CREATE OR REPLACE VIEW v AS SELECT * FROM users",
        "relation users Table …
         reads v < users
         relation v View …",
    );
    check(
        "CREATE MATERIALIZED VIEW m AS SELECT * FROM users; CREATE TABLE c (x, y) AS SELECT * FROM m",
        "column c.x ? ? ?
         column c.y ? ? ?
         relation c Table +
         reads m < users
         relation m MaterializedView … +
         relation users Table …",
    );
    check(
        "CREATE SEQUENCE IF NOT EXISTS s; CREATE MATERIALIZED VIEW IF NOT EXISTS m AS SELECT 1",
        "relation m MaterializedView …
         relation s Sequence …",
    );
    check(
        "CREATE TABLE t (LIKE users INCLUDING ALL, b int)",
        "column t.b int4 Null
         relation t Table … +
         relation users Table …",
    );
    check(
        "CREATE TABLE t (b int) INHERITS (base)",
        "relation base Table …
         column t.b int4 Null
         parent t < base
         relation t Table … +",
    );
    check("CREATE TABLE t OF kind", "relation t Table … +");
}

#[test]
fn statements_on_unknown_things_do_not_invent_them() {
    check("DROP TABLE a; DROP INDEX i; DROP VIEW v; DROP SCHEMA s CASCADE; DROP TYPE t; DROP FUNCTION f", "");
    check(
        "INSERT INTO t VALUES (1); UPDATE t SET a = 1; DELETE FROM t; TRUNCATE t; LOCK TABLE t; SELECT * FROM t",
        "",
    );
    check("ALTER TYPE mood ADD VALUE 'x'", "type mood enum x");
    check("ALTER TYPE mood RENAME TO temper; ALTER DOMAIN d ADD CHECK (VALUE > 0)", "type d");
    check(
        "ALTER PUBLICATION p ADD TABLE t",
        "publication p t
         relation t Table …",
    );
    check(
        "CREATE TRIGGER tr AFTER INSERT ON t EXECUTE FUNCTION f()",
        "relation t Table …
         trigger t.tr",
    );
}

#[test]
fn a_table_made_again_replaces_the_old_one() {
    check(
        "CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE t (b int)",
        "column t.b int4 Null
         relation t Table +",
    );
    check(
        "CREATE TABLE t (a int); CREATE INDEX i ON t (a); CREATE INDEX i ON t (a)",
        "relation i Index +
         column t.a int4 Null
         index i on t btree (a) keys=1
         relation t Table +",
    );
    check(
        "CREATE TABLE t (a int); DROP OWNED BY someone",
        "column t.a int4 Null
         relation t Table … +",
    );
}
