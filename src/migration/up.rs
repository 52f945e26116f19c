//! The part of a file that runs going up, where one file holds both ways.
//!
//! Only frameworks that mark the parts by comments are known here.

use memchr::memchr_iter;

use crate::effect::Scope;

/// What a file's marks say of how it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Up {
    /// The framework whose marks the file has, else `plain`.
    pub framework: &'static str,
    /// How far the runner's transaction reaches; `None` when the file does not say.
    pub transaction: Option<Scope>,
}

/// The comments by which a framework tells the parts of a file.
struct Markers {
    framework: &'static str,
    /// Begins what runs going up.
    up: &'static str,
    /// Begins what runs going down.
    down: &'static str,
    /// Says that the file runs outside of a transaction: in the `up` line, or in a line of its own.
    no_transaction: &'static str,
}

/// Sources: goose, SQL migrations; dbmate, Migration files and Migration options; sql-migrate, Writing migrations;
/// the Play Framework, Managing database evolutions.
const MARKERS: &[Markers] = &[
    Markers {
        framework: "goose",
        up: "-- +goose up",
        down: "-- +goose down",
        no_transaction: "-- +goose no transaction",
    },
    Markers {
        framework: "dbmate",
        up: "-- migrate:up",
        down: "-- migrate:down",
        no_transaction: "-- migrate:up transaction:false",
    },
    Markers {
        framework: "sql-migrate",
        up: "-- +migrate up",
        down: "-- +migrate down",
        no_transaction: "-- +migrate up notransaction",
    },
    Markers { framework: "play", up: "-- !ups", down: "-- !downs", no_transaction: "" },
    Markers { framework: "play", up: "# --- !ups", down: "# --- !downs", no_transaction: "" },
];

/// Blanks what of the file does not run going up, so that places stay what they were.
pub fn keep_up_part(file: &mut [u8]) -> Up {
    let of_line = |line: &[u8]| MARKERS.iter().find(|it| starts(line, it.up));
    let Some(markers) = lines(file).find_map(of_line) else {
        return Up { framework: "plain", transaction: None };
    };
    let says = |line: &[u8]| !markers.no_transaction.is_empty() && starts(line, markers.no_transaction);
    let transaction = if lines(file).any(says) { Scope::Own } else { Scope::File };
    let mut is_down = false;
    for line in file.split_inclusive_mut(|it| *it == b'\n') {
        is_down = starts(line, markers.down) || (is_down && !starts(line, markers.up));
        // A mark that is no SQL comment must not be read as SQL either.
        if is_down || line.starts_with(b"#") {
            for byte in line.iter_mut().filter(|it| !matches!(it, b'\n' | b'\r')) {
                *byte = b' ';
            }
        }
    }
    Up { framework: markers.framework, transaction: Some(transaction) }
}

fn lines(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = memchr_iter(b'\n', file).chain(std::iter::once(file.len()));
    ends.scan(0, |start, end| file.get(std::mem::replace(start, end + 1)..end))
}

/// Whether `line` starts with the words of `marker`, in any case and with any white space between.
fn starts(line: &[u8], marker: &str) -> bool {
    let line = line.trim_ascii_start();
    if !matches!(line.first(), Some(b'-' | b'#')) {
        return false;
    }
    let mut words = line.split(u8::is_ascii_whitespace).filter(|it| !it.is_empty());
    marker.split(' ').all(|it| words.next().is_some_and(|word| word.eq_ignore_ascii_case(it.as_bytes())))
}
