//! What a statement would change outside of its database: what all databases of a server share, the server's own files and settings,
//! and other servers. On a server that is not ours none of that is run.
//!
//! It is looked for in the text, also in code and in what code may put together from strings; only a role that may not do such things
//! is proof against what nobody can read.

use super::{
    File, Purpose,
    piece::pieces,
    place,
    words::{Strings, Word, words},
};
use crate::{error::Error, pg::Sandbox};

/// What to do about a refusal.
pub(super) const DISPOSABLE: &str =
    "mark the server as disposable: ALTER DATABASE postgres SET lockkeeper.disposable = 'on'";

/// Refuses files that would change more than their database, where that must not be.
pub(super) fn check(sandbox: &Sandbox, files: &[File<'_>], values: &[(String, String)]) -> Result<(), Error> {
    if sandbox.is_disposable() {
        return Ok(());
    }
    let run = files.iter().filter(|it| it.purpose == Purpose::Judged || !sandbox.has_schema());
    for file in run.flat_map(|it| std::iter::once(it).chain(&it.back)) {
        for piece in pieces(file, values)? {
            if let Some(what) = changed(&piece.text) {
                let problem = format!(
                    "{what} is not done on a server that others use as well; run it without --url and --clone-cmd, or {DISPOSABLE}"
                );
                return Err(Error::Unrunnable {
                    place: place(file.source.path(), file.source, piece.span),
                    problem,
                });
            }
        }
    }
    Ok(())
}

/// What is shared by all databases.
const SHARED: &[&str] = &["role", "user", "group", "database", "tablespace", "subscription"];

/// Words that together do what must not be done.
const PHRASES: &[&[&str]] = &[
    &["alter", "system"],
    &["reassign", "owned"],
    &["drop", "owned"],
    &["create", "server"],
    &["import", "foreign", "schema"],
    // A database in which one is left cannot be dropped.
    &["prepare", "transaction"],
    &["language", "c"],
    &["language", "plpythonu"],
    &["language", "plpython3u"],
    &["language", "plperlu"],
    &["language", "pltclu"],
];

/// Functions that reach other sessions, the server's files and settings, or other servers; or names that those begin with.
const FUNCTIONS: &[&str] = &[
    "dblink",
    "lo_export",
    "lo_import",
    "pg_backup_st",
    "pg_cancel_backend",
    "pg_copy_",
    "pg_create_logical_replication_slot",
    "pg_create_physical_replication_slot",
    "pg_create_restore_point",
    "pg_drop_replication_slot",
    "pg_file_",
    "pg_logical_",
    "pg_promote",
    "pg_reload_conf",
    "pg_replication_",
    "pg_rotate_logfile",
    "pg_sta",
    "pg_stop_backup",
    "pg_switch_wal",
    "pg_terminate_backend",
    "pg_wal_replay_",
];

/// Functions whose names begin like one of [`FUNCTIONS`], and that only look.
const LOOKS: &[&str] = &["pg_stat_get_", "pg_statistics_obj_is_visible", "pg_stat_file"];

/// What of a statement would change more than its database, as it is written there.
fn changed(statement: &str) -> Option<String> {
    let first: Vec<Word> = words(statement, Strings::Skipped);
    let is_code = first.first().is_some_and(|it| it.is("do"))
        || first.iter().take(6).any(|it| it.is("function") || it.is("procedure"));
    let words = if is_code { words(statement, Strings::Read) } else { first };
    (0..words.len()).find_map(|n| at(&words, n))
}

/// What begins at word `n`.
fn at(words: &[Word], n: usize) -> Option<String> {
    let rest = words.get(n..)?;
    let is = |at: usize, word: &str| rest.get(at).is_some_and(|it: &Word| it.is(word));
    let is_shared = |at: usize| SHARED.iter().any(|it| is(at, it)) && !is(at + 1, "mapping");
    let said = |n_words: usize| {
        let words = rest.iter().take(n_words).map(|it| it.text.to_uppercase());
        Some(words.collect::<Vec<_>>().join(" "))
    };
    let is_verb = is(0, "create") || is(0, "alter") || is(0, "drop");
    if is_verb && is_shared(1) || is(0, "comment") && is(1, "on") && is_shared(2) {
        return said(if is_verb { 2 } else { 3 });
    }
    if let Some(phrase) = PHRASES.iter().find(|it| it.iter().enumerate().all(|(at, word)| is(at, word))) {
        return said(phrase.len());
    }
    if is(0, "grant") || is(0, "revoke") {
        let end = rest.iter().position(|it| it.is("to") || it.is("from"))?;
        let on = rest.iter().take(end).position(|it| it.is("on"));
        return match on {
            Some(on) if is_shared(on + 1) || is(on + 1, "parameter") => {
                Some(format!("{} ON {}", said(1)?, rest.get(on + 1)?.text.to_uppercase()))
            }
            Some(_) => None,
            None => Some(format!("{} of a role", said(1)?)),
        };
    }
    if is(0, "security") && is(1, "label") {
        let on = rest.iter().position(|it| it.is("on"))?;
        return if is_shared(on + 1) { said(2) } else { None };
    }
    let begins = n.checked_sub(1).and_then(|it| words.get(it)).is_none_or(|before| {
        !before.is_name || ["begin", "then", "else", "loop"].iter().any(|it| before.is(it))
    });
    if is(0, "copy") && begins {
        let to = rest.iter().position(|it| it.is("to") || it.is("from"))?;
        let is_stream = is(to + 1, "stdin") || is(to + 1, "stdout");
        return (!is_stream).then(|| "COPY with a file or a program".to_owned());
    }
    let name = rest.first().filter(|_| is(1, "("))?;
    let begins = |it: &&&str| name.text.starts_with(**it);
    let is_function = FUNCTIONS.iter().any(|it| begins(&it)) && !LOOKS.iter().any(|it| begins(&it));
    is_function.then(|| format!("{}()", name.text))
}

#[cfg(test)]
mod tests {
    use super::changed;

    #[test]
    fn what_reaches_beyond_the_database_is_found() {
        for (sql, what) in [
            ("CREATE ROLE app", "CREATE ROLE"),
            ("/* a */ alter user app SET x = 1", "ALTER USER"),
            ("DO $$ BEGIN EXECUTE 'DROP DATABASE ' || 'x'; END $$", "DROP DATABASE"),
            ("DO 'BEGIN CREATE ROLE x; END'", "CREATE ROLE"),
            (
                "CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS 'ALTER SYSTEM RESET ALL'",
                "ALTER SYSTEM",
            ),
            ("COMMENT ON DATABASE x IS 'y'", "COMMENT ON DATABASE"),
            ("GRANT reader TO writer", "GRANT of a role"),
            ("REVOKE CONNECT ON DATABASE shop FROM PUBLIC", "REVOKE ON DATABASE"),
            ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity", "pg_terminate_backend()"),
            ("SELECT dblink_exec('x', 'y')", "dblink_exec()"),
            ("COPY t FROM '/etc/passwd'", "COPY with a file or a program"),
            ("COPY t TO PROGRAM 'sh'", "COPY with a file or a program"),
            ("DROP OWNED BY x", "DROP OWNED"),
            ("PREPARE TRANSACTION 'x'", "PREPARE TRANSACTION"),
            ("CREATE FUNCTION f() RETURNS int AS 'x', 'y' LANGUAGE c", "LANGUAGE C"),
            ("SELECT pg_stat_reset_shared('bgwriter')", "pg_stat_reset_shared()"),
        ] {
            assert_eq!(changed(sql).as_deref(), Some(what), "{sql}");
        }
    }

    #[test]
    fn what_stays_in_the_database_is_not() {
        for sql in [
            "CREATE TABLE \"user\" (role text, database text)",
            "ALTER TABLE users OWNER TO app",
            "GRANT SELECT ON t TO app WITH GRANT OPTION",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO app",
            "COMMENT ON TABLE t IS 'drop database x'",
            "INSERT INTO t VALUES ('CREATE ROLE x')",
            "COPY t (a, b) FROM stdin",
            "CREATE USER MAPPING FOR app SERVER s",
            "SELECT pg_stat_get_live_tuples(1), pg_database_size('x')",
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN count(*) FROM copy_of; END $$",
            "ALTER TABLE t ADD COLUMN copy int",
            "CREATE ROUTINE",
        ] {
            assert_eq!(changed(sql), None, "{sql}");
        }
    }
}
