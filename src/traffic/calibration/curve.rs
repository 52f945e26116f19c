//! How long a task takes at a size that was not measured: between the sizes that were, and beyond the largest by three models.
//!
//! Between two sizes the time follows the line through both, in logarithms. Beyond the largest it is what each model says that goes through
//! its time: as many times longer as there are more rows; as n·log n grows; and as a power of the rows, by how the time grew from size to
//! size before. Nothing that PostgreSQL does to every row grows much slower than the rows or much faster than n·log n, so a power beyond
//! these bounds is noise.

use super::{super::number::float, Point};

/// The powers that are believed.
const POWERS: (f64, f64) = (0.95, 1.2);

/// By how many of the largest sizes the power is found.
const N_LARGEST: usize = 3;

/// A time in milliseconds by each model: linear, n·log n, power.
pub(super) type Times = [f64; 3];

/// The times of one thing that was done at several sizes, the smallest first.
pub(super) struct Curve<'p>(pub(super) &'p [Point]);

impl Curve<'_> {
    /// How long it takes without any row: what every statement costs.
    pub(super) fn fixed_ms(&self) -> f64 {
        self.0.iter().find(|it| it.rows == 0).map_or(0.0, |it| it.ms)
    }

    /// The sizes, and their times beyond the fixed.
    fn sizes(&self) -> Vec<(f64, f64)> {
        let fixed = self.fixed_ms();
        let sizes = self.0.iter().filter(|it| it.rows > 0);
        // A time below the fixed one is noise; its logarithm must still be a number.
        sizes.map(|Point { rows, ms }| (float(*rows), (ms - fixed).max(ms / 10.0))).collect()
    }

    /// The largest size.
    pub(super) fn largest(&self) -> f64 {
        self.sizes().last().map_or(0.0, |it| it.0)
    }

    /// How long it takes for so many rows, by each model.
    pub(super) fn at(&self, rows: f64) -> Times {
        let sizes = self.sizes();
        let fixed = self.fixed_ms();
        let (Some(first), Some(last)) = (sizes.first(), sizes.last()) else { return [fixed; 3] };
        if rows <= first.0 {
            return [fixed + first.1 * rows / first.0; 3];
        }
        let within = sizes.array_windows().find(|[_, above]| rows <= above.0);
        if let Some([below, above]) = within {
            let share = (rows / below.0).ln() / (above.0 / below.0).ln();
            return [fixed + below.1 * (above.1 / below.1).powf(share); 3];
        }
        let more = rows / last.0;
        let sorted = more * rows.ln() / last.0.ln().max(1.0);
        [more, sorted, more.powf(power(&sizes))].map(|it| fixed + last.1 * it)
    }
}

/// How the time grew with the largest sizes: the slope of the line nearest to them, in logarithms.
fn power(sizes: &[(f64, f64)]) -> f64 {
    let largest = sizes.get(sizes.len().saturating_sub(N_LARGEST)..).unwrap_or(sizes);
    let points: Vec<(f64, f64)> = largest.iter().map(|(rows, ms)| (rows.ln(), ms.ln())).collect();
    let n = float(points.len() as u64);
    let (mean_x, mean_y) =
        (points.iter().map(|it| it.0).sum::<f64>() / n, points.iter().map(|it| it.1).sum::<f64>() / n);
    let covariance: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let variance: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    let slope = if variance > 0.0 { covariance / variance } else { 1.0 };
    slope.clamp(POWERS.0, POWERS.1)
}
