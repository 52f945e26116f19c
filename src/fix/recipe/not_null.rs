//! `SET NOT NULL`: what is proven by a validated CHECK needs no scan (12 and later). From 18 on the constraint itself can be NOT VALID.
//!
//! Source: manual, ALTER TABLE, SET NOT NULL; `NotNullImpliedByRelConstraints` in `src/backend/commands/tablecmds.c`.

use super::At;
use crate::{
    fix::{
        rewrite::{Phase, Rewrite, Step, insert, replace},
        tokens::quoted,
    },
    sql::statement::{Alter, AlterAction, Ident, TableConstraintKind},
};

/// How a column becomes NOT NULL without a scan that blocks.
pub(super) struct Required {
    /// The action that demands it of new rows.
    pub(super) add: String,
    /// The constraint that it adds, as written.
    name: String,
    /// Whether that is the NOT NULL itself, not a CHECK that proves it.
    is_it: bool,
}

impl Required {
    /// What follows; `set` is the action that sets it once it is proven.
    pub(super) fn after(&self, head: &str, set: &str) -> Vec<Step> {
        let name = &self.name;
        let step = |phase, what: String| Step::new(phase, format!("{head} {what}"));
        let mut steps = vec![step(Phase::Validate, format!("VALIDATE CONSTRAINT {name}"))];
        if !self.is_it {
            steps.push(step(Phase::Finish, set.to_owned()));
            steps.push(step(Phase::Finish, format!("DROP CONSTRAINT {name}")));
        }
        steps
    }
}

/// For a column, which is `written` so.
pub(super) fn required(
    at: &At<'_>,
    alter: &Alter,
    column: &Ident,
    written: &str,
) -> Result<Required, String> {
    if at.major >= 18 {
        let name = quoted(&free_name(at, alter, column, "not_null")?);
        let add = format!("ADD CONSTRAINT {name} NOT NULL {written} NOT VALID");
        return Ok(Required { add, name, is_it: true });
    }
    let name = quoted(&free_name(at, alter, column, "is_set")?);
    let add = format!("ADD CONSTRAINT {name} CHECK ({written} IS NOT NULL) NOT VALID");
    Ok(Required { add, name, is_it: false })
}

/// The recipe.
pub(super) fn recipe(at: &At<'_>) -> Result<Rewrite, String> {
    let (alter, text) = at.alter()?;
    let (mut edits, mut later) = (Vec::new(), Vec::new());
    for (action, (from, to)) in alter.actions.iter().zip(&text.actions) {
        let place = text.tokens.joined(*from, *to).ok_or("its text is not understood")?;
        match action {
            AlterAction::SetNotNull { column } => {
                let at_name = if text.tokens.are(*from + 1, &["column"]) { *from + 2 } else { *from + 1 };
                let required = required(at, alter, column, text.tokens.word(at_name))?;
                later.extend(required.after(text.head, text.tokens.text(*from, *to)));
                edits.push(replace(place, required.add));
            }
            AlterAction::AddConstraint(constraint)
                if matches!(constraint.kind, TableConstraintKind::NotNull { .. })
                    && !constraint.options.not_valid =>
            {
                if !text.tokens.are(*from + 1, &["constraint"]) {
                    return Err("the constraint has no name: name it".to_owned());
                }
                let name = text.tokens.word(*from + 2);
                edits.push(insert(place.end, " NOT VALID"));
                let validate = format!("{} VALIDATE CONSTRAINT {name}", text.head);
                later.push(Step::new(Phase::Validate, validate));
            }
            _ => {}
        }
    }
    if edits.is_empty() {
        return Err("it is not done by SET NOT NULL".to_owned());
    }
    Ok(Rewrite::Stays { edits, after: later })
}

/// `table_column_label`, as PostgreSQL itself would call a constraint; refused when it is too long or there already.
fn free_name(at: &At<'_>, alter: &Alter, column: &Ident, label: &str) -> Result<String, String> {
    let name = format!("{}_{column}_{label}", alter.name.name);
    let is_taken = (at.catalog)().find(&alter.name).is_some_and(|table| table.constraint(&name).is_some());
    if name.len() > 63 || is_taken {
        return Err(format!("the constraint that proves it cannot be called {name}"));
    }
    Ok(name)
}
