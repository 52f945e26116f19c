//! What the session has in force after some statements.

use std::fmt::Write;

use lockkeeper::{
    catalog::Catalog,
    effect::{Lock, Locked, Relation, Role, Target, WorkSet},
    sql::{
        parse::parse,
        statement::{Name, RelationKind},
    },
};

/// Runs the statements; `lock relation MODE` stands for a statement that takes this lock.
fn run(history: &str) -> Catalog {
    let mut catalog = Catalog::new();
    for (since, sql) in history.split(';').map(str::trim).filter(|it| !it.is_empty()).enumerate() {
        let words: Vec<&str> = sql.splitn(3, ' ').collect();
        match words.as_slice() {
            ["runner", "begins"] => catalog.begin_by_runner(),
            ["runner", "ends"] => catalog.end_by_runner(),
            ["next", "file"] => catalog.start_file(catalog.session.file + 1),
            ["lock", relation, mode] => {
                let name = Name::qualified("public", *relation);
                let relation = Relation::new(name, RelationKind::Table, Target::Existing);
                let lock = Lock::from_name(mode).unwrap();
                let locked = Locked { relation, role: Role::Subject, lock, work: WorkSet::NONE };
                catalog.session.hold(&[locked], since);
            }
            _ => catalog.apply(&parse(sql).unwrap(), 18),
        }
    }
    catalog
}

#[track_caller]
fn check(history: &str, expected: &str) {
    let session = run(history).session;
    let mut shown = String::new();
    let mut show = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            write!(shown, "{}{name}={value}", if shown.is_empty() { "" } else { " " }).unwrap();
        }
    };
    show("lock", session.lock_timeout_ms().map(|it| it.to_string()));
    show("statement", session.statement_timeout_ms().map(|it| it.to_string()));
    show("zone", session.time_zone().map(str::to_owned));
    show("utc", session.time_zone_is_utc().map(|it| it.to_string()));
    show("role", session.role().map(str::to_owned));
    let path = session.search_path().join(",");
    show("path", (path != "public").then_some(path));
    for held in session.held() {
        show(&held.relation.name.name, Some(format!("{}@{}", held.lock, held.since)));
    }
    assert_eq!(shown, expected, "after {history}");
}

#[test]
fn settings_last_as_long_as_on_the_server() {
    check("", "");
    check("SET lock_timeout = 500", "lock=500");
    check("SET lock_timeout TO '5s'; SET statement_timeout = '1min'", "lock=5000 statement=60000");
    check("SET SESSION lock_timeout = '2h'; SET lock_timeout = 0", "");
    check("SET lock_timeout = '1500us'", "lock=2");
    check("SET lock_timeout = '2500us'; SET statement_timeout = '1d'", "lock=2 statement=86400000");
    check("SET lock_timeout = '1.5 s'", "lock=1500");
    check("SET lock_timeout = '5 parsecs'", "");
    check("SET lock_timeout = '1s'; SET lock_timeout TO DEFAULT", "");
    check("SET lock_timeout = '1s'; RESET lock_timeout", "");
    check("SET lock_timeout = '1s'; RESET ALL", "");
    check("SET lock_timeout = '1s'; DISCARD ALL", "");
    check("SET LOCAL lock_timeout = '1s'", "");
    check("BEGIN; SET LOCAL lock_timeout = '1s'", "lock=1000");
    check("BEGIN; SET LOCAL lock_timeout = '1s'; COMMIT", "");
    check("BEGIN; SET lock_timeout = '1s'; COMMIT", "lock=1000");
    check("BEGIN; SET lock_timeout = '1s'; ROLLBACK", "");
    check("SET lock_timeout = '9s'; BEGIN; SET LOCAL lock_timeout = '1s'; ROLLBACK", "lock=9000");
    check("BEGIN; SET lock_timeout = '3s'; SET LOCAL lock_timeout = '1s'; COMMIT", "lock=3000");
    check("BEGIN; SET LOCAL lock_timeout = '1s'; SET lock_timeout = '3s'; COMMIT", "lock=3000");
    check("SELECT set_config('lock_timeout', '4s', false)", "lock=4000");
    check("SELECT set_config('lock_timeout', '4s', true)", "");
    check("BEGIN; SELECT set_config('lock_timeout', '4s', true)", "lock=4000");
}

