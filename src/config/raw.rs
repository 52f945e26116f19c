//! `lockkeeper.toml` as it is written: types and names are checked, nothing else.

use std::collections::HashMap;

use serde::Deserialize;
use toml::Spanned;

use super::{FailOn, Transaction, overrides, traffic};
use crate::{finding::Severity, rule::Pack};

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Raw {
    pub postgres: Option<Spanned<u16>>,
    pub schema: Vec<String>,
    pub paths: Vec<String>,
    pub exclude: Vec<Spanned<String>>,
    pub since: Option<String>,
    pub baseline: Option<String>,
    pub snapshot: Option<String>,
    pub calibration: Option<String>,
    pub traffic: traffic::Raw,
    pub table: Vec<Spanned<traffic::RawTable>>,
    pub framework: Option<Spanned<String>>,
    pub transaction: Option<Transaction>,
    pub fail_on: Option<FailOn>,
    pub packs: Vec<Pack>,
    #[serde(rename = "override")]
    pub overrides: Vec<Spanned<overrides::Raw>>,
    pub rules: HashMap<Spanned<String>, Severity>,
    pub rules_folder: Option<String>,
    pub require_reason: bool,
    pub lock_budget: Option<usize>,
    pub obey: Vec<Spanned<String>>,
    pub session: Session,
    pub fix: Fix,
}

/// What `fix` writes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Fix {
    pub lock_timeout: Option<Spanned<String>>,
}

/// Settings by PostgreSQL's own names.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Session {
    lock_timeout: Option<String>,
    statement_timeout: Option<String>,
    search_path: Option<String>,
    timezone: Option<String>,
    role: Option<String>,
}

impl Session {
    /// Those that are given, as name and value.
    pub(super) fn settings(self) -> Vec<(String, String)> {
        let all = [
            ("lock_timeout", self.lock_timeout),
            ("statement_timeout", self.statement_timeout),
            ("search_path", self.search_path),
            ("timezone", self.timezone),
            ("role", self.role),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}
