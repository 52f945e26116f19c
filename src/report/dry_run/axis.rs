//! Where a moment lies on a time axis, in hundredths of its length.
//!
//! One statement often takes a thousand times as long as all others. To scale, nothing but it would be seen. Then what lies between two
//! moments gets room by the logarithm of its time: nothing disappears, what is longer is still longer, and the reader is told.

use std::time::Duration;

use super::{
    timeline::{Step, Timeline},
    words::time,
};

/// A statement with less of the axis than this cannot be seen.
const MIN_SHARE: f64 = 0.015;

/// Of many statements, each needs only so much of its equal share.
const MIN_OF_EQUAL: f64 = 0.3;

/// The shortest time that counts, as a share of the whole: what is shorter gets as little room.
const SHORTEST: f64 = 1e-5;

/// The distance of two ticks at least, in hundredths of the axis.
const MIN_DISTANCE: f64 = 18.0;

/// About how many ticks an axis to scale has.
const N_TICKS: f64 = 5.0;

/// A time axis.
pub(super) struct Axis {
    /// Whether every second has the same room.
    pub(super) is_to_scale: bool,
    /// Moments in seconds, and where they lie; between them all is to scale.
    stops: Vec<(f64, f64)>,
}

impl Axis {
    /// The axis of a timeline.
    pub(super) fn of(timeline: &Timeline) -> Self {
        let mut moments: Vec<f64> = Vec::new();
        let (start, end) = (timeline.start().as_secs_f64(), timeline.end().as_secs_f64());
        moments.extend([start, end]);
        for step in &timeline.steps {
            moments.extend([step.ran.0, step.ran.1, step.released].map(|it| it.as_secs_f64()));
        }
        for lane in timeline.lanes() {
            moments.extend(lane.waits.iter().flat_map(|it| [it.0, it.1]).map(|it| it.as_secs_f64()));
        }
        moments.retain(|it| (start..=end).contains(it));
        moments.sort_by(f64::total_cmp);
        moments.dedup();
        let whole = end - start;
        let n_steps = f64::from(u32::try_from(timeline.steps.len()).unwrap_or(u32::MAX));
        let min = whole * MIN_SHARE.min(MIN_OF_EQUAL / n_steps);
        let is_seen = |it: &Step| it.is_refused || (it.ran.1.saturating_sub(it.ran.0)).as_secs_f64() >= min;
        let is_to_scale = timeline.steps.iter().all(is_seen) || whole <= 0.0;
        let room = |length: f64| if is_to_scale { length } else { (1.0 + length / (whole * SHORTEST)).ln() };
        let all: f64 = moments.array_windows().map(|[from, to]| room(to - from)).sum();
        let mut at = 0.0;
        let mut stops = vec![(start, 0.0)];
        for [from, to] in moments.array_windows() {
            at += if all > 0.0 { room(to - from) / all * 100.0 } else { 0.0 };
            stops.push((*to, at));
        }
        Self { is_to_scale, stops }
    }

    /// Where a moment lies.
    pub(super) fn at(&self, moment: Duration) -> f64 {
        let moment = moment.as_secs_f64();
        let above = self.stops.partition_point(|it| it.0 < moment);
        match (above.checked_sub(1).and_then(|it| self.stops.get(it)), self.stops.get(above)) {
            (Some(from), Some(to)) => from.1 + (to.1 - from.1) * (moment - from.0) / (to.0 - from.0),
            (None, Some(_)) => 0.0,
            (_, None) => 100.0,
        }
    }

    /// Where the ticks are, and the time since the begin.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let (Some(first), Some(last)) = (self.stops.first(), self.stops.last()) else { return Vec::new() };
        let (start, end) = (first.0, last.0);
        let moments: Vec<f64> = if self.is_to_scale && end > start {
            let step = round_step((end - start) / N_TICKS);
            std::iter::successors(Some(start), |it| Some(it + step)).take_while(|it| *it <= end).collect()
        } else {
            self.stops.iter().map(|it| it.0).collect()
        };
        let mut ticks: Vec<(f64, String)> = Vec::new();
        for moment in moments {
            let at = self.at(Duration::from_secs_f64(moment));
            let since = moment - start;
            let text = if since <= 0.0 { "0".to_owned() } else { time(Duration::from_secs_f64(since)) };
            if ticks.last().is_none_or(|it| at - it.0 >= MIN_DISTANCE && it.1 != text) {
                ticks.push((at, text));
            }
        }
        ticks
    }
}

/// The next of 1, 2, 5, 10, 20, 50 and so on.
fn round_step(length: f64) -> f64 {
    // No time is written finer.
    let length = length.max(1e-4);
    let size = 10f64.powf(length.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|it| it * size);
    steps.into_iter().find(|it| *it >= length).unwrap_or(length)
}
