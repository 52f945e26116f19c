//! Findings that were there before lockkeeper was: they are written down once, and not reported while they stay.
//!
//! A finding is known by its fingerprint and its file, so that the same statement in a new file is a new finding. Where the file of an
//! entry is gone, another file may have become it.

use rustc_hash::FxHashMap;
use serde::Deserialize;
use toml::Spanned;

use crate::suggest::toml_mistake;

/// The version of the format.
const VERSION: u32 = 1;

const HEAD: &str = "\
# Findings that lint leaves out, because they were there before it.
# `lockkeeper baseline` writes this file anew; entries that no longer occur may be deleted.
";

/// A finding that is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The finding's fingerprint.
    pub fingerprint: String,
    /// The rule's id, for people.
    pub rule: String,
    /// The file, as seen from the baseline's folder, with / between folders.
    pub path: String,
    /// The line when it was written, for people.
    pub line: u32,
}

/// The findings that are written down, and which of them were met.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    entries: Vec<Entry>,
    /// By fingerprint, the entries that have it.
    by_fingerprint: FxHashMap<String, Vec<usize>>,
}

#[derive(Clone, Debug)]
struct Entry {
    path: String,
    is_used: bool,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    version: Spanned<u32>,
    findings: Vec<RawFinding>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFinding {
    fingerprint: Spanned<String>,
    #[serde(rename = "rule")]
    _rule: String,
    path: String,
}

impl Baseline {
    /// Reads a baseline's text; the error names the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let raw: Raw = toml::from_str(text).map_err(|it| toml_mistake(&it, text, 1))?;
        if *raw.version.get_ref() != VERSION {
            let (line, version) = (line_of(text, raw.version.span().start), raw.version.get_ref());
            return Err(format!("line {line}: version {version} is not known, expected {VERSION}"));
        }
        let mut baseline = Self::default();
        for finding in raw.findings {
            let place = finding.fingerprint.span().start;
            let fingerprint = finding.fingerprint.into_inner();
            if fingerprint.len() != 32 || fingerprint.bytes().any(|it| !it.is_ascii_hexdigit()) {
                let line = line_of(text, place);
                return Err(format!("line {line}: `{fingerprint}` is no fingerprint: 32 hexadecimal digits"));
            }
            baseline.by_fingerprint.entry(fingerprint).or_default().push(baseline.entries.len());
            baseline.entries.push(Entry { path: finding.path, is_used: false });
        }
        Ok(baseline)
    }

    /// The text of a baseline with these findings: a line each, in their order.
    pub fn text(findings: &[Known]) -> String {
        let mut text = format!("{HEAD}version = {VERSION}\nfindings = [\n");
        for Known { fingerprint, rule, path, line } in findings {
            let path = toml::Value::from(path.as_str());
            text.extend([format!(
                "  {{ path = {path}, rule = \"{rule}\", fingerprint = \"{fingerprint}\" }}, # line {line}\n"
            )]);
        }
        text + "]\n"
    }

    /// Whether the finding is written down. Each entry is for one finding. `is_gone` says whether a file is no longer there.
    pub fn has(&mut self, fingerprint: &str, path: &str, is_gone: &dyn Fn(&str) -> bool) -> bool {
        let Some(candidates) = self.by_fingerprint.get(fingerprint) else { return false };
        let free = |n: &&usize| self.entries.get(**n).is_some_and(|it| !it.is_used);
        let is_at = |n: &&usize, wanted: &dyn Fn(&str) -> bool| {
            self.entries.get(**n).is_some_and(|it| wanted(&it.path))
        };
        let free: Vec<&usize> = candidates.iter().filter(free).collect();
        let same = free.iter().find(|n| is_at(n, &|it| it == path));
        let found = same.or_else(|| free.iter().find(|n| is_at(n, is_gone)));
        let Some(entry) = found.and_then(|n| self.entries.get_mut(**n)) else { return false };
        entry.is_used = true;
        true
    }

    /// The files of the entries that nothing has met.
    pub fn unused(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter(|it| !it.is_used).map(|it| it.path.as_str())
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|it| *it == b'\n').count() + 1
}
