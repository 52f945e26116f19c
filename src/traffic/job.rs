//! How long one piece of work on one table takes, as a calibration says, else as is assumed.

use super::{
    Hold, Traffic, assumed,
    calibration::{Calibration, Estimate, Task},
    number::float,
    snapshot::Table,
};
use crate::effect::{Action, Effect, Manner, Outcome, Reason, Relation, Role, Work};

/// How many bytes a row can take in a table that is full of them; a table with more for each is mostly empty, or grew since ANALYZE.
const MAX_ROW_BYTES: u64 = 8192;

/// What a table has besides rows: its maps, and pages that are not full.
const SLACK_BYTES: u64 = 1 << 20;

/// One piece of work, and what it is on.
#[derive(Clone, Copy)]
pub(super) struct Job<'o> {
    pub(super) work: Work,
    pub(super) effect: &'o Effect,
    pub(super) outcome: &'o Outcome,
    /// What the effect is on.
    pub(super) relation: &'o Relation,
    /// Its table, or what it is an index of.
    pub(super) table: &'o Table,
}

/// A table whose size is known, and the calibration that says what it takes.
#[derive(Clone, Copy)]
pub(super) struct Sized<'t> {
    calibration: &'t Calibration,
    pub(super) table: &'t Table,
    rows: u64,
}

impl<'t> Sized<'t> {
    /// `None` for a table that was never analyzed, or has more pages than its rows can fill.
    fn new(calibration: &'t Calibration, table: &'t Table) -> Option<Self> {
        let rows = table.rows?;
        let most = rows.saturating_mul(MAX_ROW_BYTES).saturating_add(SLACK_BYTES);
        (table.heap_bytes <= most).then_some(Self { calibration, table, rows })
    }

    fn width(self, bytes: u64) -> f64 {
        float(bytes) / float(self.rows.max(1))
    }

    /// How long a task takes on the table's main fork.
    pub(super) fn of(self, task: Task) -> Option<Estimate> {
        self.calibration.estimate(task, self.rows, self.width(self.table.heap_bytes))
    }

    /// The same with what is out of line.
    fn with_toast(self, task: Task) -> Option<Estimate> {
        let bytes = self.table.heap_bytes.saturating_add(self.table.toast_bytes);
        self.calibration.estimate(task, self.rows, self.width(bytes))
    }

    /// The same, where it is not known whether what is out of line is looked at.
    pub(super) fn perhaps_with_toast(self, task: Task) -> Option<Estimate> {
        Some(self.of(task)?.or(self.with_toast(task)?))
    }

    /// Whether what is out of line is a part that matters.
    fn has_toast(self) -> bool {
        self.table.toast_bytes > self.table.heap_bytes / 10
    }
}

impl Traffic {
    /// How long the work takes.
    pub(super) fn hold(&self, job: Job<'_>) -> Hold {
        let measured = || {
            let calibration = self.calibration()?;
            let sized = Sized::new(calibration, job.table)?;
            let estimate = match job.work {
                Work::Scan => self.scan(job, sized),
                Work::BuildIndex => self.build(job, sized),
                Work::Rewrite => self.rewrite(job, sized),
                Work::WriteRows => self.write(job, sized),
            };
            // What was measured was in memory.
            let (least, most) = calibration.disk_ms(job.table.heap_bytes);
            Some(estimate?.between_more(least, most).hold())
        };
        measured().unwrap_or_else(|| assumed::hold(job.work, job.table))
    }

    fn scan(&self, job: Job<'_>, sized: Sized<'_>) -> Option<Estimate> {
        match (is_of_foreign_key(job.effect), job.effect.role) {
            _ if job.effect.action == Action::Vacuum => None,
            // What it takes to look keys up is in the time of the table that has them. Where that is the smaller one, all of this one may be
            // read, or a few rows by its index.
            (true, Role::Referenced) if self.has_fewer_rows_in_referring(job, sized) => {
                Some(sized.of(Task::Scan)?.or(Estimate::NOTHING))
            }
            (true, Role::Referenced) => Some(Estimate::NOTHING),
            (true, _) => sized.of(Task::ForeignKey),
            // Whether a value is NULL stands in its row.
            (false, _) if job.tests_for_null_only() => sized.of(Task::Scan),
            (false, _) => sized.perhaps_with_toast(Task::Check),
        }
    }

