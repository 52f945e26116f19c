//! What a file leaves undone, and no later one does: told at the statement that began it.
//!
//! Later files may still do it, so a file with an open question waits for those that follow, and the catalog answers after them.

mod index;
mod key;
mod table;

use std::collections::VecDeque;

use super::{
    Input,
    replay::{Ran, Replayed, Said},
};
use crate::{
    catalog::{Catalog, Oid},
    effect::{Effect, Manner, Relation, Role, Target},
    rule::RuleSet,
    sql::statement::Ident,
};

const NOT_VALIDATED: &str = "constraint-is-never-validated";
const NO_INDEX: &str = "foreign-key-has-no-index";
const NO_KEY: &str = "table-has-no-primary-key";
const OTHER_TYPE: &str = "foreign-key-has-another-type";
const BAD_ACTION: &str = "foreign-key-action-fails";
const NO_ROW_SECURITY: &str = "row-security-is-off";
const NO_IDENTITY: &str = "publication-without-replica-identity";
const REDUNDANT: &str = "index-is-redundant";

/// How many files are waited for: what belongs together comes together, and a report must not wait for a history of thousands.
pub(super) const FILES: u32 = 50;

/// Which of the rules are on: looking for what nobody is told takes time.
pub(super) fn asked(rules: &RuleSet) -> Vec<&'static str> {
    let all =
        [NOT_VALIDATED, NO_INDEX, OTHER_TYPE, BAD_ACTION, NO_KEY, NO_ROW_SECURITY, NO_IDENTITY, REDUNDANT];
    all.into_iter().filter(|it| rules.is_on(it)).collect()
}

/// What a statement may have left undone.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    /// The statement's place in its file.
    statement: usize,
    rule: &'static str,
    about: About,
}

#[derive(Clone, Debug, PartialEq)]
enum About {
    Validation { table: Oid, constraint: Ident },
    Index { table: Oid, key: Ident },
    KeyType { table: Oid, key: Ident },
    KeyAction { table: Oid, key: Ident },
    PrimaryKey { table: Oid },
    RowSecurity { table: Oid },
    ReplicaIdentity { table: Oid },
    Redundancy { index: Oid },
}

impl About {
    /// The table that it is about.
    fn table(&self, catalog: &Catalog) -> Option<Relation> {
        let oid = match self {
            Self::Redundancy { index } => catalog.relation(*index)?.index.as_ref()?.table,
            Self::Validation { table, .. }
            | Self::Index { table, .. }
            | Self::KeyType { table, .. }
            | Self::KeyAction { table, .. }
            | Self::PrimaryKey { table }
            | Self::RowSecurity { table }
            | Self::ReplicaIdentity { table } => *table,
        };
        let table = catalog.relation(oid)?;
        Some(Relation::new(table.name.clone(), table.kind, Target::Existing))
    }

    /// What is undone; `None` when nothing is.
    fn undone(&self, catalog: &Catalog) -> Option<String> {
        match self {
            Self::Validation { table, constraint } => {
                let table = catalog.relation(*table)?;
                let is_open = !table.constraint(constraint)?.valid;
                is_open.then(|| format!("{constraint} of {}", table.name))
            }
            Self::Index { table, key } => key::without_index(catalog.relation(*table)?, key, catalog),
            Self::KeyType { table, key } => key::other_type(catalog.relation(*table)?, key, catalog),
            Self::KeyAction { table, key } => key::refused_action(catalog.relation(*table)?, key),
            Self::RowSecurity { table } => table::without_row_security(catalog.relation(*table)?, catalog),
            Self::PrimaryKey { table } => table::without_key(catalog.relation(*table)?),
            Self::ReplicaIdentity { table } => table::without_identity(catalog.relation(*table)?, catalog),
            Self::Redundancy { index } => index::redundant(*index, catalog),
        }
    }
}

