//! Roles belong to a server, not to a database, so dumps and migrations name roles that a throwaway server does not have: they are made.

use std::collections::BTreeSet;

use crate::{
    error::Error,
    pg::Sandbox,
    sql::split::{self, PieceKind},
};

/// Makes the roles that these texts name and do not make themselves, without the right to log in. Returns their names.
pub(super) fn make<'t>(
    sandbox: &Sandbox,
    texts: impl Iterator<Item = &'t str>,
) -> Result<Vec<String>, Error> {
    let (mut named, mut made) = (BTreeSet::new(), BTreeSet::new());
    for text in texts {
        for piece in split::split(text).pieces {
            if matches!(piece.kind, PieceKind::Statement(_)) {
                read(piece.span.of(text), &mut named, &mut made);
            }
        }
    }
    let session = sandbox.connect("postgres")?;
    let there: BTreeSet<String> = session
        .rows("SELECT rolname FROM pg_catalog.pg_roles")?
        .iter()
        .map(|row| row.text(0).to_owned())
        .collect();
    named.retain(|it| !made.contains(it) && !there.contains(it) && !it.starts_with("pg_"));
    for role in &named {
        session.batch(&format!("CREATE ROLE \"{}\"", role.replace('"', "\"\"")))?;
    }
    Ok(named.into_iter().collect())
}

/// Words that stand where a role could, and are none.
const NO_ROLES: &[&str] =
    &["public", "current_user", "session_user", "current_role", "none", "default", "group"];

/// Adds the roles that a statement names, and those that it makes itself.
fn read(statement: &str, named: &mut BTreeSet<String>, made: &mut BTreeSet<String>) {
    let words = words(statement);
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

/// A word of a statement, folded unless it was quoted, or a sign.
struct Word {
    text: String,
    is_name: bool,
    is_quoted: bool,
}

impl Word {
    fn is(&self, word: &str) -> bool {
        !self.is_quoted && self.text == word
    }
}

/// The words of a statement without its comments. Of strings only those of code count, which dollars quote.
fn words(statement: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = statement;
    while let Some(first) = rest.chars().next() {
        let is_part = |it: char| it.is_alphanumeric() || it == '_' || it == '$';
        let skipped = [("--", "\n"), ("/*", "*/"), ("'", "'")].iter().find(|it| rest.starts_with(it.0));
        if let Some((begin, end)) = skipped {
            let after = rest.get(begin.len()..).and_then(|it| it.split_once(end));
            rest = after.map_or("", |it| it.1);
            continue;
        }
        let (end, quoted) = if first == '"' {
            let end = rest.get(1..).and_then(|it| it.find('"')).map_or(rest.len(), |it| it + 2);
            (end, true)
        } else if is_part(first) {
            (rest.find(|it| !is_part(it)).unwrap_or(rest.len()), false)
        } else {
            (first.len_utf8(), false)
        };
        let (word, after) = rest.split_at(end);
        if quoted {
            words.push(Word { text: word.trim_matches('"').to_owned(), is_name: true, is_quoted: true });
        } else if !first.is_whitespace() {
            let is_name = first.is_alphabetic() || first == '_';
            words.push(Word { text: word.to_lowercase(), is_name, is_quoted: false });
        }
        rest = after;
    }
    words
}