#[test]
fn savepoints_take_settings_back() {
    let history = "BEGIN; SET lock_timeout = '1s'; SAVEPOINT a; SET lock_timeout = '2s'; SET LOCAL statement_timeout = 9";
    check(history, "lock=2000 statement=9");
    check(&format!("{history}; ROLLBACK TO a"), "lock=1000");
    check(&format!("{history}; ROLLBACK TO a; COMMIT"), "lock=1000");
    check(&format!("{history}; RELEASE a"), "lock=2000 statement=9");
    check(&format!("{history}; RELEASE a; COMMIT"), "lock=2000");
    check(&format!("{history}; RELEASE a; ROLLBACK"), "");
    check(&format!("{history}; COMMIT AND CHAIN"), "lock=2000");
    check(&format!("{history}; ROLLBACK AND CHAIN"), "");
}

#[test]
fn time_zones_and_roles_are_known_once_set() {
    check("SET TIME ZONE 'UTC'", "zone=UTC utc=true");
    check("SET timezone = 'Etc/GMT'", "zone=Etc/GMT utc=true");
    check("SET timezone TO 'Europe/London'", "zone=Europe/London utc=false");
    check("SET TIME ZONE 0", "zone=0 utc=true");
    check("SET TIME ZONE LOCAL", "");
    check("SET TIME ZONE 'UTC'; SET TIME ZONE DEFAULT", "");
    check("SET ROLE migrator", "role=migrator");
    check("SET ROLE migrator; RESET ALL", "role=migrator");
    check("SET ROLE migrator; RESET ROLE", "");
    check("SET ROLE migrator; SET ROLE NONE", "");
    check("BEGIN; SET ROLE migrator; ROLLBACK", "");
}

#[test]
fn the_search_path_is_a_list_of_schemas() {
    check("SET search_path TO app, public", "path=app,public");
    check("SET search_path = \"$user\", \"My App\", pg_catalog", "path=My App");
    check("SET search_path TO App", "path=app");
    check("SELECT set_config('search_path', 'app, \"My App\"', false)", "path=app,My App");
    check("SELECT pg_catalog.set_config('search_path', '', false)", "path=");
    check("SET SCHEMA 'app'", "path=app");
    check("BEGIN; SET LOCAL search_path TO app; COMMIT", "");
}

#[test]
fn locks_are_held_until_the_transaction_ends() {
    check("lock a SHARE", "");
    check("BEGIN; lock a SHARE; lock b ACCESS EXCLUSIVE", "a=SHARE@1 b=ACCESS EXCLUSIVE@2");
    check("BEGIN; lock a SHARE; lock a ACCESS EXCLUSIVE; lock a SHARE", "a=ACCESS EXCLUSIVE@2");
    check("BEGIN; lock a SHARE; COMMIT", "");
    check("BEGIN; lock a SHARE; ROLLBACK", "");
    check("BEGIN; lock a SHARE; BEGIN; lock b SHARE", "a=SHARE@1 b=SHARE@3");
    let history = "BEGIN; lock a SHARE; SAVEPOINT s; lock a ACCESS EXCLUSIVE; lock b SHARE";
    check(history, "a=ACCESS EXCLUSIVE@3 b=SHARE@4");
    check(&format!("{history}; ROLLBACK TO s"), "a=SHARE@1");
    check(&format!("{history}; ROLLBACK TO s; lock b SHARE; ROLLBACK TO s"), "a=SHARE@1");
    check(&format!("{history}; RELEASE s"), "a=ACCESS EXCLUSIVE@3 b=SHARE@4");
    let history = "BEGIN; lock a SHARE; lock b SHARE; SAVEPOINT s; ALTER TABLE a RENAME TO c; ALTER TABLE b RENAME TO a";
    check(history, "c=SHARE@1 a=SHARE@2");
    check(&format!("{history}; lock a ACCESS EXCLUSIVE; lock c SHARE"), "c=SHARE@1 a=ACCESS EXCLUSIVE@6");
    check(&format!("{history}; ROLLBACK TO s; lock b ACCESS EXCLUSIVE"), "a=SHARE@1 b=ACCESS EXCLUSIVE@7");
}

#[test]
fn a_runners_transaction_ends_with_an_explicit_commit() {
    check("runner begins; lock a SHARE", "a=SHARE@1");
    check("runner begins; BEGIN; lock a SHARE; COMMIT; lock b SHARE", "");
    check("runner begins; lock a SHARE; runner ends", "");
    check("runner begins; SET LOCAL lock_timeout = 1; next file", "lock=1");
    check("SET lock_timeout = 1; next file", "");
    check("BEGIN; SET lock_timeout = 1; lock a SHARE; next file", "");
}