/// The questions that the statements of a file leave open. `catalog` is what there is at its end.
pub(super) fn questions(statements: &[Ran], asked: &[&'static str], catalog: &Catalog) -> Vec<Question> {
    let mut questions: Vec<Question> = Vec::new();
    // Backwards, so that a key which ALTER TABLE adds is told there and not at its table.
    for (statement, ran) in statements.iter().enumerate().rev() {
        for rule in asked.iter().copied() {
            let abouts = match rule {
                NOT_VALIDATED => not_validated(ran, catalog),
                NO_INDEX => key::added(ran, catalog, |table, key| About::Index { table, key }),
                OTHER_TYPE => key::added(ran, catalog, |table, key| About::KeyType { table, key }),
                BAD_ACTION => key::added(ran, catalog, |table, key| About::KeyAction { table, key }),
                NO_KEY => table::made(ran, catalog, |table| About::PrimaryKey { table }),
                NO_ROW_SECURITY => table::made(ran, catalog, |table| About::RowSecurity { table }),
                NO_IDENTITY => table::altered(ran, catalog),
                _ => index::made(ran, catalog),
            };
            for about in abouts {
                if about.undone(catalog).is_some() && !questions.iter().any(|it| it.about == about) {
                    questions.push(Question { statement, rule, about });
                }
            }
        }
    }
    questions
}

fn not_validated(ran: &Ran, catalog: &Catalog) -> Vec<About> {
    let is_new = |it: &&Effect| {
        it.manners.contains(Manner::NotValid)
            && it.role == Role::Subject
            && it.relation.as_ref().is_some_and(|it| it.target == Target::Existing)
    };
    let about = |it: &Effect| {
        let table = catalog.find(&it.relation.as_ref()?.name)?.oid;
        Some(About::Validation { table, constraint: it.object.clone()? })
    };
    ran.outcome.effects.iter().filter(is_new).filter_map(about).collect()
}

/// Files that wait for an answer, and those behind them, in order.
#[derive(Default)]
pub(super) struct Waiting<'i> {
    files: VecDeque<(u32, &'i Input, Replayed)>,
    n_files: u32,
}

impl<'i> Waiting<'i> {
    /// Adds the file that ran last.
    pub(super) fn push(&mut self, input: &'i Input, replayed: Replayed) {
        self.n_files += 1;
        self.files.push_back((self.n_files, input, replayed));
    }

    /// The files that need not wait any longer, with their answers.
    pub(super) fn ready(&mut self, catalog: &Catalog, is_over: bool) -> Vec<(&'i Input, Replayed)> {
        let mut ready = Vec::new();
        let is_late = |n: u32| n + FILES <= self.n_files;
        while let Some((_, input, mut replayed)) = self
            .files
            .pop_front_if(|(n, _, it)| is_over || !it.is_open && (it.questions.is_empty() || is_late(*n)))
        {
            answer(&mut replayed, catalog);
            ready.push((input, replayed));
        }
        ready
    }
}

/// Answers what a file left open from what there is now.
pub(super) fn answer(replayed: &mut Replayed, catalog: &Catalog) {
    answer_some(replayed, catalog, |_| true);
}

/// Answers what no later file can mend: until then, writes fail.
pub(super) fn answer_at_once(replayed: &mut Replayed, catalog: &Catalog) {
    answer_some(replayed, catalog, |it| it.rule == NO_IDENTITY);
}

fn answer_some(replayed: &mut Replayed, catalog: &Catalog, is_due: fn(&Question) -> bool) {
    if replayed.questions.is_empty() {
        return;
    }
    let (due, open) = std::mem::take(&mut replayed.questions).into_iter().partition(is_due);
    replayed.questions = open;
    let due: Vec<Question> = due;
    for question in due {
        let Some(detail) = question.about.undone(catalog) else { continue };
        let relation = question.about.table(catalog);
        if let Some(ran) = replayed.statements.get_mut(question.statement) {
            ran.said.push(Said { rule: question.rule, at: ran.span, detail, relation });
        }
    }
}
