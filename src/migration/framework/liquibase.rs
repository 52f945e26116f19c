//! Liquibase, formatted SQL: each `--changeset` is one transaction.
//!
//! Source: Liquibase's documentation, SQL format, runInTransaction, runOnChange and runAlways; what its marks say is read in [`up`](crate::migration::up).
//! Observed with Liquibase 4.28 on PostgreSQL 15: `includeAll` takes files in the order of their names.

use super::{BASE, Framework, Order, Sign, lexical};

pub(super) static LIQUIBASE: Framework = Framework {
    name: "liquibase",
    signs: &[Sign::File("liquibase.properties")],
    order: Order::By(lexical),
    ..BASE
};

/// Whether a changeset is run again once its text has changed: its line says so.
pub(in crate::migration) fn runs_again(changeset: &str) -> bool {
    let says = |line: &str| {
        let line = line.to_ascii_lowercase();
        line.contains("changeset") && (line.contains("runonchange:true") || line.contains("runalways:true"))
    };
    changeset.lines().filter(|it| it.trim_start().starts_with("--")).any(says)
}
