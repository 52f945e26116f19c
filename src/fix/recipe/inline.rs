//! A constraint that comes with a new column: it becomes an action of its own, which can be NOT VALID, or take over an index.

use super::At;
use crate::{
    finding::Span,
    fix::{
        names::{self, Kind},
        rewrite::{Phase, Rewrite, Step, insert, replace},
        tokens::{AlterText, Tokens, quoted},
    },
    sql::statement::{Alter, AlterAction, ColumnDef},
};

/// `REFERENCES`.
pub(super) fn references(at: &At<'_>) -> Result<Rewrite, String> {
    recipe(at, "references")
}

/// `CHECK`.
pub(super) fn check(at: &At<'_>) -> Result<Rewrite, String> {
    recipe(at, "check")
}

/// `UNIQUE`.
pub(super) fn unique(at: &At<'_>) -> Result<Rewrite, String> {
    recipe(at, "unique")
}

/// A constraint inside a column's definition.
struct Clause<'t> {
    /// The tokens from its CONSTRAINT, or its keyword, to the one behind its last.
    tokens: (usize, usize),
    /// Its name as written.
    name: Option<&'t str>,
    /// From its keyword on.
    text: &'t str,
}

fn recipe(at: &At<'_>, keyword: &str) -> Result<Rewrite, String> {
    let (alter, text) = at.alter()?;
    let unclear = || "its text is not understood".to_owned();
    let (column, clause, action) = find(alter, &text, keyword)?;
    let name = match clause.name {
        Some(name) => name.to_owned(),
        None => quoted(&names::of_column(at, alter, kind(keyword), &column.name)?),
    };
    let (from, to) = clause.tokens;
    let own = text.tokens.joined(from, to).ok_or_else(unclear)?;
    let before = from.checked_sub(1).and_then(|it| text.tokens.span(it)).ok_or_else(unclear)?;
    let blank = Span { start: before.end, end: own.start };
    let is_blank = blank.of(at.layout.text).trim().is_empty();
    let cut = replace(Span { start: if is_blank { blank.start } else { own.start }, ..own }, "");
    let written = column_as_written(&text.tokens, action.0);
    if keyword == "unique" {
        let (nulls, rest) = unique_parts(&text.tokens, clause.tokens)?;
        let table = text.table;
        let index = format!("CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({written}){nulls}");
        let add = format!("{} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}{rest}", text.head);
        let later = vec![Step::alone(Phase::Index, index), Step::new(Phase::Finish, add)];
        return Ok(Rewrite::Stays { edits: vec![cut], after: later });
    }
    let key = if keyword == "references" { format!("FOREIGN KEY ({written}) ") } else { String::new() };
    let add = format!(", ADD CONSTRAINT {name} {key}{} NOT VALID", clause.text);
    let end = text.tokens.joined(action.0, action.1).ok_or_else(unclear)?.end;
    let validate = format!("{} VALIDATE CONSTRAINT {name}", text.head);
    let later = vec![Step::new(Phase::Validate, validate)];
    Ok(Rewrite::Stays { edits: vec![cut, insert(end, add)], after: later })
}

fn kind(keyword: &str) -> Kind {
    match keyword {
        "references" => Kind::ForeignKey,
        "unique" => Kind::Unique,
        _ => Kind::Check,
    }
}

/// The first new column that has such a constraint.
fn find<'a>(
    alter: &'a Alter,
    text: &AlterText<'a>,
    keyword: &str,
) -> Result<(&'a ColumnDef, Clause<'a>, (usize, usize)), String> {
    for (action, tokens) in alter.actions.iter().zip(&text.actions) {
        let AlterAction::AddColumn { column, if_not_exists } = action else { continue };
        if let Some(clause) = clause(&text.tokens, *tokens, keyword) {
            if *if_not_exists {
                return Err("the column may be there already".to_owned());
            }
            return Ok((column, clause, *tokens));
        }
    }
    Err("the constraint does not come with ADD COLUMN".to_owned())
}

/// The column's name as written, in the action that begins at `action`.
fn column_as_written<'t>(tokens: &Tokens<'t>, action: usize) -> &'t str {
    tokens.word(if tokens.are(action + 1, &["column"]) { action + 2 } else { action + 1 })
}

/// The constraint that `keyword` begins. CHECK, UNIQUE and REFERENCES are reserved: outside of parentheses they are nothing else.
fn clause<'t>(tokens: &Tokens<'t>, (from, to): (usize, usize), keyword: &str) -> Option<Clause<'t>> {
    let mut depth = 0_usize;
    let at = (from..to).find(|it| {
        match tokens.word(*it) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && tokens.are(*it, &[keyword])
    })?;
    let name_at = at.checked_sub(2).filter(|it| *it > from && tokens.are(*it, &["constraint"]));
    let mut end = match keyword {
        "references" => tokens.after_name(at + 1),
        _ => at + 1,
    };
    end = past_parentheses(tokens, end);
    while let Some(next) = past_option(tokens, end).filter(|it| *it <= to) {
        end = next;
    }
    let name = name_at.map(|it| tokens.word(it + 1));
    Some(Clause { tokens: (name_at.unwrap_or(at), end), name, text: tokens.text(at, end) })
}

/// Behind what is in parentheses at `at`, if anything is.
fn past_parentheses(tokens: &Tokens<'_>, at: usize) -> usize {
    let (mut depth, mut next) = (0_usize, at);
    loop {
        match tokens.word(next) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "" => return next,
            _ => {}
        }
        if depth == 0 {
            return if tokens.word(next) == ")" { next + 1 } else { at };
        }
        next += 1;
    }
}

/// Behind the option of a constraint that stands at `at`; `None` if there is none.
fn past_option(tokens: &Tokens<'_>, at: usize) -> Option<usize> {
    const OPTIONS: &[(&[&str], usize)] = &[
        (&["match"], 2),
        (&["no", "inherit"], 2),
        (&["not", "deferrable"], 2),
        (&["deferrable"], 1),
        (&["initially"], 2),
        (&["nulls", "not", "distinct"], 3),
        (&["nulls", "distinct"], 2),
    ];
    if tokens.are(at, &["on", "delete"]) || tokens.are(at, &["on", "update"]) {
        let words = if tokens.are(at + 2, &["set"]) || tokens.are(at + 2, &["no"]) { 4 } else { 3 };
        return Some(past_parentheses(tokens, at + words));
    }
    OPTIONS.iter().find(|it| tokens.are(at, it.0)).map(|it| at + it.1)
}

/// What of a UNIQUE goes to the index, and what to the constraint.
fn unique_parts(tokens: &Tokens<'_>, (from, to): (usize, usize)) -> Result<(&'static str, String), String> {
    let keyword = tokens.find(from, "unique").ok_or("its text is not understood")?;
    if tokens.are(to, &["with"]) || tokens.are(to, &["using"]) {
        return Err("it says how to store the index".to_owned());
    }
    let (nulls, rest) = match () {
        () if tokens.are(keyword + 1, &["nulls", "not"]) => (" NULLS NOT DISTINCT", keyword + 4),
        () if tokens.are(keyword + 1, &["nulls"]) => ("", keyword + 3),
        () => ("", keyword + 1),
    };
    Ok((nulls, if rest < to { format!(" {}", tokens.text(rest, to)) } else { String::new() }))
}
