//! The value of a column in the row of a number, as SQL.

use super::schema::{Check, Column, Kind};

/// Jumps through a range instead of creeping from its start: a prime, so that numbers come again as late as can be.
const SPREAD: u64 = 7919;

/// How a text can look. What a CHECK or a domain asks of it is not known, so one after the other is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// One of the texts that the CHECKs name, else a word.
    Named,
    Word,
    Mail,
    Digits,
    PaddedDigits,
    Address,
    Capitals,
}

impl Look {
    pub(super) const ALL: [Self; 7] = [
        Self::Named,
        Self::Word,
        Self::Mail,
        Self::Digits,
        Self::PaddedDigits,
        Self::Address,
        Self::Capitals,
    ];

    fn sql(self, i: &str) -> String {
        match self {
            Self::Named | Self::Word => format!("'v' || {i}"),
            Self::Mail => format!("'v' || {i} || '@example.com'"),
            Self::Digits => format!("({i})::text"),
            Self::PaddedDigits => format!("lpad(({i})::text, 10, '0')"),
            Self::Address => format!("'https://example.com/' || {i}"),
            Self::Capitals => format!("upper(translate(to_hex(({i})::bigint), '0123456789', 'ghijklmnop'))"),
        }
    }
}

/// The value of `column` in the row `i`, which is SQL for a number from 1, of so many bytes if that is known and its type has any width;
/// `None` if no value of its type is known.
pub(super) fn value(
    column: &Column,
    i: &str,
    checks: &[Check],
    look: Look,
    width: Option<u32>,
) -> Option<String> {
    let about: Vec<&Check> = checks.iter().filter(|it| names(&it.expression, &column.quoted)).collect();
    let bound = about.iter().find(|it| it.is_bound).and_then(|it| bound(&it.expression, &column.quoted));
    let value = match bound {
        Some(bound) => within(&column.kind, &bound, i, &column.full_type),
        None => free(column, i, &about, look, width)?,
    };
    Some(format!("({value})::{}", column.full_type))
}

fn free(column: &Column, i: &str, checks: &[&Check], look: Look, width: Option<u32>) -> Option<String> {
    let Kind { name, class, category, modifier } = &column.kind;
    let full = &column.full_type;
    if class == "e" {
        return Some(format!(
            "(enum_range(NULL::{full}))[(1 + ({i}) % array_length(enum_range(NULL::{full}), 1))::int]"
        ));
    }
    if category == "A" {
        return Some("'{}'".to_owned());
    }
    if class == "r" {
        return Some("'empty'".to_owned());
    }
    Some(match name.as_str() {
        "bool" => format!("({i}) % 2 = 0"),
        "int2" | "int4" | "int8" | "float4" | "float8" | "numeric" | "oid" | "money" => {
            let number = in_range(i, checks).unwrap_or_else(|| format!("({i})"));
            match (name.as_str(), *modifier) {
                ("int2", _) => format!("{number} % 32767"),
                ("numeric", modifier) if modifier >= 4 => {
                    let (precision, scale) = (((modifier - 4) >> 16) & 0xffff, (modifier - 4) & 0x7ff);
                    format!("({number})::numeric % 10::numeric ^ {}", (precision - scale).max(0))
                }
                ("money", _) => format!("({number})::numeric"),
                _ => number,
            }
        }
        "text" | "varchar" | "bpchar" | "name" | "citext" => text(column, i, checks, look, width),
        "uuid" => format!("md5(({i})::text)"),
        "date" => format!("DATE '2026-01-01' - (({i}) % 36500)::int"),
        "timestamp" => format!("TIMESTAMP '2026-01-01' - ({i}) * INTERVAL '1 minute'"),
        "timestamptz" => format!("TIMESTAMPTZ '2026-01-01 00:00Z' - ({i}) * INTERVAL '1 minute'"),
        "time" | "timetz" => format!("TIME '00:00' + ({i}) * INTERVAL '1 second'"),
        "interval" => format!("({i}) * INTERVAL '1 second'"),
        "json" | "jsonb" => match width.and_then(|it| it.checked_sub(EMPTY_JSON)) {
            Some(more @ 1..) => format!("jsonb_build_object('n', {i}, 'more', {})", filler(i, more)),
            _ => format!("jsonb_build_object('n', {i})"),
        },
        "bytea" => match width {
            Some(width) => format!("decode({}, 'hex')", filler(i, width.saturating_sub(1) * 2)),
            None => format!("decode(md5(({i})::text), 'hex')"),
        },
        "inet" | "cidr" => format!("INET '10.0.0.0' + ({i})"),
        "tsvector" => format!("to_tsvector('simple', 'v' || {i})"),
        "bit" | "varbit" => format!("repeat('0', {})", (*modifier).max(1)),
        "point" => "'(0,0)'".to_owned(),
        "xml" => "'<a/>'".to_owned(),
        "hstore" => "''".to_owned(),
        _ => return None,
    })
}

