//! From how long to how long a task takes on a table of so many rows of such a width.

use super::{
    super::{
        Basis, Hold,
        number::{float, whole},
    },
    Calibration, Machine, Point, Series, Task,
    curve::{Curve, Times},
};

/// By how much the same work on the same machine differs from one time to the next, and from table to table: half as long, or twice.
/// Runs of one rewrite differed by 1.7 times. `benches/hold.rs` holds it against servers.
const MARGIN: f64 = 2.0;

/// By how much at least, where the models differ by more than that.
const MARGIN_OF_MODELS: f64 = 1.5;

/// A time in milliseconds, and how far beyond what was measured it lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::traffic) struct Estimate {
    times: Times,
    /// How many times more rows it is about than the largest table that was measured had.
    factor: f64,
}

impl Estimate {
    /// No work.
    pub(in crate::traffic) const NOTHING: Self = Self { times: [0.0; 3], factor: 0.0 };

    /// At least and at most, in milliseconds: around the middle of what the models say.
    pub(in crate::traffic) fn band(&self) -> (f64, f64) {
        let (low, high) = (self.quickest(), self.slowest());
        if low <= 0.0 {
            return (0.0, high * MARGIN);
        }
        let middle = (low * high).sqrt();
        let margin = MARGIN.max((high / low).sqrt() * MARGIN_OF_MODELS);
        (middle / margin, middle * margin)
    }

    /// The same in whole milliseconds.
    pub(in crate::traffic) fn hold(&self) -> Hold {
        let (low, high) = self.band();
        Hold { low_ms: whole(low), high_ms: whole(high), basis: Basis::Measured(whole(self.factor).max(1)) }
    }

    fn quickest(&self) -> f64 {
        self.times.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn slowest(&self) -> f64 {
        self.times.iter().copied().fold(0.0, f64::max)
    }

    /// One after the other.
    pub(in crate::traffic) fn then(self, next: Self) -> Self {
        self.with(next, |a, b| a + b)
    }

    /// One of both: the quicker and the slower.
    pub(in crate::traffic) fn or(self, other: Self) -> Self {
        let (low, high) = (self.quickest().min(other.quickest()), self.slowest().max(other.slowest()));
        Self { times: [low, (low * high).sqrt(), high], factor: self.factor.max(other.factor) }
    }

    /// Between two that were measured at both ends of something, at this share of the way, or beyond.
    pub(in crate::traffic) fn towards(self, other: Self, share: f64) -> Self {
        self.with(other, |here, there| (here + (there - here) * share).max(here.min(there) / 2.0))
    }

    /// So many milliseconds more, at least and at most.
    pub(in crate::traffic) fn between_more(self, least_ms: f64, most_ms: f64) -> Self {
        let more = |ms: f64| Self { times: self.times.map(|it| it + ms), factor: self.factor };
        more(least_ms).or(more(most_ms))
    }

    fn with(self, other: Self, join: impl Fn(f64, f64) -> f64) -> Self {
        let mut times = self.times;
        for (time, other) in times.iter_mut().zip(other.times) {
            *time = join(*time, other);
        }
        Self { times, factor: self.factor.max(other.factor) }
    }
}

/// How long the same thing takes that took so long on tables of these sizes, the smallest first, on one of so many rows: from how long to
/// how long, and what each model says, in milliseconds: linear, n·log n, power. `None` unless it was done at two sizes with rows.
pub fn extrapolate(points: &[Point], rows: u64) -> Option<(Hold, [f64; 3])> {
    if points.iter().filter(|it| it.rows > 0).count() < 2 {
        return None;
    }
    let curve = Curve(points);
    let times = curve.at(float(rows));
    let estimate = Estimate { times, factor: float(rows) / curve.largest() };
    Some((estimate.hold(), times))
}

impl Calibration {
    /// How long a task takes on so many rows of so many bytes; `None` if it was not measured.
    pub(in crate::traffic) fn estimate(&self, task: Task, rows: u64, row_bytes: f64) -> Option<Estimate> {
        let mut widths: Vec<&Series> = self.series.iter().filter(|it| it.task == task).collect();
        widths.sort_by(|a, b| a.row_bytes.total_cmp(&b.row_bytes));
        let (narrow_series, wide_series) = (*widths.first()?, *widths.last()?);
        let (narrow, wide) = (Curve(&narrow_series.points), Curve(&wide_series.points));
        let rows = float(rows);
        let largest = narrow.largest().min(wide.largest());
        // A table of few rows may be as large as one of many.
        let factor = (rows / largest).max(rows * row_bytes / (wide.largest() * wide_series.row_bytes));
        let (at_narrow, at_wide) = (narrow.at(rows), wide.at(rows));
        let fixed = narrow.fixed_ms();
        let span = wide_series.row_bytes - narrow_series.row_bytes;
        let share = if span > 0.0 { (row_bytes - narrow_series.row_bytes) / span } else { 0.0 };
        let mut times = at_narrow;
        let wide_fixed = wide.fixed_ms();
        for (time, wide) in times.iter_mut().zip(at_wide) {
            // A row costs something, and each of its bytes: so from two widths follow all. Shorter rows are at most as much cheaper as
            // they are shorter, and longer ones are not cheaper.
            let of_rows = *time - fixed;
            let by_width = of_rows + (wide - wide_fixed - of_rows) * share;
            *time = fixed + by_width.max(of_rows * (row_bytes / narrow_series.row_bytes).min(1.0));
        }
        Some(Estimate { times, factor })
    }

    /// How many milliseconds it takes to read so many bytes of which not all fit in memory: without those that may, and with them.
    /// Nothing for what fits.
    pub(in crate::traffic) fn disk_ms(&self, bytes: u64) -> (f64, f64) {
        let Machine { memory_bytes: Some(memory), read_bytes_per_s: Some(rate) } = self.machine else {
            return (0.0, 0.0);
        };
        match bytes.checked_sub(memory) {
            Some(beyond @ 1..) if rate > 0.0 => [beyond, bytes].map(|it| float(it) / rate * 1000.0).into(),
            _ => (0.0, 0.0),
        }
    }

    /// How long it takes to update every row of a table with so many indexes.
    pub(in crate::traffic) fn update(&self, rows: u64, row_bytes: f64, n_indexes: usize) -> Option<Estimate> {
        let plain = self.estimate(Task::Update, rows, row_bytes)?;
        let indexed = self.estimate(Task::UpdateIndexed, rows, row_bytes)?;
        let n = float(n_indexes as u64) / f64::from(super::N_INDEXES);
        Some(plain.with(indexed, |plain, indexed| plain + (indexed - plain).max(0.0) * n))
    }
}
