//! The values of settings, read as the server reads them.
//!
//! Source: `parse_int` and `convert_to_base_unit` in PostgreSQL's `src/backend/utils/misc/guc.c`.

/// A duration whose bare number is in milliseconds; `None` when the server would refuse it.
pub(super) fn milliseconds(value: &str) -> Option<u64> {
    let value = value.trim();
    let end = value.find(|c: char| !matches!(c, '0'..='9' | '.' | '+' | '-')).unwrap_or(value.len());
    let (number, unit) = value.split_at(end);
    let factor = match unit.trim() {
        "us" => 0.001,
        "" | "ms" => 1.0,
        "s" => 1_000.0,
        "min" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        _ => return None,
    };
    let ms = (number.parse::<f64>().ok()? * factor).round_ties_even();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is tested first")]
    (0.0..=f64::from(i32::MAX)).contains(&ms).then_some(ms as u64)
}

/// Whether a time zone has the offset zero, now and ever.
///
/// The server asks the same before it spares a rewrite between `timestamp` and `timestamptz`
/// (`TimestampTimestampTzRequiresRewrite` in `src/backend/utils/adt/timestamp.c`).
pub(super) fn is_utc(zone: &str) -> bool {
    let zone = zone.trim().to_ascii_lowercase();
    let name = zone.strip_prefix("etc/").unwrap_or(&zone);
    matches!(name, "utc" | "uct" | "gmt" | "gmt0" | "gmt+0" | "gmt-0" | "greenwich" | "universal" | "zulu")
        || zone.trim_start_matches(['+', '-']).split(':').all(|it| matches!(it, "0" | "00"))
}

/// The identifiers of a comma-separated list, folded and without their quotes.
pub(super) fn split_identifiers(list: &str) -> Vec<String> {
    let mut identifiers = Vec::new();
    let (mut current, mut is_quoted, mut in_quotes) = (String::new(), false, false);
    for c in list.chars().chain([',']) {
        match c {
            '"' => {
                // A doubled quote inside quotes is one quote.
                if !in_quotes && is_quoted {
                    current.push('"');
                }
                (in_quotes, is_quoted) = (!in_quotes, true);
            }
            ',' if !in_quotes => {
                if is_quoted || !current.is_empty() {
                    identifiers.push(std::mem::take(&mut current));
                }
                is_quoted = false;
            }
            _ if in_quotes => current.push(c),
            _ if c.is_whitespace() => {}
            _ => current.extend(c.to_lowercase()),
        }
    }
    identifiers
}
