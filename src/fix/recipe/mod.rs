//! What to write instead, a rule each: from the statement that has the finding to a `Rewrite`, or why there is none.
//!
//! A recipe says what is wanted, never where it can stand: `place` knows the transactions. It does not have to foresee
//! everything that PostgreSQL refuses either, since the file is judged again and what turned out worse is dropped.

mod backfill;
mod concurrently;
mod default;
mod inline;
mod lock_timeout;
mod not_null;
mod not_valid;
mod partition;
mod refresh;
mod unique;
mod validate;

use super::{layout::Layout, rewrite::Rewrite};
use crate::{
    catalog::Catalog,
    effect::{Runner, Situation},
    finding::{Finding, Span},
    lint::Input,
    sql::{Statement, statement::Alter},
};

use super::tokens::{AlterText, Tokens};

/// A statement with a finding, and what a recipe may ask.
pub(super) struct At<'a> {
    pub(super) layout: &'a Layout<'a>,
    pub(super) input: &'a Input,
    /// The number of the statement's piece.
    pub(super) n: usize,
    pub(super) situation: &'a Situation,
    pub(super) finding: &'a Finding,
    pub(super) major: u16,
    /// What to set `lock_timeout` to: `2s`.
    pub(super) lock_timeout: &'a str,
    /// Makes the catalog as it is before the statement.
    pub(super) catalog: &'a dyn Fn() -> Catalog,
    /// The first of the files that run later which has a statement that names one of these.
    pub(super) named_by: &'a dyn Fn(&[String]) -> Option<String>,
    /// Whether a file of this name is beside the statement's file.
    pub(super) has_beside: &'a dyn Fn(&str) -> bool,
}

/// Finds the safe form, or says why there is none.
pub(super) type Recipe = fn(&At<'_>) -> Result<Rewrite, String>;

/// When a recipe has its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// First, from a file's end to its start, so that what follows a statement keeps its order.
    Statements,
    /// Then, from a file's start to its end: what is set once serves all that follows.
    Settings,
}

/// The recipe for a rule's findings.
pub(super) fn of(rule: &str) -> Option<(Turn, Recipe)> {
    let statements: Recipe = match rule {
        "index-blocks-writes" => concurrently::create_index,
        "index-drop-blocks-everything" => concurrently::drop_index,
        "reindex-blocks-writes" => concurrently::reindex,
        "detach-blocks-everything" => concurrently::detach,
        "refresh-blocks-reads" => refresh::recipe,
        "foreign-key-blocks-writes" => not_valid::foreign_key,
        "check-scan-blocks-everything" => not_valid::check,
        "not-null-scan-blocks-everything" => not_null::recipe,
        "unique-build-blocks-everything" => unique::recipe,
        "primary-key-build-blocks-everything" => unique::primary_key,
        "column-reference-blocks-writes" => inline::references,
        "column-check-blocks-everything" => inline::check,
        "column-unique-blocks-everything" => inline::unique,
        "default-partition-scan-blocks-everything" => partition::create,
        "validate-in-same-transaction" => validate::recipe,
        "column-default-rewrites-table" => default::recipe,
        "every-row-is-written" => backfill::update,
        "waits-without-lock-timeout" => return Some((Turn::Settings, lock_timeout::set)),
        "lock-timeout-breaks-index-build" => return Some((Turn::Settings, lock_timeout::lift)),
        _ => return None,
    };
    Some((Turn::Statements, statements))
}

/// Rules whose findings a rewrite may add: the turn of the settings comes later, `index-may-be-invalid` tells of what was there before, and
/// a new column's constraints are only found once its default does not rewrite the table any more.
pub(super) const MAY_FOLLOW: [&str; 5] = [
    "waits-without-lock-timeout",
    "lock-timeout-breaks-index-build",
    "index-may-be-invalid",
    "column-check-blocks-everything",
    "column-unique-blocks-everything",
];

impl<'a> At<'a> {
    /// How the runner sends the statement; `None` when nothing says so.
    pub(super) fn runner(&self) -> Option<Runner> {
        let start = self.span().start;
        let part = self.input.parts.iter().rev().find(|it| it.0 <= start);
        part.map_or(self.input.runner, |it| it.1)
    }

    /// The statement, if the finding is of all of it.
    fn statement(&self) -> Result<&'a Statement, String> {
        let piece = self.layout.pieces.get(self.n).ok_or("the statement is not found")?;
        if piece.span != self.finding.span {
            return Err("the statement stands inside the body of another one".to_owned());
        }
        piece.statement.as_ref().ok_or_else(|| "its text depends on psql variables".to_owned())
    }

    /// What comes only once the file's transaction is over must not be needed in it.
    fn unnamed_later(&self, names: &[String]) -> Result<(), String> {
        for piece in self.layout.pieces.iter().skip(self.n + 1) {
            let tokens = Tokens::of(self.layout.text, piece.span);
            if let Some(name) = names.iter().find(|it| tokens.name(it)) {
                return Err(format!("a later statement of the file names {name}"));
            }
        }
        Ok(())
    }

    /// What goes to a new file, behind all others, must not be needed by those.
    fn unnamed_in_later_files(&self, names: &[String]) -> Result<(), String> {
        match (self.named_by)(names) {
            Some(file) => Err(format!("{file} runs next and names {}", names.join(", "))),
            None => Ok(()),
        }
    }

    fn span(&self) -> Span {
        self.layout.pieces.get(self.n).map_or(Span { start: 0, end: 0 }, |it| it.span)
    }

    fn tokens(&self) -> Tokens<'a> {
        Tokens::of(self.layout.text, self.span())
    }

    /// The statement as an ALTER TABLE, and its text.
    fn alter(&self) -> Result<(&'a Alter, AlterText<'a>), String> {
        let Statement::Alter(alter) = self.statement()? else {
            return Err("it comes with a statement that is no ALTER TABLE".to_owned());
        };
        if alter.only {
            return Err("it says ONLY".to_owned());
        }
        let text = AlterText::of(self.layout.text, self.span(), alter.actions.len());
        Ok((alter, text.ok_or("its parts cannot be told apart")?))
    }
}
