//! What `[[override]]` and `[[table]]` share: for which tables, why, and until when.

use globset::{Glob, GlobSet, GlobSetBuilder};
use toml::{Spanned, Value, value::Date};

use super::Source;
use crate::{error::Error, finding::Span};

/// Why something is declared, until when, and where.
pub(super) struct Why {
    pub(super) reason: String,
    /// The last day on which it holds.
    pub(super) until: Option<Date>,
    /// What is shown of it: the day, else its first line.
    pub(super) span: Span,
    /// Where it begins, as people read it: `lockkeeper.toml:12`.
    pub(super) place: String,
}

impl Why {
    /// Reads what the declaration that begins at `start` says of itself.
    pub(super) fn read(
        source: &Source,
        start: usize,
        reason: Spanned<String>,
        until: Option<&Spanned<Value>>,
    ) -> Result<Self, Error> {
        if reason.get_ref().trim().is_empty() {
            return Err(source.mistake("the reason is empty", reason.span()));
        }
        let shown = until.map_or_else(|| header(&source.text, start), Spanned::span);
        Ok(Self {
            reason: reason.into_inner().trim().to_owned(),
            until: until.map(|it| date(source, it)).transpose()?,
            span: Span { start: shown.start, end: shown.end },
            place: place(source, start),
        })
    }
}

/// A list that is there names something.
pub(super) fn not_empty(source: &Source, list: &Spanned<Vec<Spanned<String>>>) -> Result<(), Error> {
    if list.get_ref().is_empty() {
        return Err(source.mistake("an empty list holds for nothing", list.span()));
    }
    Ok(())
}

/// As people read it: `lockkeeper.toml:12`.
pub(super) fn place(source: &Source, start: usize) -> String {
    let line = source.text.bytes().take(start).filter(|it| *it == b'\n').count() + 1;
    format!("{}:{line}", source.path.display())
}

/// The line that begins at `start`.
pub(super) fn header(text: &str, start: usize) -> std::ops::Range<usize> {
    let start = text.get(..start).unwrap_or(text).len();
    let end = text.get(start..).and_then(|it| it.find('\n')).map_or(text.len(), |it| start + it);
    start..end
}

/// Patterns of `schema.name`, or of names in any schema.
pub(super) fn tables(source: &Source, patterns: Vec<Spanned<String>>) -> Result<GlobSet, Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let wrong = |error: globset::Error| source.mistake(&error.kind().to_string(), pattern.span());
        let text = pattern.get_ref();
        set.add(Glob::new(text).map_err(wrong)?);
        if !text.contains('.') {
            set.add(Glob::new(&format!("*.{text}")).map_err(wrong)?);
        }
    }
    set.build().map_err(|error| source.mistake(&error.to_string(), 0..0))
}

/// A day, as a string or as TOML's own date.
fn date(source: &Source, value: &Spanned<Value>) -> Result<Date, Error> {
    let written = match value.get_ref() {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let parsed = written.parse::<toml::value::Datetime>();
    if let Ok(toml::value::Datetime { date: Some(date), time: None, offset: None }) = parsed {
        return Ok(date);
    }
    let problem = format!("`{written}` is no day, expected year-month-day, as in 2027-03-01");
    Err(source.mistake(&problem, value.span()))
}
