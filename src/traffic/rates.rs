//! What happened between two samples of one server, each second.

use std::collections::BTreeMap;

use super::sample::{Counters, Sample};

/// What happened on one server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rates {
    /// The time between the samples, in seconds.
    pub seconds: f64,
    /// Whether counters began anew between the samples.
    pub was_reset: bool,
    /// What happened to each table that was there at the second sample, by name.
    pub tables: BTreeMap<String, Rate>,
}

/// What happened to one table, each second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    /// Scans begun, of any kind.
    pub reads: f64,
    /// Of these, sequential ones.
    pub seq_scans: f64,
    /// Rows inserted, updated and deleted.
    pub writes: f64,
}

/// The shortest time that rates are reckoned over, in seconds: a division by less would make noise of one scan.
const MIN_SECONDS: f64 = 0.001;

impl Rates {
    /// What happened from `first` to `second`.
    ///
    /// A table that is only in `second` is new, so all that it counted happened in between; one that is only in `first` is gone.
    pub fn between(first: &Sample, second: &Sample) -> Self {
        let seconds = (second.clock - first.clock).max(MIN_SECONDS);
        let began = second.counts_since.filter(|it| *it > first.clock && *it < second.clock);
        let since_reset = began.map_or(seconds, |it| (second.clock - it).max(MIN_SECONDS));
        // One table's counters can be reset alone; only when all are, the transactions are counted anew, too.
        let all_were_reset = second.n_commits < first.n_commits;
        let mut rates = Self { seconds, was_reset: all_were_reset, tables: BTreeMap::new() };
        for (number, now) in &second.tables {
            let before = first.tables.get(number).filter(|_| !all_were_reset);
            let rate = match before {
                Some(before) if went_down(before, now) => {
                    rates.was_reset = true;
                    all_of(now).per(since_reset)
                }
                Some(before) => difference(before, now).per(seconds),
                None => all_of(now).per(if all_were_reset { since_reset } else { seconds }),
            };
            rates.tables.insert(now.name.clone(), rate);
        }
        rates
    }
}

impl Rate {
    fn per(self, seconds: f64) -> Self {
        Self {
            reads: self.reads / seconds,
            seq_scans: self.seq_scans / seconds,
            writes: self.writes / seconds,
        }
    }
}

fn went_down(before: &Counters, now: &Counters) -> bool {
    now.n_seq_scans < before.n_seq_scans
        || now.n_written < before.n_written
        || now.index_scans.iter().any(|(index, n)| before.index_scans.get(index).is_some_and(|it| n < it))
}

fn all_of(now: &Counters) -> Rate {
    let reads = now.n_seq_scans + now.index_scans.values().sum::<f64>();
    Rate { reads, seq_scans: now.n_seq_scans, writes: now.n_written }
}

fn difference(before: &Counters, now: &Counters) -> Rate {
    let seq_scans = now.n_seq_scans - before.n_seq_scans;
    // An index that is new on an old table counts nothing: REINDEX CONCURRENTLY hands it all that the old one ever counted.
    // One that was dropped takes its own counter along, nobody else's.
    let of_indexes = now.index_scans.iter().filter_map(|(index, n)| Some(n - before.index_scans.get(index)?));
    Rate { reads: seq_scans + of_indexes.sum::<f64>(), seq_scans, writes: now.n_written - before.n_written }
}
