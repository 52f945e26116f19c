//! How long an index takes to build, by what it compares.

use super::{
    Traffic,
    calibration::{Estimate, LONG, SHORT, Task},
    job::Sized,
    snapshot::{Column, Index},
    sort_key::SortKey,
};
use crate::{
    effect::IndexKey,
    sql::{parse::parse, statement::Statement},
};

/// From so many bytes on, a value may be out of line.
const MAY_BE_TOAST: u32 = 500;

impl Traffic {
    /// All indexes of a table, one after the other. `None` if one of them was not measured.
    pub(super) fn indexes(&self, sized: Sized<'_>) -> Option<Estimate> {
        let mut indexes = sized.table.indexes.iter();
        indexes.try_fold(Estimate::NOTHING, |sum, it| Some(sum.then(self.existing_index(it, sized)?)))
    }

    /// An index of the table; `None` if its definition is not known, as where names are hashed.
    pub(super) fn existing_index(&self, index: &Index, sized: Sized<'_>) -> Option<Estimate> {
        let Ok(Statement::CreateIndex(create)) = parse(&index.definition) else { return None };
        let columns = self.columns(sized.table);
        self.index(&IndexKey::of(&create), |name| columns.iter().find(|it| it.name == name), sized)
    }

    /// An index on such a key. `None` for another access method than `btree`.
    pub(super) fn index<'t>(
        &self,
        key: &IndexKey,
        column: impl Fn(&str) -> Option<&'t Column>,
        sized: Sized<'_>,
    ) -> Option<Estimate> {
        if key.method != "btree" {
            return None;
        }
        let columns: Vec<_> = key.columns.iter().map(|it| it.as_deref().and_then(&column)).collect();
        let may_be_toast =
            columns.iter().any(|it| it.and_then(|it| it.width).is_none_or(|it| it >= MAY_BE_TOAST));
        let of = |task: Task| if may_be_toast { sized.perhaps_with_toast(task) } else { sized.of(task) };
        let mut keys = columns.iter().map(|it| it.and_then(SortKey::of));
        let mut estimate = self.sorted(keys.next()?, key.special, of)?;
        // The others are compared where the first is equal, and nobody knows how often that is.
        for further in keys.filter(|it| !matches!(it, Some(SortKey::Fixed { .. }))) {
            estimate = estimate.or(self.sorted(further, key.special, of)?);
        }
        // At least the table is read.
        Some(if key.partial { sized.of(Task::Scan)?.or(estimate) } else { estimate })
    }

    fn sorted(
        &self,
        key: Option<SortKey>,
        special: bool,
        of: impl Fn(Task) -> Option<Estimate>,
    ) -> Option<Estimate> {
        let either = || Some(of(Task::IndexOrdered)?.or(of(Task::IndexFixed)?));
        match key {
            Some(SortKey::Fixed { ordered: Some(true) }) => of(Task::IndexOrdered),
            Some(SortKey::Fixed { ordered: Some(false) }) => of(Task::IndexFixed),
            Some(SortKey::Fixed { ordered: None }) => either(),
            Some(SortKey::Text { width }) => self.of_text(width, special, of),
            None => Some(either()?.or(self.of_text(None, special, of)?)),
        }
    }

    fn of_text(
        &self,
        width: Option<u32>,
        special: bool,
        of: impl Fn(Task) -> Option<Estimate>,
    ) -> Option<Estimate> {
        let by_width = |short: Task, long: Task| {
            let (short, long) = (of(short)?, of(long)?);
            let share = |width: u32| (f64::from(width) - f64::from(SHORT)) / f64::from(LONG - SHORT);
            Some(width.map_or_else(|| short.or(long), |it| short.towards(long, share(it))))
        };
        let bytes = || by_width(Task::IndexBytes, Task::IndexBytesLong);
        let collated = || by_width(Task::IndexCollated, Task::IndexCollatedLong);
        // A collation or an operator class of its own may be of either kind.
        match self.is_collated().filter(|_| !special) {
            Some(true) => collated(),
            Some(false) => bytes(),
            None => Some(bytes()?.or(collated()?)),
        }
    }
}
