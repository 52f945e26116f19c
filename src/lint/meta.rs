//! psql's meta-commands in migration files.
//!
//! Only psql knows them; every driver sends them to the server, which refuses them. Those that change nothing that matters here are let
//! through, since pg_dump writes some; those that run SQL we do not see, or after which it is not known what runs, are findings.

use super::replay::Said;
use crate::finding::Span;

/// Meta-commands that run no SQL.
const HARMLESS: &[&str] = &[
    "restrict",
    "unrestrict",
    "echo",
    "qecho",
    "warn",
    "set",
    "unset",
    "pset",
    "timing",
    "encoding",
    "prompt",
    "a",
    "C",
    "f",
    "H",
    "t",
    "T",
    "x",
    "o",
    "p",
    "errverbose",
    "conninfo",
    "h",
    "?",
    "copyright",
    "q",
    "cd",
    "setenv",
    "endif",
    "getenv",
    "password",
    "g",
    "gx",
    "bind",
    ".",
];

/// Whether the meta-command of this name runs no SQL, and changes nothing of what runs after it.
pub fn runs_no_sql(name: &str) -> bool {
    HARMLESS.contains(&name) || name.starts_with('d') || name.starts_with('l')
}

/// What is to be said of a meta-command.
pub(super) fn judge(name: &str, arguments: &[String], at: Span) -> Option<Said> {
    if runs_no_sql(name) {
        return None;
    }
    let (rule, detail) = match name {
        "gexec" => ("dynamic-sql", "\\gexec runs what a query returns".to_owned()),
        _ => ("unsupported-meta-command", format!("\\{name} {}", arguments.join(" ")).trim_end().to_owned()),
    };
    Some(Said { rule, at, detail, relation: None })
}
