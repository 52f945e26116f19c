//! A column whose default is computed for each row: the column without it, the default for new rows, then the old rows in batches.
//!
//! Source: manual, ALTER TABLE, Notes: a volatile default is computed when the column is added, for every row.

use super::{
    At,
    backfill::{self, Rows},
    not_null,
};
use crate::{
    effect::predict,
    finding::{Edit, Span},
    fix::{
        rewrite::{Phase, Rewrite, Step, insert, replace},
        tokens::AlterText,
    },
    sql::statement::{Alter, AlterAction, ColumnConstraintKind, ColumnDef},
};

/// What begins a column's constraint, and so ends its default.
const CONSTRAINTS: [&str; 10] = [
    "constraint",
    "not",
    "null",
    "check",
    "unique",
    "primary",
    "references",
    "generated",
    "collate",
    "deferrable",
];

/// The recipe.
pub(super) fn recipe(at: &At<'_>) -> Result<Rewrite, String> {
    let (alter, text) = at.alter()?;
    let catalog = (at.catalog)();
    let (mut edits, mut later, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for (action, tokens) in alter.actions.iter().zip(&text.actions) {
        let AlterAction::AddColumn { column, if_not_exists } = action else { continue };
        let is_meant = column.constraints.iter().any(
            |it| matches!(&it.kind, ColumnConstraintKind::Default(expr) if predict::is_volatile(expr, &catalog)),
        );
        if !is_meant {
            continue;
        }
        if *if_not_exists {
            return Err("the column may be there already".to_owned());
        }
        let (own, steps) = of_column(at, alter, &text, column, *tokens)?;
        edits.extend(own);
        later.extend(steps);
        names.push(column.name.to_string());
    }
    if edits.is_empty() {
        return Err("the column is not added by ADD COLUMN".to_owned());
    }
    at.unnamed_later(&names)?;
    at.unnamed_in_later_files(&names)?;
    Ok(Rewrite::Stays { edits, after: later })
}

/// The edits of one action, and what follows.
fn of_column(
    at: &At<'_>,
    alter: &Alter,
    text: &AlterText<'_>,
    column: &ColumnDef,
    (from, to): (usize, usize),
) -> Result<(Vec<Edit>, Vec<Step>), String> {
    let unclear = || "its text is not understood".to_owned();
    let written = text.tokens.word(if text.tokens.are(from + 1, &["column"]) { from + 2 } else { from + 1 });
    let default = clause(text, (from, to), &["default"]).ok_or_else(unclear)?;
    let expr = text.tokens.text(default.0 + 1, default.1);
    let mut edits = vec![cut(at, text, default).ok_or_else(unclear)?];
    let rows = Rows {
        table: text.table,
        shown: text.table.rsplit('.').next().unwrap_or(text.table),
        keys: backfill::keys(at, &alter.name)?,
        update: &format!("UPDATE {} SET {written} = DEFAULT", text.table),
        condition: Some(&format!("{written} IS NULL")),
    };
    let mut later = vec![Step::alone(Phase::Backfill, rows.batches(at.layout.newline()))];
    let is_required = column.constraints.iter().any(|it| it.kind == ColumnConstraintKind::NotNull);
    if is_required {
        let not_null = clause(text, (from, to), &["not", "null"]).ok_or_else(unclear)?;
        if not_null.0 >= 2 && text.tokens.are(not_null.0 - 2, &["constraint"]) {
            return Err("its NOT NULL has a name".to_owned());
        }
        edits.push(cut(at, text, not_null).ok_or_else(unclear)?);
        let required = not_null::required(at, alter, &column.name, written)?;
        later.push(Step::new(Phase::Constrain, format!("{} {}", text.head, required.add)));
        let set = format!("ALTER COLUMN {written} SET NOT NULL");
        later.extend(required.after(text.head, &set));
    }
    let end = text.tokens.joined(from, to).ok_or_else(unclear)?.end;
    edits.push(insert(end, format!(", ALTER COLUMN {written} SET DEFAULT {expr}")));
    edits.sort_by_key(|it| it.offset);
    Ok((edits, later))
}

/// The tokens of the clause that `words` begin, outside of parentheses and CASE.
fn clause(text: &AlterText<'_>, (from, to): (usize, usize), words: &[&str]) -> Option<(usize, usize)> {
    let (mut depth, mut start) = (0_usize, None);
    for n in from..to {
        let word = text.tokens.word(n).to_ascii_lowercase();
        match word.as_str() {
            "(" | "[" | "case" => depth += 1,
            ")" | "]" | "end" => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            word => match start {
                None if text.tokens.are(n, words) => start = Some(n),
                Some(start)
                    if n >= start + words.len() && (CONSTRAINTS.contains(&word) || word == "default") =>
                {
                    return Some((start, n));
                }
                _ => {}
            },
        }
    }
    start.map(|it| (it, to))
}

/// Takes tokens away, with the space in front of them.
fn cut(at: &At<'_>, text: &AlterText<'_>, (from, to): (usize, usize)) -> Option<Edit> {
    let own = text.tokens.joined(from, to)?;
    let before = text.tokens.span(from.checked_sub(1)?)?;
    let blank = Span { start: before.end, end: own.start };
    let start = if blank.of(at.layout.text).trim().is_empty() { blank.start } else { own.start };
    Some(replace(Span { start, end: own.end }, ""))
}
