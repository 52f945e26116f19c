//! How long a statement takes, where nothing of what it does is unknown.

use super::{
    Hold, Traffic,
    job::{Job, is_of_foreign_key},
};
use crate::{
    effect::{Action, Effect, Manner, Outcome, Reason, Relation, Role, Target, Work},
    sql::statement::{Ident, Name, RelationKind, StatementKind},
};

/// Whether the effects are all that such a statement does. Any other, such as a SELECT, a function's body or what could not be read, may
/// take any time.
const fn is_told_whole(kind: StatementKind) -> bool {
    use StatementKind as K;
    matches!(
        kind,
        K::AlterIndex
            | K::AlterMaterializedView
            | K::AlterObject
            | K::AlterPolicy
            | K::AlterPublication
            | K::AlterRule
            | K::AlterSequence
            | K::AlterTable
            | K::AlterTrigger
            | K::AlterType
            | K::AlterView
            | K::Cluster
            | K::Comment
            | K::CreateDomain
            | K::CreateFunction
            | K::CreateIndex
            | K::CreatePolicy
            | K::CreatePublication
            | K::CreateRule
            | K::CreateSchema
            | K::CreateSequence
            | K::CreateTable
            | K::CreateTrigger
            | K::CreateType
            | K::CreateView
            | K::Delete
            | K::DropIndex
            | K::DropMaterializedView
            | K::DropObject
            | K::DropPolicy
            | K::DropRule
            | K::DropSequence
            | K::DropTable
            | K::DropTrigger
            | K::DropView
            | K::Grant
            | K::Insert
            | K::LockTable
            | K::Reindex
            | K::Reset
            | K::Revoke
            | K::Role
            | K::Set
            | K::Transaction
            | K::Truncate
            | K::Update
            | K::Vacuum
    )
}

/// What is done once however many parts of a statement ask for it: an ALTER TABLE goes through a table once, testing and writing all that
/// it has to. Source: `ATRewriteTables` in `src/backend/commands/tablecmds.c`.
#[derive(Clone, Copy, PartialEq)]
enum Pass<'o> {
    Rows(Work),
    /// A foreign key's rows are tested by a query of its own.
    ForeignKey(Option<&'o Ident>),
    /// An index, by the place of its effect: it may have no name yet.
    Index(usize),
}

impl Traffic {
    /// How long what a statement does takes; `None` if something of it is unknown: a table's size, a query, a function.
    pub fn duration(&self, outcome: &Outcome) -> Option<Hold> {
        let reads_others = outcome.effects.iter().any(|it| it.role == Role::Read);
        if !is_told_whole(outcome.statement) || reads_others || outcome.takes_unknown_time {
            return None;
        }
        // The sizes of a partitioned table are those of its partitions.
        let is_rolled_up = is_partitioned(outcome);
        let mut hold = Hold::default();
        let mut seen: Vec<(&Name, Pass<'_>)> = Vec::new();
        let effects = outcome.effects.iter().enumerate().filter(|(_, it)| it.action != Action::HoldLock);
        for (n, effect) in effects.filter(|(_, it)| !(it.role == Role::Child && is_rolled_up)) {
            for work in works(effect, outcome) {
                // What the history made has as many rows as it gave it.
                let relation = effect.relation.as_ref().filter(|it| it.target == Target::Existing)?;
                let pass = match work {
                    Work::BuildIndex if self.is_told_elsewhere(effect, relation, outcome) => continue,
                    Work::BuildIndex => Pass::Index(n),
                    Work::Scan if is_of_foreign_key(effect) => Pass::ForeignKey(effect.object.as_ref()),
                    Work::Scan if is_rewritten(relation, outcome) => continue,
                    work => Pass::Rows(work),
                };
                if !seen.contains(&(&relation.name, pass)) {
                    seen.push((&relation.name, pass));
                    hold = hold.then(self.work(work, effect, relation, outcome)?);
                }
            }
        }
        Some(hold)
    }

    fn work(&self, work: Work, effect: &Effect, relation: &Relation, outcome: &Outcome) -> Option<Hold> {
        // An index has its table's rows to read.
        let table = self.table(relation)?;
        let hold = || self.hold(Job { work, effect, outcome, relation, table });
        match work {
            Work::WriteRows if effect.manners.contains(Manner::Counted) => Some(Hold::default()),
            Work::WriteRows if effect.action == Action::Insert => None,
            // Few rows may be meant, or none.
            Work::WriteRows if effect.because != Some(Reason::EveryRow) => Some(Hold { low_ms: 0, ..hold() }),
            Work::WriteRows | Work::Scan | Work::BuildIndex | Work::Rewrite => Some(hold()),
        }
    }

    /// Whether an index that is built is told by another effect: REINDEX by the table's, which the snapshot knows all indexes of; a change
    /// of a column by each of its indexes.
    fn is_told_elsewhere(&self, effect: &Effect, relation: &Relation, outcome: &Outcome) -> bool {
        let is_index = effect.role == Role::Index || !relation.kind.has_rows();
        let mut others = outcome.effects.iter().filter(|it| {
            it.action == effect.action && it.effort().contains(Work::BuildIndex) && it.key.is_none()
        });
        let name = |it: &Effect| it.relation.as_ref().map(|it| it.name.clone());
        if effect.action == Action::Reindex {
            let table = self.table_of(&relation.name);
            is_index && others.any(|it| name(it).is_some_and(|it| table == Some(&*self.key(&it))))
        } else {
            let of_this = |it: &Effect| {
                name(it).is_some_and(|it| self.table_of(&it) == Some(&*self.key(&relation.name)))
            };
            !is_index && effect.key.is_none() && others.any(of_this)
        }
    }
}

/// The work of one effect. To build an index is to read the table.
fn works(effect: &Effect, outcome: &Outcome) -> Vec<Work> {
    let effort = effect.effort();
    let is_read = effort.contains(Work::BuildIndex) || effort.contains(Work::Rewrite);
    // The rows of a column that refers to others are sought there, after all else.
    let refers = || {
        let mut others = outcome.effects.iter().filter(|it| it.action == effect.action);
        effect.because == Some(Reason::ForeignKeyColumn) && others.any(|it| it.role == Role::Referenced)
    };
    if effort.is_empty() && refers() && matches!(effect.role, Role::Subject | Role::Child) {
        return vec![Work::Scan];
    }
    Work::ALL.into_iter().filter(|it| effort.contains(*it) && !(is_read && *it == Work::Scan)).collect()
}

fn is_rewritten(relation: &Relation, outcome: &Outcome) -> bool {
    let mut rewrites = outcome.effects.iter().filter(|it| it.effort().contains(Work::Rewrite));
    rewrites.any(|it| it.relation.as_ref().is_some_and(|it| it.name == relation.name))
}

/// Whether the work is on a partitioned table as a whole.
fn is_partitioned(outcome: &Outcome) -> bool {
    let mut subjects = outcome.effects.iter().filter(|it| it.role == Role::Subject);
    subjects.any(|it| {
        it.relation.as_ref().is_some_and(|it| it.kind == RelationKind::PartitionedTable)
            && !it.effort().is_empty()
    })
}