    fn has_fewer_rows_in_referring(&self, job: Job<'_>, referenced: Sized<'_>) -> bool {
        let of_key = job.outcome.effects.iter().filter(|it| it.action == job.effect.action);
        let referring = of_key.filter(|it| it.role != Role::Referenced && is_of_foreign_key(it));
        let rows = referring.filter_map(|it| self.table(it.relation.as_ref()?)?.rows).max();
        rows.is_none_or(|it| it < referenced.rows)
    }

    fn build(&self, job: Job<'_>, sized: Sized<'_>) -> Option<Estimate> {
        // It reads the table twice, and waits for others.
        if job.effect.manners.contains(Manner::Concurrently) {
            return None;
        }
        let by_name = |name: &str| job.table.indexes.iter().find(|it| it.name == name);
        match (&job.effect.key, &job.effect.object) {
            (Some(key), _) => self.index(key, |it| self.column(&job.relation.name, job.table, it), sized),
            (None, _) if job.effect.role == Role::Index => {
                self.existing_index(by_name(&job.relation.name.name)?, sized)
            }
            (None, Some(index)) if job.effect.action == Action::Reindex => {
                self.existing_index(by_name(index)?, sized)
            }
            (None, None) if job.effect.action == Action::Reindex => self.indexes(sized),
            (None, _) => None,
        }
    }

    fn rewrite(&self, job: Job<'_>, sized: Sized<'_>) -> Option<Estimate> {
        match job.effect.action {
            // What is out of line is put there again, piece by piece: that takes several times as long as its bytes in rows.
            _ if sized.has_toast() => None,
            // Indexes stay where they are; of an index alone nothing was measured.
            Action::SetTablespace if job.relation.kind.has_rows() => sized.of(Task::Copy),
            // In the order of an index, by sorting or by reading that.
            Action::SetTablespace | Action::Cluster | Action::Repack => None,
            Action::Vacuum => Some(sized.of(Task::Copy)?.then(self.indexes(sized)?)),
            _ => Some(sized.of(Task::Rewrite)?.then(self.indexes(sized)?)),
        }
    }

    fn write(&self, job: Job<'_>, sized: Sized<'_>) -> Option<Estimate> {
        let mut roles = job.outcome.effects.iter().filter(|it| it.action == job.effect.action);
        // Rows of other tables are sought or written for each row.
        if roles.any(|it| matches!(it.role, Role::Referencing | Role::Referenced)) {
            return None;
        }
        match job.effect.action {
            Action::Update
                if sized.table.indexes.iter().all(|it| self.existing_index(it, sized).is_some()) =>
            {
                let width = sized.width(sized.table.heap_bytes);
                sized.calibration.update(sized.rows, width, sized.table.indexes.len())
            }
            // What is out of line goes with its rows.
            Action::Delete if !sized.has_toast() => sized.of(Task::Delete),
            _ => None,
        }
    }
}

impl Job<'_> {
    /// Whether the one scan of the table tests nothing but NULL.
    fn tests_for_null_only(self) -> bool {
        let is_of_null = |it: &Effect| {
            matches!(it.action, Action::SetNotNull | Action::AddNotNull)
                || it.because == Some(Reason::NullableIndexColumn)
        };
        let of_table = |it: &&Effect| it.relation.as_ref() == Some(self.relation);
        let scans =
            self.outcome.effects.iter().filter(of_table).filter(|it| it.effort().contains(Work::Scan));
        let mut tests = scans.filter(|it| !it.effort().contains(Work::BuildIndex) && !is_of_foreign_key(it));
        tests.all(is_of_null)
    }
}

/// Whether the scan of an effect looks the keys of a foreign key up.
pub(super) fn is_of_foreign_key(effect: &Effect) -> bool {
    effect.manners.contains(Manner::ForeignKey) || effect.because == Some(Reason::ForeignKeyColumn)
}
