//! Roles belong to a server, not to a database, so dumps and migrations name roles that a throwaway server does not have: they are made.

use std::collections::BTreeSet;

use super::{
    File, place,
    shared::DISPOSABLE,
    words::{Strings, Word, words},
};
use crate::{
    error::Error,
    pg::Sandbox,
    sql::{
        source::{Source, Span},
        split::{self, PieceKind},
    },
};

/// Makes the roles that these files name and do not make themselves, without the right to log in. Returns their names.
///
/// On a server that others use as well none is made: a role that is missing is an error.
pub(super) fn make(sandbox: &Sandbox, files: &[File<'_>]) -> Result<Vec<String>, Error> {
    let (mut named, mut made) = (BTreeSet::new(), BTreeSet::new());
    for (_, statement) in statements(files) {
        read(statement, &mut named, &mut made);
    }
    let session = sandbox.connect(sandbox.home())?;
    let there: BTreeSet<String> = session
        .rows("SELECT rolname FROM pg_catalog.pg_roles")?
        .iter()
        .map(|row| row.text(0).to_owned())
        .collect();
    named.retain(|it| !made.contains(it) && !there.contains(it) && !it.starts_with("pg_"));
    if let Some(role) = named.first().filter(|_| !sandbox.is_disposable()) {
        return Err(missing(role, files));
    }
    for role in &named {
        session.batch(&format!("CREATE ROLE \"{}\"", role.replace('"', "\"\"")))?;
    }
    Ok(named.into_iter().collect())
}

/// A role is not there: where is it named first?
fn missing(role: &str, files: &[File<'_>]) -> Error {
    let place = statements(files).find_map(|((source, span), statement)| {
        let mut named = BTreeSet::new();
        read(statement, &mut named, &mut BTreeSet::new());
        named.contains(role).then(|| place(source.path(), source, span))
    });
    let problem = format!(
        "there is no role {role}, and none is made on a server that others use as well; make it, or {DISPOSABLE}"
    );
    Error::Unrunnable { place: place.unwrap_or_default(), problem }
}

fn statements<'f>(files: &'f [File<'_>]) -> impl Iterator<Item = ((&'f Source, Span), &'f str)> {
    files.iter().flat_map(|file| {
        let text = file.source.text();
        let pieces = split::split(text).pieces.into_iter();
        let statements = pieces.filter(|it| matches!(it.kind, PieceKind::Statement(_)));
        statements.map(move |it| ((file.source, it.span), it.span.of(text)))
    })
}

/// Words that stand where a role could, and are none.
const NO_ROLES: &[&str] =
    &["public", "current_user", "session_user", "current_role", "none", "default", "group"];

/// Adds the roles that a statement names, and those that it makes itself.
fn read(statement: &str, named: &mut BTreeSet<String>, made: &mut BTreeSet<String>) {
    let words = words(statement, Strings::Skipped);
    let words = words.as_slice();
    let is = |n: usize, word: &str| words.get(n).is_some_and(|it: &Word| it.is(word));
    let mut grants = None;
    for n in 0..words.len() {
        let next = match () {
            () if is(n, "create") && (is(n + 1, "role") || is(n + 1, "user") || is(n + 1, "group")) => {
                made.extend(words.get(n + 2).map(|it| it.text.clone()));
                continue;
            }
            () if is(n, "grant") || is(n, "revoke") => {
                grants = Some(n);
                continue;
            }
            () if is(n, ";") => {
                grants = None;
                continue;
            }
            // Of `GRANT a TO b`, a is a role too; of `GRANT a ON …`, a privilege.
            () if grants.is_some() && (is(n, "to") || is(n, "from")) => {
                let from = grants.take().unwrap_or(n) + 1;
                if !words.get(from..n).unwrap_or_default().iter().any(|it| it.is("on")) {
                    add(words.get(from..n).unwrap_or_default(), named);
                }
                n + 1
            }
            () if is(n, "owner") && is(n + 1, "to") => n + 2,
            () if is(n, "authorization") => n + 1,
            () if is(n, "for") && (is(n + 1, "role") || is(n + 1, "user")) => n + 2,
            () if is(n, "set") && is(n + 1, "role") => n + 2,
            () if is(0, "create") && is(1, "policy") && is(n, "to") => n + 1,
            () if is(0, "reassign") && (is(n, "by") || is(n, "to")) => n + 1,
            () if is(0, "drop") && is(1, "owned") && is(n, "by") => n + 1,
            () => continue,
        };
        add(words.get(next..).unwrap_or_default(), named);
    }
}

/// Adds the first of `words` and those that commas join to it.
fn add(words: &[Word], named: &mut BTreeSet<String>) {
    let mut rest = words.iter().filter(|it| !it.is("group"));
    while let Some(word) = rest.next() {
        if word.is_name && (word.is_quoted || !NO_ROLES.contains(&word.text.as_str())) {
            named.insert(word.text.clone());
        }
        if !rest.next().is_some_and(|it| it.is(",")) {
            return;
        }
    }
}
