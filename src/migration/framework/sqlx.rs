//! sqlx: `1_name.sql`, or `1_name.up.sql` with `1_name.down.sql`.
//!
//! Source: `sqlx-core`, `migrate/`: one transaction a file, unless the file begins with `-- no-transaction`; then it is one message.
//! Observed with sqlx-cli 0.9.0 on PostgreSQL 15: those words must be the very first.

use std::path::Path;

use super::{BASE, Framework, Role, Sign, numbered, numbered_up_and_down};
use crate::effect::Runner;

pub(super) static SQLX: Framework = Framework {
    name: "sqlx",
    signs: &[Sign::File(".sqlx"), Sign::Text("Cargo.toml", "sqlx")],
    role: |path: &Path| match numbered_up_and_down(path) {
        Role::Other => numbered(path),
        known => known,
    },
    says: |_, text| text.starts_with(b"-- no-transaction").then_some(Runner::Query),
    ..BASE
};
