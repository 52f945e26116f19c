//! `[[override]]`: as it is written to what can be applied. A mistake is shown in its place.

use serde::Deserialize;
use toml::{Spanned, Value};

use super::{
    Place, Source,
    declared::{Why, header, not_empty, tables},
    globs,
};
use crate::{error::Error, finding::Severity, rule::Override};

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
    let start = raw.span().start;
    let raw = raw.into_inner();
    for list in [&raw.paths, &raw.tables, &raw.rules].into_iter().flatten() {
        not_empty(source, list)?;
    }
    if raw.paths.is_none() && raw.tables.is_none() {
        let problem = "neither `paths` nor `tables`: what holds for everything belongs to [rules]";
        return Err(source.mistake(problem, header(&source.text, start)));
    }
    let Why { reason, until, span, place } = Why::read(source, start, raw.reason, raw.until.as_ref())?;
    let rules: Vec<Place> = raw.rules.map(Spanned::into_inner).unwrap_or_default();
    let over = Override {
        paths: raw.paths.map(|it| globs(source, it.into_inner())).transpose()?,
        tables: raw.tables.map(|it| tables(source, it.into_inner())).transpose()?,
        rules: rules.iter().map(|it| it.get_ref().clone()).collect(),
        severity: raw.severity,
        reason,
        until,
        span,
        place,
    };
    Ok((over, rules))
}
