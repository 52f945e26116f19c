//! `VALIDATE CONSTRAINT` that runs while the lock of `ADD CONSTRAINT` is still held: it gets a transaction of its own.

use super::At;
use crate::{
    fix::rewrite::{Named, Phase, Rewrite, Step, replace},
    sql::statement::AlterAction,
};

/// The recipe.
pub(super) fn recipe(at: &At<'_>) -> Result<Rewrite, String> {
    let (alter, text) = at.alter()?;
    let validates = |it: &AlterAction| matches!(it, AlterAction::ValidateConstraint { .. });
    let n = alter.actions.iter().position(validates).ok_or("it is not done by VALIDATE CONSTRAINT")?;
    match text.removal(n) {
        None => {
            let steps = vec![Step::new(Phase::Validate, at.span().of(at.layout.text).to_owned())];
            Ok(Rewrite::Moves { steps, names: Vec::new(), named: Named::Refused })
        }
        Some(span) => {
            let later = vec![Step::new(Phase::Validate, format!("{} {}", text.head, text.action(n)))];
            Ok(Rewrite::Stays { edits: vec![replace(span, "")], after: later })
        }
    }
}