/// The bytes of a small JSON object with two keys, without what fills it.
const EMPTY_JSON: u32 = 40;

/// A text of so many characters that cannot be packed to much less than half.
fn filler(i: &str, n: u32) -> String {
    // What repeats would be packed to nothing where it is long.
    match n {
        0..=32 => format!("left(md5(({i})::text), {n})"),
        _ => format!(
            "left((SELECT string_agg(md5((({i})::bigint * 1000 + part)::text), '') FROM generate_series(0, {}) AS part), {n})",
            n / 32
        ),
    }
}

fn text(column: &Column, i: &str, checks: &[&Check], look: Look, width: Option<u32>) -> String {
    let limit = usize::try_from(column.kind.modifier - 4).ok().filter(|it| *it > 0 && *it < 24);
    let is_asked = !checks.is_empty() || column.is_domain;
    let named: Vec<&str> = checks.iter().flat_map(|it| literals(&it.expression)).collect();
    match limit {
        _ if look == Look::Named && !named.is_empty() => {
            format!("(ARRAY[{}])[(1 + ({i}) % {})::int]", named.join(", "), named.len())
        }
        Some(limit) if limit < 12 => {
            format!("right(lpad(to_hex(({i})::bigint), {limit}, '0'), {limit})")
        }
        Some(limit) if is_asked => format!("left({}, {limit})", look.sql(i)),
        _ if is_asked => look.sql(i),
        _ => word(i, width, usize::try_from(column.kind.modifier - 4).ok()),
    }
}

/// A word, filled up to so many bytes, the one that tells its length among them, but never longer than its type.
fn word(i: &str, width: Option<u32>, limit: Option<usize>) -> String {
    let word = Look::Word.sql(i);
    let limit = limit.and_then(|it| u32::try_from(it).ok()).unwrap_or(u32::MAX);
    let width = width.unwrap_or_default().saturating_sub(1).min(limit);
    // Numbers have fewer digits than that.
    if width > 12 { format!("rpad({word} || '-', {width}, {})", filler(i, width)) } else { word }
}

/// Whether an expression names a column.
fn names(expression: &str, quoted: &str) -> bool {
    let is_part = |it: char| it.is_alphanumeric() || it == '_' || it == '"';
    expression.match_indices(quoted).any(|(at, _)| {
        let before = expression.get(..at).and_then(|it| it.chars().next_back());
        let after = expression.get(at + quoted.len()..).and_then(|it| it.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// The strings of an expression, as SQL.
fn literals(expression: &str) -> Vec<&str> {
    let mut literals = Vec::new();
    let mut rest = expression;
    while let Some(start) = rest.find('\'') {
        let Some(from) = rest.get(start..) else { break };
        let mut end = 1;
        while let Some(at) = from.get(end..).and_then(|it| it.find('\'')) {
            end += at + 1;
            // Two quotes are one inside the string.
            if !from.get(end..).is_some_and(|it| it.starts_with('\'')) {
                break;
            }
            end += 1;
        }
        let Some((literal, after)) = from.split_at_checked(end) else { break };
        literals.push(literal);
        rest = after;
    }
    literals
}

/// A number that runs through the range that the CHECKs' numbers enclose, or from the only one upwards.
fn in_range(i: &str, checks: &[&Check]) -> Option<String> {
    let words =
        checks.iter().flat_map(|it| it.expression.split(|it: char| !(it.is_ascii_digit() || it == '-')));
    let numbers: Vec<i64> = words.filter_map(|it| it.parse().ok()).collect();
    let (low, high) = (numbers.iter().min()?, numbers.iter().max()?);
    Some(if low == high {
        format!("({low} + {i})")
    } else {
        format!("({low} + ({i}) * {SPREAD} % {})", high.checked_sub(*low)? + 1)
    })
}

/// A value that the partition takes: what its bound names first for the column, as SQL; `None` if it names none.
fn bound(expression: &str, quoted: &str) -> Option<String> {
    [" >= ", " = ANY (ARRAY[", " = "].iter().find_map(|operator| {
        let wanted = format!("{quoted}{operator}");
        let at = expression.find(&wanted)? + wanted.len();
        let rest = expression.get(at..)?;
        if rest.starts_with('\'') {
            return literals(rest).first().map(|it| (*it).to_owned());
        }
        let rest = rest.trim_start_matches('(');
        let end = rest.find(|it: char| !(it.is_ascii_digit() || it == '-')).unwrap_or(rest.len());
        rest.get(..end).filter(|it| !it.is_empty()).map(str::to_owned)
    })
}

/// A value from the bound upwards, where the type has an order that goes on.
fn within(kind: &Kind, bound: &str, i: &str, full_type: &str) -> String {
    match kind.name.as_str() {
        "timestamp" | "timestamptz" => {
            format!("{bound}::{full_type} + (({i}) % 3600) * INTERVAL '1 second'")
        }
        "int2" | "int4" | "int8" | "numeric" => format!("{bound}::{full_type} + ({i}) - 1"),
        _ => bound.to_owned(),
    }
}
