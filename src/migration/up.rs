//! The part of a file that runs going up, where one file holds both ways.
//!
//! Only frameworks that mark the parts by comments are known here.

use std::borrow::Cow;

use crate::effect::Scope;

/// What of a file runs, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Up<'t> {
    /// The file's text, in which what does not run is blank, so that places stay what they were.
    pub text: Cow<'t, str>,
    /// The framework whose markers the file has, else `plain`.
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

/// What of `text` runs going up.
pub fn up_part(text: &str) -> Up<'_> {
    let of_line = |line| MARKERS.iter().find(|it| starts(line, it.up));
    let Some(markers) = text.lines().find_map(of_line) else {
        return Up { text: Cow::Borrowed(text), framework: "plain", transaction: None };
    };
    let says = |line| !markers.no_transaction.is_empty() && starts(line, markers.no_transaction);
    let transaction = if text.lines().any(says) { Scope::Own } else { Scope::File };
    let text = Cow::Owned(blank_down_parts(text, markers));
    Up { text, framework: markers.framework, transaction: Some(transaction) }
}

fn blank_down_parts(text: &str, markers: &Markers) -> String {
    let mut is_down = false;
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if starts(line, markers.down) {
            is_down = true;
        } else if starts(line, markers.up) {
            is_down = false;
        }
        // A marker that is no SQL comment must not be read as SQL either.
        if is_down || line.starts_with('#') {
            out.extend(line.bytes().map(|it| if matches!(it, b'\n' | b'\r') { char::from(it) } else { ' ' }));
        } else {
            out.push_str(line);
        }
    }
    out
}

/// Whether `line` starts with the words of `marker`, in any case and with any white space between.
fn starts(line: &str, marker: &str) -> bool {
    if !line.trim_start().starts_with(['-', '#']) {
        return false;
    }
    let mut words = line.split_whitespace();
    marker.split(' ').all(|it| words.next().is_some_and(|word| word.eq_ignore_ascii_case(it)))
}
