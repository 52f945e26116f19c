//! The order in which people number files: `V2` before `V10`.

use std::{
    cmp::Ordering,
    path::{Path, is_separator},
};

/// Compares paths part by part; within a part, digits compare as numbers and the rest byte by byte.
pub fn natural(a: &Path, b: &Path) -> Ordering {
    let (a, b) = (a.as_os_str().as_encoded_bytes(), b.as_os_str().as_encoded_bytes());
    // Most files that are compared are neighbours: only the first part that differs is looked at closely.
    let n_alike = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let start = a.iter().take(n_alike).rposition(|it| ends_part(*it)).map_or(0, |it| it + 1);
    let (mut a_parts, mut b_parts) = (parts(&a[start..]), parts(&b[start..]));
    loop {
        return match (a_parts.next(), b_parts.next()) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => match by_chunks(a, b).then_with(|| a.cmp(b)) {
                Ordering::Equal => continue,
                different => different,
            },
        };
    }
}

fn ends_part(byte: u8) -> bool {
    is_separator(char::from(byte))
}

/// The parts of a path, without those that say nothing.
fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|it| ends_part(*it)).filter(|it| !matches!(*it, b"" | b"."))
}

/// Compares paths part by part, byte by byte: `10` before `9`.
pub(super) fn lexical(a: &Path, b: &Path) -> Ordering {
    a.cmp(b)
}

fn by_chunks(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        let (a_digits, b_digits) = (n_digits(a), n_digits(b));
        let order = if a_digits > 0 && b_digits > 0 {
            let order = by_number(&a[..a_digits], &b[..b_digits]);
            (a, b) = (&a[a_digits..], &b[b_digits..]);
            order
        } else {
            let order = a.first().cmp(&b.first());
            (a, b) = (a.get(1..).unwrap_or_default(), b.get(1..).unwrap_or_default());
            order
        };
        if order != Ordering::Equal || (a.is_empty() && b.is_empty()) {
            return order;
        }
    }
}

fn n_digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|it| it.is_ascii_digit()).count()
}

/// Numbers of any length: timestamps with fractions do not fit an integer.
fn by_number(a: &[u8], b: &[u8]) -> Ordering {
    let significant = |it: &[u8]| it.iter().position(|digit| *digit != b'0').unwrap_or(it.len());
    let (a, b) = (&a[significant(a)..], &b[significant(b)..]);
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}
