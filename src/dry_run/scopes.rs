//! Whether a program put the statements of files into the transactions that were assumed.
//!
//! Compared is each statement with the one before it: whether both share a transaction. A file's own BEGIN and COMMIT say for themselves.

use std::collections::BTreeSet;

use super::Script;
use crate::{effect::Scope, sql::source::Span};

/// A file, and what is assumed of its statements.
#[derive(Debug)]
pub struct Assumed<'a> {
    /// What it says.
    pub text: &'a str,
    /// Each statement, and how far its transaction is taken to reach.
    pub statements: Vec<(Span, Scope)>,
}

/// What a program did with the files.
#[derive(Debug, Default)]
pub struct Scoped {
    /// The file, where in it, and what is different there; the first of each file.
    pub differences: Vec<(usize, usize, &'static str)>,
    /// The files of which nothing was sent.
    pub unsent: Vec<usize>,
}

/// The words that begin and end transactions.
const CONTROLS: &[&str] = &["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"];

/// Finds the statements of `files` in what was sent, and compares their transactions.
pub fn scopes(files: &[Assumed<'_>], scripts: &[Script]) -> Scoped {
    let sent: Vec<(String, usize)> = scripts
        .iter()
        .flat_map(|script| {
            script.statements.iter().map(|it| (normal(it.span.of(&script.text)), it.transaction))
        })
        .collect();
    let mut rest = &sent[..];
    let mut scoped = Scoped::default();
    let mut differing = BTreeSet::new();
    let mut last: Option<(usize, Scope, usize)> = None;
    for (n, file) in files.iter().enumerate() {
        let mut n_found = 0;
        for (span, scope) in &file.statements {
            let text = normal(span.of(file.text));
            let word = text.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            let place = rest.iter().position(|it| it.0 == text).and_then(|at| rest.split_at_checked(at));
            let Some((_, [(_, transaction), after @ ..])) = place else {
                last = None;
                continue;
            };
            rest = after;
            n_found += 1;
            if CONTROLS.contains(&word.as_str()) {
                last = None;
                continue;
            }
            if let Some((file_before, scope_before, transaction_before)) = last
                && let Some(difference) = difference(
                    match (scope_before, *scope) {
                        (Scope::File, Scope::File) => file_before == n,
                        (Scope::Batch, Scope::Batch) => true,
                        _ => false,
                    },
                    transaction_before == *transaction,
                )
                && differing.insert(n)
            {
                scoped.differences.push((n, span.start, difference));
            }
            last = Some((n, *scope, *transaction));
        }
        if n_found == 0 && !file.statements.is_empty() {
            scoped.unsent.push(n);
        }
    }
    scoped
}

fn difference(assumed: bool, seen: bool) -> Option<&'static str> {
    match (assumed, seen) {
        (true, false) => {
            Some("lint takes it to share the transaction of the statement before it, and it has another")
        }
        (false, true) => {
            Some("lint takes it to have another transaction than the statement before it, and both share one")
        }
        _ => None,
    }
}

/// The statement with one space where there are some.
fn normal(sql: &str) -> String {
    sql.trim_end_matches(';').split_whitespace().collect::<Vec<_>>().join(" ")
}
