//! Liquibase, formatted SQL: each `--changeset` is one transaction.
//!
//! Source: Liquibase's documentation, SQL format, runInTransaction, runOnChange and runAlways. What its marks say is read in [`up`](crate::migration::up).

use super::{BASE, Framework, Sign};

pub(super) static LIQUIBASE: Framework =
    Framework { name: "liquibase", signs: &[Sign::File("liquibase.properties")], ..BASE };

/// Whether a changeset is run again once its text has changed: its line says so.
pub(in crate::migration) fn runs_again(changeset: &str) -> bool {
    let says = |line: &str| {
        let line = line.to_ascii_lowercase();
        line.contains("changeset") && (line.contains("runonchange:true") || line.contains("runalways:true"))
    };
    changeset.lines().filter(|it| it.trim_start().starts_with("--")).any(says)
}
