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

/// The recipe.
pub(super) fn recipe(at: &At<'_>) -> Result<Rewrite, String> {
    let (alter, text) = at.alter()?;
    let (mut edits, mut later) = (Vec::new(), Vec::new());
    for (action, (from, to)) in alter.actions.iter().zip(&text.actions) {
        let place = text.tokens.joined(*from, *to).ok_or("its text is not understood")?;
        match action {
            AlterAction::SetNotNull { column } => {
                let at_name = if text.tokens.are(*from + 1, &["column"]) { *from + 2 } else { *from + 1 };
                let written = text.tokens.word(at_name);
                if at.major >= 18 {
                    let name = quoted(&free_name(at, alter, column, "not_null")?);
                    let add = format!("ADD CONSTRAINT {name} NOT NULL {written} NOT VALID");
                    edits.push(replace(place, add));
                    let validate = format!("{} VALIDATE CONSTRAINT {name}", text.head);
                    later.push(Step::new(Phase::Validate, validate));
                } else {
                    let name = quoted(&free_name(at, alter, column, "is_set")?);
                    edits.push(replace(
                        place,
                        format!("ADD CONSTRAINT {name} CHECK ({written} IS NOT NULL) NOT VALID"),
                    ));
                    let step = |phase, what: String| Step::new(phase, format!("{} {what}", text.head));
                    later.push(step(Phase::Validate, format!("VALIDATE CONSTRAINT {name}")));
                    later.push(step(Phase::Finish, text.tokens.text(*from, *to).to_owned()));
                    later.push(step(Phase::Finish, format!("DROP CONSTRAINT {name}")));
                }
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
