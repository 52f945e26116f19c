//! A file that is sent as one message is run statement by statement; the server must do the same with it as with the message.

use lockkeeper::{
    dry_run::Fate,
    effect::Runner,
    lint::{Input, InputRole},
    pg::{Sandbox, session::Refusal},
};

use super::{DATABASE, dry_run, input};
use crate::{
    frameworks::{BEFORE, MESSAGES},
    support::{majors, on_each},
};

/// Beside those of the frameworks: messages that the server cannot read to their ends, and transactions that are left open.
pub(super) const FURTHER: &[&str] = &[
    "ALTER TABLE t ADD COLUMN b int; ALTER TABEL t ADD COLUMN c int;",
    "SELECT 'é'; ALTER TABEL t; ALTER TABLE t ADD COLUMN b int;",
    "ALTER TABLE t ADD COLUMN b int; SELECT 1/0; ALTER TABLE t ADD COLUMN c int;",
    "ALTER TABLE t ADD COLUMN b int; COMMIT; SELECT 1/0;",
    "ALTER TABLE t ADD COLUMN b int; BEGIN; ALTER TABLE t ADD COLUMN c int;",
    "BEGIN; ALTER TABLE t ADD COLUMN b int; COMMIT; ALTER TABLE t ADD COLUMN c int;",
    "SET LOCAL lock_timeout = '1s'; ALTER TABLE t ADD COLUMN b int;",
    "ALTER TABLE t ADD COLUMN b int; ROLLBACK; ALTER TABLE t ADD COLUMN c int;",
    "LOCK TABLE t; ALTER TABLE t ADD COLUMN b int;",
];

/// The columns that the table has then.
const LEFT: &str = "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0";

pub(super) fn left(server: &Sandbox, database: &str) -> String {
    server.connect(database).unwrap().rows(LEFT).unwrap()[0].text(0).to_owned()
}

/// How the server refuses the message, and what it leaves.
fn as_message(server: &Sandbox, message: &str) -> (Option<String>, String) {
    server.drop_database("message").unwrap();
    server.create_database("message").unwrap();
    let session = server.connect("message").unwrap();
    session.batch(BEFORE).unwrap();
    let refusal = session.batch(message).err().map(|it| Refusal::of(&it).unwrap().sqlstate);
    drop(session);
    (refusal, left(server, "message"))
}

fn as_dry_run(server: &Sandbox, message: &str) -> (Option<String>, String) {
    server.drop_database(DATABASE).unwrap();
    let judged = Input { runner: Some(Runner::Query), ..input("1.sql", message, InputRole::Linted) };
    let ran = dry_run(server, &[input("0.sql", BEFORE, InputRole::Schema), judged]).unwrap();
    let refusal = ran.statements().find_map(|it| match &it.fate {
        Fate::Refused { refusal, .. } => Some(refusal.sqlstate.clone()),
        Fate::Observed { .. } | Fate::Ran(_) | Fate::NotRun => None,
    });
    (refusal, left(server, DATABASE))
}

#[test]
fn a_message_does_in_a_dry_run_what_it_does_on_the_server() {
    on_each(&majors(), |server| {
        for message in MESSAGES.iter().chain(FURTHER) {
            assert_eq!(
                as_dry_run(server, message),
                as_message(server, message),
                "{}: {message}",
                server.major()
            );
        }
    });
}
