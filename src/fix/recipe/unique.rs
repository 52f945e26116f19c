//! `UNIQUE` and `PRIMARY KEY`: the index is built concurrently, then the constraint takes it over.

use super::At;
use crate::{
    fix::{
        names::chosen_name,
        rewrite::{Named, Phase, Rewrite, Step, replace},
        tokens::{AlterText, quoted},
    },
    sql::statement::{Alter, AlterAction, Ident, TableConstraint, TableConstraintKind},
};

/// `UNIQUE`.
pub(super) fn recipe(at: &At<'_>) -> Result<Rewrite, String> {
    let is_meant =
        |it: &TableConstraintKind| matches!(it, TableConstraintKind::Unique { without_overlaps: false, .. });
    rewrite(at, is_meant, "UNIQUE")
}

/// `PRIMARY KEY`, whose columns must be NOT NULL already.
pub(super) fn primary_key(at: &At<'_>) -> Result<Rewrite, String> {
    let (alter, _) = at.alter()?;
    let catalog = (at.catalog)();
    let table = catalog.find(&alter.name);
    let is_set = |column: &Ident| {
        table.is_some_and(|it| it.column(column).is_some_and(|it| it.not_null == Some(true)))
    };
    for action in &alter.actions {
        if let AlterAction::AddConstraint(constraint) = action
            && let TableConstraintKind::PrimaryKey { columns, .. } = &constraint.kind
            && !columns.iter().all(is_set)
        {
            return Err("its columns are not known to be NOT NULL: set them NOT NULL first".to_owned());
        }
    }
    let is_meant = |it: &TableConstraintKind| {
        matches!(it, TableConstraintKind::PrimaryKey { without_overlaps: false, .. })
    };
    rewrite(at, is_meant, "PRIMARY KEY")
}

fn rewrite(
    at: &At<'_>,
    is_meant: fn(&TableConstraintKind) -> bool,
    keyword: &str,
) -> Result<Rewrite, String> {
    let (alter, text) = at.alter()?;
    let catalog = (at.catalog)();
    if catalog.find(&alter.name).is_some_and(|it| it.is_partitioned()) {
        return Err("a partitioned table's index is built on each partition first, then attached".to_owned());
    }
    let is_meant = |it: &&(usize, &AlterAction)| matches!(it.1, AlterAction::AddConstraint(constraint) if is_meant(&constraint.kind));
    let actions: Vec<(usize, &AlterAction)> = alter.actions.iter().enumerate().collect();
    let (n, constraint) = match actions.iter().find(is_meant) {
        Some((n, AlterAction::AddConstraint(constraint))) => (*n, constraint),
        _ => return Err("the constraint is not added by ADD CONSTRAINT".to_owned()),
    };
    let (name, steps) = steps(at, alter, &text, n, constraint, keyword)?;
    match text.removal(n) {
        None => {
            let names = vec![name.to_string(), alter.name.name.to_string()];
            Ok(Rewrite::Moves { steps, names, named: Named::Refused })
        }
        Some(span) => Ok(Rewrite::Stays { edits: vec![replace(span, "")], after: steps }),
    }
}

/// The index, and the constraint that takes it over.
fn steps(
    at: &At<'_>,
    alter: &Alter,
    text: &AlterText<'_>,
    n: usize,
    constraint: &TableConstraint,
    keyword: &str,
) -> Result<(Ident, Vec<Step>), String> {
    let unclear = || "its text is not understood".to_owned();
    let (from, to) = *text.actions.get(n).ok_or_else(unclear)?;
    let tokens = &text.tokens;
    let open = (from..to).find(|it| tokens.word(*it) == "(").ok_or_else(unclear)?;
    let close = (open..to).find(|it| tokens.word(*it) == ")").ok_or_else(unclear)?;
    // Between the keyword and the columns may stand NULLS NOT DISTINCT (15); behind them INCLUDE, WITH, USING INDEX TABLESPACE and
    // DEFERRABLE. Of these the index takes the first two and the constraint the last.
    let word_before = open.checked_sub(1).ok_or_else(unclear)?;
    let nulls = if tokens.are(word_before, &["distinct"]) { " NULLS NOT DISTINCT" } else { "" };
    let mut index_end = close + 1;
    if tokens.are(index_end, &["include"]) {
        index_end = (index_end..to).find(|it| tokens.word(*it) == ")").ok_or_else(unclear)? + 1;
    }
    if tokens.are(index_end, &["with"]) || tokens.are(index_end, &["using"]) {
        return Err("it says how to store the index".to_owned());
    }
    let folded = match &constraint.name {
        Some(name) => name.clone(),
        // The name would be made of those columns as well.
        None if index_end > close + 1 => return Err("the constraint has no name: name it".to_owned()),
        None => chosen_name(at, alter, constraint)?,
    };
    let name = if tokens.are(from + 1, &["constraint"]) {
        tokens.word(from + 2).to_owned()
    } else {
        quoted(&folded)
    };
    let columns = tokens.text(open, close + 1);
    let include =
        if index_end > close + 1 { format!(" {}", tokens.text(close + 1, index_end)) } else { String::new() };
    let rest = if index_end < to { format!(" {}", tokens.text(index_end, to)) } else { String::new() };
    let table = text.table;
    let index = format!("CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} {columns}{include}{nulls}");
    let add = format!("{} ADD CONSTRAINT {name} {keyword} USING INDEX {name}{rest}", text.head);
    Ok((folded, vec![Step::alone(Phase::Index, index), Step::new(Phase::Finish, add)]))
}
