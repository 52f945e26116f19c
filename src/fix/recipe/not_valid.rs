//! `NOT VALID`, and `VALIDATE CONSTRAINT` in a transaction of its own.

use super::At;
use crate::{
    fix::{
        names::chosen_name,
        rewrite::{Phase, Rewrite, Step, insert},
        tokens::quoted,
    },
    sql::statement::{AlterAction, TableConstraintKind},
};

/// A foreign key.
pub(super) fn foreign_key(at: &At<'_>) -> Result<Rewrite, String> {
    recipe(at, |it| matches!(it, TableConstraintKind::ForeignKey { .. }))
}

/// A CHECK.
pub(super) fn check(at: &At<'_>) -> Result<Rewrite, String> {
    recipe(at, |it| matches!(it, TableConstraintKind::Check(_)))
}

fn recipe(at: &At<'_>, is_meant: fn(&TableConstraintKind) -> bool) -> Result<Rewrite, String> {
    let (alter, text) = at.alter()?;
    let (mut edits, mut later) = (Vec::new(), Vec::new());
    for (action, (from, to)) in alter.actions.iter().zip(&text.actions) {
        let AlterAction::AddConstraint(constraint) = action else { continue };
        if !is_meant(&constraint.kind) || constraint.options.not_valid || constraint.options.not_enforced {
            continue;
        }
        let place = text.tokens.joined(*from, *to).ok_or("its text is not understood")?;
        let name = if text.tokens.are(*from + 1, &["constraint"]) {
            text.tokens.word(*from + 2).to_owned()
        } else {
            let name = quoted(&chosen_name(at, alter, constraint)?);
            let add = text.tokens.span(*from).ok_or("its text is not understood")?;
            edits.push(insert(add.end, format!(" CONSTRAINT {name}")));
            name
        };
        edits.push(insert(place.end, " NOT VALID"));
        later.push(Step::new(Phase::Validate, format!("{} VALIDATE CONSTRAINT {name}", text.head)));
    }
    if edits.is_empty() {
        return Err("the constraint is not added by ADD CONSTRAINT".to_owned());
    }
    let adds = |it: &AlterAction| matches!(it, AlterAction::AddConstraint(_));
    if alter.actions.iter().any(|it| !adds(it)) && reads_rows(alter.actions.iter().filter(|it| !adds(it))) {
        return Err("the same ALTER TABLE may work on every row for another reason".to_owned());
    }
    Ok(Rewrite::Stays { edits, after: later })
}

/// Whether an action may read or write the rows by itself, so that NOT VALID alone would not help.
fn reads_rows<'a>(mut actions: impl Iterator<Item = &'a AlterAction>) -> bool {
    actions.any(|it| matches!(it, AlterAction::SetType { .. }))
}
