//! `[[override]]`: as it is written to what can be applied. A mistake is shown in its place.

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde::Deserialize;
use toml::{Spanned, Value, value::Date};

use super::{Place, Source, globs};
use crate::{
    error::Error,
    finding::{Severity, Span},
    rule::Override,
};

/// One `[[override]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    paths: Option<Spanned<Vec<Spanned<String>>>>,
    tables: Option<Spanned<Vec<Spanned<String>>>>,
    rules: Option<Spanned<Vec<Spanned<String>>>>,
    severity: Severity,
    reason: Spanned<String>,
    until: Option<Spanned<Value>>,
}

/// Reads an `[[override]]`, and the rules that it names with their places.
pub(super) fn read(source: &Source, raw: Spanned<Raw>) -> Result<(Override, Vec<Place>), Error> {
    let place = raw.span();
    let raw = raw.into_inner();
    for list in [&raw.paths, &raw.tables, &raw.rules].into_iter().flatten() {
        if list.get_ref().is_empty() {
            return Err(source.mistake("an empty list holds for nothing", list.span()));
        }
    }
    if raw.paths.is_none() && raw.tables.is_none() {
        let problem = "neither `paths` nor `tables`: what holds for everything belongs to [rules]";
        return Err(source.mistake(problem, header(&source.text, place.start)));
    }
    if raw.reason.get_ref().trim().is_empty() {
        return Err(source.mistake("the reason is empty", raw.reason.span()));
    }
    let rules: Vec<Place> = raw.rules.map(Spanned::into_inner).unwrap_or_default();
    let shown = raw.until.as_ref().map_or(header(&source.text, place.start), Spanned::span);
    let line = source.text.bytes().take(place.start).filter(|it| *it == b'\n').count() + 1;
    let over = Override {
        paths: raw.paths.map(|it| globs(source, it.into_inner())).transpose()?,
        tables: raw.tables.map(|it| tables(source, it.into_inner())).transpose()?,
        rules: rules.iter().map(|it| it.get_ref().clone()).collect(),
        severity: raw.severity,
        reason: raw.reason.into_inner().trim().to_owned(),
        until: raw.until.as_ref().map(|it| date(source, it)).transpose()?,
        span: Span { start: shown.start, end: shown.end },
        place: format!("{}:{line}", source.path.display()),
    };
    Ok((over, rules))
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
pub(super) fn date(source: &Source, value: &Spanned<Value>) -> Result<Date, Error> {
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
