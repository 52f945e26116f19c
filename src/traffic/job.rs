//! How long one piece of work on one table takes, as a calibration says, else as is assumed.

use super::{
    Basis, Hold, Traffic, assumed,
    calibration::{Calibration, Estimate, LONG, SHORT, Task},
    snapshot::{Index, Table},
    sort_key::SortKey,
};
use crate::{
    effect::{Action, Effect, Outcome, Relation, Role, Work},
    sql::{parse::parse, statement::Statement},
};

/// Work as far as its time depends on what it is. `None` for an index: what it sorts by is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    Scan,
    ForeignKey,
    Index(Option<SortKey>),
    /// All indexes of the table.
    Indexes,
    Copy,
    Rewrite,
    Update,
    Delete,
}

impl Traffic {
    /// How long this work of an effect takes on a table; `relation` is what the effect is on.
    pub(super) fn hold(
        &self,
        work: Work,
        effect: &Effect,
        outcome: &Outcome,
        table: &Table,
        relation: &Relation,
    ) -> Hold {
        let measured = || {
            let calibration = self.calibration()?;
            let job = self.job(work, effect, outcome, table, relation)?;
            let estimate = self.estimate(calibration, job, table)?;
            // What was measured was in memory.
            Some(hold(&estimate.or_more(calibration.disk_ms(table.heap_bytes))))
        };
        measured().unwrap_or_else(|| assumed::hold(work, table))
    }

    /// `None` for what is not measured.
    fn job(
        &self,
        work: Work,
        effect: &Effect,
        outcome: &Outcome,
        table: &Table,
        relation: &Relation,
    ) -> Option<Job> {
        let role =
            |role: Role| outcome.effects.iter().any(|it| it.role == role && it.action == effect.action);
        Some(match work {
            Work::Scan if role(Role::Referenced) && effect.role != Role::Referenced => Job::ForeignKey,
            Work::Scan => Job::Scan,
            Work::BuildIndex if effect.role == Role::Index => {
                let index = table.indexes.iter().find(|it| it.name == relation.name.name.as_str());
                Job::Index(index.and_then(|it| self.sort_key(it, table)))
            }
            Work::BuildIndex if effect.action == Action::Reindex => Job::Indexes,
            Work::BuildIndex => Job::Index(effect.key.as_ref().and_then(|key| {
                let column = key.first.as_ref().and_then(|it| self.column(&relation.name, table, it));
                SortKey::of(&key.method, column)
            })),
            Work::Rewrite if is_copy(effect.action) => Job::Copy,
            Work::Rewrite => Job::Rewrite,
            // Rows of other tables are sought or written for each row.
            Work::WriteRows if role(Role::Referencing) || role(Role::Referenced) => return None,
            Work::WriteRows => match effect.action {
                Action::Update => Job::Update,
                Action::Delete => Job::Delete,
                _ => return None,
            },
        })
    }

    fn estimate(&self, calibration: &Calibration, job: Job, table: &Table) -> Option<Estimate> {
        let rows = table.rows?;
        let width = |bytes: u64| float(bytes) / float(rows.max(1));
        let row_bytes = width(table.heap_bytes);
        let of = |task: Task| calibration.estimate(task, rows, row_bytes);
        match job {
            Job::Scan => of(Task::Scan),
            Job::ForeignKey => of(Task::ForeignKey),
            Job::Delete => of(Task::Delete),
            Job::Update => calibration.update(rows, row_bytes, table.indexes.len()),
            Job::Index(key) => self.one_index(key, of),
            Job::Indexes => self.indexes(table, of),
            Job::Copy | Job::Rewrite => {
                let task = if job == Job::Copy { Task::Copy } else { Task::Rewrite };
                // What is out of line may be copied or not.
                let with_toast = width(table.heap_bytes.saturating_add(table.toast_bytes));
                let heap = of(task)?.or(calibration.estimate(task, rows, with_toast)?);
                Some(heap.then(self.indexes(table, of)?))
            }
        }
    }

    /// All indexes of a table, one after the other. `None` if one of them was not measured.
    fn indexes(&self, table: &Table, of: impl Fn(Task) -> Option<Estimate>) -> Option<Estimate> {
        table.indexes.iter().try_fold(Estimate::NOTHING, |sum, index| {
            Some(sum.then(self.one_index(self.sort_key(index, table), &of)?))
        })
    }

    fn one_index(&self, key: Option<SortKey>, of: impl Fn(Task) -> Option<Estimate>) -> Option<Estimate> {
        let either = |a: Task, b: Task| Some(of(a)?.or(of(b)?));
        match key {
            Some(SortKey::Fixed { ordered: Some(true) }) => of(Task::IndexOrdered),
            Some(SortKey::Fixed { ordered: Some(false) }) => of(Task::IndexFixed),
            Some(SortKey::Fixed { ordered: None }) => either(Task::IndexOrdered, Task::IndexFixed),
            Some(SortKey::Text { width }) => self.text_index(width, of),
            Some(SortKey::Unsorted) => None,
            None => Some(either(Task::IndexOrdered, Task::IndexFixed)?.or(self.text_index(None, of)?)),
        }
    }

    fn text_index(&self, width: Option<u32>, of: impl Fn(Task) -> Option<Estimate>) -> Option<Estimate> {
        let by_width = |short: Task, long: Task| {
            let (short, long) = (of(short)?, of(long)?);
            let share = |width: u32| (f64::from(width) - f64::from(SHORT)) / f64::from(LONG - SHORT);
            Some(width.map_or_else(|| short.or(long), |it| short.towards(long, share(it))))
        };
        let bytes = || by_width(Task::IndexBytes, Task::IndexBytesLong);
        let collated = || by_width(Task::IndexCollated, Task::IndexCollatedLong);
        match self.is_collated() {
            Some(true) => collated(),
            Some(false) => bytes(),
            None => Some(bytes()?.or(collated()?)),
        }
    }

    /// What an index sorts by, as its definition and its table's columns say.
    fn sort_key(&self, index: &Index, table: &Table) -> Option<SortKey> {
        let Ok(Statement::CreateIndex(create)) = parse(&index.definition) else { return None };
        let first = create.columns.first()?.as_ref();
        let columns = self.columns(table);
        let column = first.and_then(|first| columns.iter().find(|it| it.name == first.as_str()));
        SortKey::of(&create.method, column)
    }
}

/// Whether rows go to the new file as they are.
fn is_copy(action: Action) -> bool {
    use Action as A;
    matches!(
        action,
        A::Vacuum | A::Cluster | A::SetLogged | A::SetUnlogged | A::SetTablespace | A::SetAccessMethod
    )
}

fn hold(estimate: &Estimate) -> Hold {
    let (low, high) = estimate.band();
    Hold {
        low_ms: whole(low.round()),
        high_ms: whole(high.round()),
        basis: Basis::Measured(whole(estimate.factor().round()).max(1)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "estimates have two digits")]
fn float(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
fn whole(number: f64) -> u64 {
    number as u64
}
