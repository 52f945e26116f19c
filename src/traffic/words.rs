//! Estimates as people read them: with as many digits as say something.

use super::Hold;

/// `1,200,000,000`
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number of which the first two digits say something: `58,000`.
pub fn about(number: u64) -> String {
    let mut size = 1;
    while number / size >= 100 {
        size *= 10;
    }
    grouped(number / size * size)
}

/// `58,000–130,000`, or one number where both are alike.
pub fn between(low: u64, high: u64) -> String {
    let (low, high) = (about(low), about(high));
    if low == high { high } else { format!("{low}–{high}") }
}

/// `12 s`
pub fn time(ms: u64) -> String {
    Hold::exactly(ms).to_string().trim_start_matches("about ").to_owned()
}

/// A rate: `2980`, `0.02`.
pub(super) fn rate(per_s: f64) -> String {
    if per_s >= 10.0 || per_s == 0.0 { format!("{per_s:.0}") } else { format!("{per_s:.2}") }
}

/// `214 GB`, in powers of ten.
pub(super) fn in_bytes(bytes: u64) -> String {
    const UNITS: [(&str, u64); 4] =
        [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    let unit = UNITS.into_iter().find(|it| bytes >= it.1);
    unit.map_or_else(|| format!("{bytes} bytes"), |(unit, size)| format!("{} {unit}", bytes / size))
}
