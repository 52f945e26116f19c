//! The part of a file that runs going up, where one file holds both ways.
//!
//! Only frameworks that mark the parts by comments are known here.

use memchr::{memchr, memchr2_iter};

use super::framework::liquibase;
use crate::effect::Runner;

/// What a file's marks say of how it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Up {
    /// The framework whose marks the file has.
    pub framework: Option<&'static str>,
    /// How the file, or its first part, is sent; `None` when it does not say.
    pub runner: Option<Runner>,
    /// Where further parts begin that are sent on their own, and how.
    pub parts: Vec<(usize, Option<Runner>)>,
}

/// The comments by which a framework tells the parts of a file.
struct Markers {
    framework: &'static str,
    /// Begins what runs going up. Empty: the file's start does.
    up: &'static str,
    /// Begins what runs going down.
    down: &'static str,
    /// Says that a part is not one transaction: in the `up` line, or in a line of its own.
    no_transaction: &'static str,
    /// How such a part is sent.
    then: Runner,
    /// Says so by an option in the `up` line, which may stand anywhere in it.
    option: &'static str,
    /// Whether a part whose marks do not say otherwise is a transaction; else that is the framework's habit.
    is_transaction: bool,
}

const NONE: Markers = Markers {
    framework: "",
    up: "",
    down: "",
    no_transaction: "",
    then: Runner::Own,
    option: "",
    is_transaction: true,
};

/// Sources: goose, SQL migrations; dbmate, Migration files and Migration options (the part is sent as one message); sql-migrate, Writing
/// migrations; the Play Framework, Managing database evolutions; Liquibase, SQL format; tern's README; node-pg-migrate, SQL files.
const MARKERS: &[Markers] = &[
    Markers {
        framework: "goose",
        up: "-- +goose up",
        down: "-- +goose down",
        no_transaction: "-- +goose no transaction",
        ..NONE
    },
    Markers {
        framework: "dbmate",
        up: "-- migrate:up",
        down: "-- migrate:down",
        option: "transaction:false",
        then: Runner::Query,
        ..NONE
    },
    Markers {
        framework: "sql-migrate",
        up: "-- +migrate up",
        down: "-- +migrate down",
        option: "notransaction",
        ..NONE
    },
    Markers { framework: "play", up: "-- !ups", down: "-- !downs", ..NONE },
    Markers { framework: "play", up: "# --- !ups", down: "# --- !downs", ..NONE },
    Markers { framework: "liquibase", up: "--changeset", option: "runintransaction:false", ..NONE },
    Markers { framework: "liquibase", up: "-- changeset", option: "runintransaction:false", ..NONE },
    Markers {
        framework: "node-pg-migrate",
        up: "-- up migration",
        down: "-- down migration",
        is_transaction: false,
        ..NONE
    },
    Markers {
        framework: "tern",
        down: "---- create above / drop below ----",
        no_transaction: "---- tern: disable-tx ----",
        ..NONE
    },
];

impl Markers {
    /// The mark that no file without the framework has.
    fn sign(&self) -> &'static str {
        if self.up.is_empty() { self.down } else { self.up }
    }

    fn begins(&self, line: &[u8]) -> bool {
        !self.up.is_empty() && starts(line, self.up)
    }

    fn ends(&self, line: &[u8]) -> bool {
        !self.down.is_empty() && starts(line, self.down)
    }
}

fn markers_of(file: &[u8]) -> Option<&'static Markers> {
    marked_lines(file).find_map(|line| MARKERS.iter().find(|it| starts(line, it.sign())))
}

/// The lines that begin like a mark does, from there to their ends.
fn marked_lines(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    memchr2_iter(b'-', b'#', file).filter_map(|at| {
        let (before, from) = file.split_at_checked(at)?;
        let mut before = before.iter().rev();
        let is_first =
            before.find(|it| **it == b'\n' || !it.is_ascii_whitespace()).is_none_or(|it| *it == b'\n');
        is_first.then(|| from.get(..memchr(b'\n', from).unwrap_or(from.len())).unwrap_or_default())
    })
}

