//! How long a statement takes, where nothing of what it does is unknown.

use super::{Hold, Traffic};
use crate::{
    effect::{Action, Effect, Manner, Outcome, Reason, Relation, Role, Scope, Target, Work},
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

/// What was counted already: the relation, the work, and the index or constraint that it is for.
type Counted<'o> = (&'o Name, Work, Option<&'o Ident>);

impl Traffic {
    /// How long what a statement does takes; `None` if something of it is unknown: a table's size, a query, what other files do in the
    /// same transaction.
    pub fn duration(&self, outcome: &Outcome) -> Option<Hold> {
        let reads_others = outcome.effects.iter().any(|it| it.role == Role::Read);
        let is_whole = is_told_whole(outcome.statement) && outcome.situation.transaction != Scope::Batch;
        if !is_whole || reads_others {
            return None;
        }
        // The sizes of a partitioned table are those of its partitions.
        let is_rolled_up = is_partitioned(outcome);
        let mut hold = Hold::default();
        let mut seen: Vec<Counted<'_>> = Vec::new();
        for effect in outcome.effects.iter().filter(|it| it.action != Action::HoldLock) {
            if effect.effort().is_empty() || effect.role == Role::Child && is_rolled_up {
                continue;
            }
            // What the history made has as many rows as it gave it.
            let relation = effect.relation.as_ref().filter(|it| it.target == Target::Existing)?;
            for work in works(effect).filter(|it| !is_told_by_index(*it, effect, outcome)) {
                let counted = (&relation.name, work, effect.object.as_ref());
                if !seen.contains(&counted) {
                    seen.push(counted);
                    hold = hold.then(self.work(work, effect, relation, outcome)?);
                }
            }
        }
        Some(hold)
    }

    fn work(&self, work: Work, effect: &Effect, relation: &Relation, outcome: &Outcome) -> Option<Hold> {
        // An index has its table's rows to read.
        let table = self.table(&relation.name)?;
        let hold = || self.hold(work, effect, outcome, table, relation);
        match work {
            Work::WriteRows if effect.manners.contains(Manner::Counted) => Some(Hold::default()),
            Work::WriteRows if effect.action == Action::Insert => None,
            // Few rows may be meant, or none.
            Work::WriteRows if effect.because != Some(Reason::EveryRow) => Some(Hold { low_ms: 0, ..hold() }),
            Work::WriteRows | Work::Scan | Work::BuildIndex | Work::Rewrite => Some(hold()),
        }
    }
}

/// The work of one effect. To build an index is to read the table.
fn works(effect: &Effect) -> impl Iterator<Item = Work> {
    let effort = effect.effort();
    let is_read = effort.contains(Work::BuildIndex) || effort.contains(Work::Rewrite);
    Work::ALL.into_iter().filter(move |it| effort.contains(*it) && !(is_read && *it == Work::Scan))
}

/// Whether the indexes that are built have effects of their own, so that their table's says it once more.
fn is_told_by_index(work: Work, effect: &Effect, outcome: &Outcome) -> bool {
    let is_of_index = |it: &&Effect| it.role == Role::Index && it.effort().contains(Work::BuildIndex);
    let mut indexes = outcome.effects.iter().filter(is_of_index);
    work == Work::BuildIndex && effect.role != Role::Index && indexes.any(|it| it.action == effect.action)
}

/// Whether the work is on a partitioned table as a whole.
fn is_partitioned(outcome: &Outcome) -> bool {
    let mut subjects = outcome.effects.iter().filter(|it| it.role == Role::Subject);
    subjects.any(|it| {
        it.relation.as_ref().is_some_and(|it| it.kind == RelationKind::PartitionedTable)
            && !it.effort().is_empty()
    })
}
