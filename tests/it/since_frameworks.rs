//! `--since` knows what each framework runs again, appends to, or calls by its folder's name.

use crate::repository::{Repository, found};

const INDEX: &str = "CREATE INDEX ON users (id);\n";
const VIEW: &str = "CREATE OR REPLACE VIEW v AS SELECT 1;\n";

fn since_head(repository: &Repository, path: &str) -> Vec<String> {
    found(&repository.lint(path, &["--since", "HEAD"]))
}

#[test]
fn what_flyway_repeats_may_change_and_is_never_the_last() {
    let repository = Repository::with(&[
        ("flyway.toml", ""),
        ("sql/V1__users.sql", "CREATE TABLE users (id bigint);\n"),
        ("sql/V3__more.sql", "SELECT 1;\n"),
        ("sql/U3__more.sql", "SELECT 1;\n"),
        ("sql/R__views.sql", &format!("{VIEW}{INDEX}")),
    ]);
    // It runs again, all of it.
    repository.write("sql/R__views.sql", &format!("{INDEX}{VIEW}{INDEX}"));
    repository.write("sql/V4__new.sql", "SELECT 1;\n");
    let expected = ["sql/R__views.sql:1 index-blocks-writes", "sql/R__views.sql:3 index-blocks-writes"];
    let mut said = since_head(&repository, "sql");
    said.retain(|it| it.ends_with("index-blocks-writes"));
    assert_eq!(said, expected);
    repository.write("sql/V2__late.sql", "SELECT 1;\n");
    repository.commit();
    repository.git(&["reset", "-q", "--soft", "HEAD~1"]);
    assert!(since_head(&repository, "sql").contains(&"sql/V2__late.sql:1 migration-out-of-order".to_owned()));
    repository.commit();
    // What takes back, or repeats, does not count as a deleted migration.
    repository.git(&["rm", "-q", "sql/U3__more.sql", "sql/R__views.sql"]);
    assert_eq!(since_head(&repository, "sql"), [""; 0]);
    repository.git(&["rm", "-q", "sql/V4__new.sql"]);
    assert_eq!(since_head(&repository, "sql"), ["sql/V4__new.sql:1 merged-migration-edited"]);
}

#[test]
fn a_changeset_may_come_to_a_liquibase_file_but_none_may_change() {
    let old = "--liquibase formatted sql\n\n--changeset a:1\nSELECT 1;\n\n--changeset a:2 runOnChange:true\nSELECT 2;\n\n--changeset a:3\nSELECT 3;\n";
    let repository = Repository::with(&[("liquibase.properties", ""), ("db/log.sql", old)]);
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "SELECT 3;\n",
            "SELECT 3;\n\n--changeset b:1\nCREATE INDEX ON t (a);\n",
            &["13 index-blocks-writes"],
        ),
        (
            "--changeset a:1",
            "--changeset b:1\nCREATE INDEX ON t (a);\n--changeset a:1",
            &["4 index-blocks-writes"],
        ),
        ("SELECT 2;", "SELECT 22;", &[]),
        ("SELECT 3;", "SELECT 33;", &["10 merged-migration-edited"]),
        ("SELECT 1;\n", "SELECT 1;\nSELECT 0;\n", &["5 merged-migration-edited"]),
        ("--changeset a:3\nSELECT 3;\n", "", &["4 merged-migration-edited"]),
    ];
    for (from, to, expected) in cases {
        repository.write("db/log.sql", &old.replacen(from, to, 1));
        let expected: Vec<_> = expected.iter().map(|it| format!("db/log.sql:{it}")).collect();
        assert_eq!(since_head(&repository, "db"), expected, "{from} to {to}");
    }
}

#[test]
fn what_is_current_in_graphile_migrate_is_edited_until_it_is_committed() {
    let repository = Repository::with(&[
        (".gmrc", "{}"),
        ("migrations/committed/000001.sql", "CREATE TABLE users (id bigint);\n"),
        ("migrations/current.sql", "-- Enter migration here\n"),
    ]);
    repository.write("migrations/current.sql", INDEX);
    assert_eq!(since_head(&repository, "migrations"), ["migrations/current.sql:1 index-blocks-writes"]);
    repository.commit();
    let head = "--! Previous: sha1:1\n--! Hash: sha1:2\n\n";
    repository.write("migrations/committed/000002.sql", &format!("{head}{INDEX}"));
    repository.git(&["rm", "-q", "migrations/current.sql"]);
    assert_eq!(
        since_head(&repository, "migrations"),
        ["migrations/committed/000002.sql:4 index-blocks-writes"]
    );
}

#[test]
fn a_migration_with_a_folder_of_its_own_has_the_name_of_that() {
    let text = INDEX.repeat(9);
    let changed = text.replacen("(id)", "(id, id)", 1);
    let repository = Repository::with(&[
        ("schema.prisma", ""),
        ("migrations/migration_lock.toml", "provider = \"postgresql\"\n"),
        ("migrations/20260101000000_a/migration.sql", "CREATE TABLE users (id bigint);\n"),
        ("migrations/20260102000000_b/migration.sql", &text),
    ]);
    repository.git(&["mv", "migrations/20260102000000_b", "migrations/20260103000000_b"]);
    repository.write("migrations/20260103000000_b/migration.sql", &changed);
    let mut said = since_head(&repository, "migrations");
    assert_eq!(said.pop().unwrap(), "migrations/20260102000000_b/migration.sql:1 merged-migration-edited");
    said.retain(|it| it.ends_with(" index-blocks-writes"));
    assert_eq!(said.len(), 9, "all of it runs");
    // The whole project moves.
    repository.write("migrations/20260103000000_b/migration.sql", &text);
    repository.commit();
    repository.git(&["mv", "migrations", "db"]);
    repository.write("db/20260103000000_b/migration.sql", &changed);
    let said = since_head(&repository, "db");
    assert!(
        said.contains(&"db/20260103000000_b/migration.sql:1 merged-migration-edited".to_owned()),
        "{said:?}"
    );
    assert!(said.iter().all(|it| it.starts_with("db/20260103000000_b/migration.sql:1 ")), "{said:?}");
}
