//! What a `lock_timeout` changes: who waits without one, with the one in force, and with the recommended one and retries.

use crate::{
    finding::{Range, Stall, Timeout},
    traffic::{
        Hold, Queue, Traffic, about,
        number::{float, whole},
        time,
    },
};

/// The `lock_timeout` that is recommended, in milliseconds.
const RECOMMENDED_MS: u64 = 2_000;

/// A timeout that leaves more than this share of the statements waiting is not worth telling of.
const WORTH_IT: f64 = 0.8;

/// Who waits for a lock that `per_s` statements a second want, that is waited for up to `longest_ms`, and held for `hold`.
pub(super) fn compare(
    per_s: f64,
    longest_ms: u64,
    hold: Hold,
    in_force: Option<u64>,
    traffic: &Traffic,
) -> Vec<Stall> {
    let stall = |timeout: Timeout, limit: Option<u64>, retries: bool| {
        let wait_ms = limit.map_or(longest_ms, |it| it.min(longest_ms));
        // As many as it takes until the longest transaction is over, if one follows at once on the other.
        let tries = if retries { longest_ms.div_ceil(wait_ms.max(1)).max(1) } else { 1 };
        let queue = Queue::new(per_s, wait_ms, hold, traffic.pool()).after(tries - 1, wait_ms);
        Stall {
            timeout,
            lock_timeout_ms: limit,
            tries,
            waiting: range(queue.waiting),
            stalled_ms: range((queue.stalled_s.0 * 1000.0, queue.stalled_s.1 * 1000.0)),
            pool_gone_ms: queue.pool_gone_s.map(|it| whole(it * 1000.0)),
        }
    };
    let in_force = in_force.map(|it| stall(Timeout::InForce, Some(it), false));
    let none = stall(Timeout::None, None, false);
    [none]
        .into_iter()
        .chain(in_force)
        .chain([stall(Timeout::Recommended, Some(RECOMMENDED_MS), true)])
        .collect()
}

/// What the recommended one would change, where none is in force and it changes something.
pub(super) fn in_words(stalls: &[Stall]) -> Option<String> {
    let of = |timeout: Timeout| stalls.iter().find(|it| it.timeout == timeout);
    let (without, with) = (of(Timeout::None)?, of(Timeout::Recommended)?);
    let few = whole(WORTH_IT * float(without.waiting.high));
    if of(Timeout::InForce).is_some() || without.waiting.high == 0 || with.waiting.high > few {
        return None;
    }
    let (n_without, n_with) = (about(without.waiting.high), about(with.waiting.high));
    let (sum_without, sum_with) = (time(without.stalled_ms.high), time(with.stalled_ms.high));
    let tries = with.tries;
    Some(format!(
        "without lock_timeout up to {n_without} statements wait, together {sum_without}; \
         with lock_timeout = '2s' up to {n_with} at each try, together {sum_with} in up to {tries} tries"
    ))
}

fn range((low, high): (f64, f64)) -> Range {
    Range { low: whole(low), high: whole(high) }
}