/// The framework whose marks the file has.
pub(super) fn marked_by(file: &[u8]) -> Option<&'static str> {
    markers_of(file).map(|it| it.framework)
}

/// Blanks what of the file does not run going up, so that places stay what they were.
pub fn keep_up_part(file: &mut [u8]) -> Up {
    let Some(markers) = markers_of(file) else {
        return Up { framework: None, runner: None, parts: Vec::new() };
    };
    let says = |line: &[u8]| !markers.no_transaction.is_empty() && starts(line, markers.no_transaction);
    let habit = if marked_lines(file).any(says) {
        Some(markers.then)
    } else {
        markers.is_transaction.then_some(Runner::File)
    };
    let mut parts: Vec<(usize, Option<Runner>)> = Vec::new();
    let (mut is_down, mut at) = (false, 0);
    for line in file.split_inclusive_mut(|it| *it == b'\n') {
        if markers.begins(line) {
            is_down = false;
            parts.push((at, if has_option(line, markers.option) { Some(markers.then) } else { habit }));
        } else if markers.ends(line) {
            is_down = true;
        }
        // A mark that is no SQL comment must not be read as SQL either.
        if is_down || line.starts_with(b"#") {
            for byte in line.iter_mut().filter(|it| !matches!(it, b'\n' | b'\r')) {
                *byte = b' ';
            }
        }
        at += line.len();
    }
    let runner = if parts.is_empty() { habit } else { parts.remove(0).1 };
    Up { framework: Some(markers.framework), runner, parts }
}

/// What a file's marks say of how it is taken back.
pub(super) struct Down {
    /// How that is sent; `None` when they do not say.
    pub(super) runner: Option<Runner>,
}

/// Blanks what of the file does not run going down. `None` if it has no such part, and then is as it was.
pub(super) fn keep_down_part(file: &mut [u8]) -> Option<Down> {
    let markers = markers_of(file).filter(|it| !it.down.is_empty())?;
    let says = |line: &[u8]| !markers.no_transaction.is_empty() && starts(line, markers.no_transaction);
    let is_own = marked_lines(file).any(says);
    let down: Vec<&[u8]> = marked_lines(file).filter(|it| markers.ends(it)).collect();
    let is_alone = is_own || down.iter().any(|it| has_option(it, markers.option));
    if down.is_empty() {
        return None;
    }
    let mut is_kept = false;
    for line in file.split_inclusive_mut(|it| *it == b'\n') {
        let is_mark = markers.begins(line) || markers.ends(line);
        is_kept = if is_mark { markers.ends(line) } else { is_kept };
        if !is_kept || is_mark || line.starts_with(b"#") {
            for byte in line.iter_mut().filter(|it| !matches!(it, b'\n' | b'\r')) {
                *byte = b' ';
            }
        }
    }
    let runner = if is_alone { Some(markers.then) } else { markers.is_transaction.then_some(Runner::File) };
    Some(Down { runner })
}

/// The parts of a file's text that run once each, and so must stay what they are.
pub fn fixed_parts<'t>(text: &'t str, up: &Up) -> Vec<&'t str> {
    let ends = up.parts.iter().map(|it| it.0).chain([text.len()]);
    let parts = ends.scan(0, |start, end| Some(text.get(std::mem::replace(start, end)..end)));
    parts.flatten().filter(|it| !liquibase::runs_again(it)).collect()
}

/// Whether a word of the line is the option.
fn has_option(line: &[u8], option: &str) -> bool {
    let mut words = line.split(u8::is_ascii_whitespace);
    !option.is_empty() && words.any(|it| it.eq_ignore_ascii_case(option.as_bytes()))
}

/// Whether `line` starts with the words of `marker`, in any case and with any white space between.
pub(super) fn starts(line: &[u8], marker: &str) -> bool {
    let line = line.trim_ascii_start();
    if !matches!(line.first(), Some(b'-' | b'#')) {
        return false;
    }
    let mut words = line.split(u8::is_ascii_whitespace).filter(|it| !it.is_empty());
    marker.split(' ').all(|it| words.next().is_some_and(|word| word.eq_ignore_ascii_case(it.as_bytes())))
}
