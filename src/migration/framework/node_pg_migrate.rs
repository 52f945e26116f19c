//! node-pg-migrate with SQL files: all pending ones are one transaction.
//!
//! Source: node-pg-migrate's documentation, CLI: `--single-transaction` is true by default.
//! Observed with node-pg-migrate 9.0.0 on PostgreSQL 15.

use super::{BASE, Framework, Role, Sign, after_digits, numbered_up_and_down, stem};
use crate::effect::Runner;

pub(super) static NODE_PG_MIGRATE: Framework = Framework {
    name: "node-pg-migrate",
    signs: &[Sign::Text("package.json", "\"node-pg-migrate\"")],
    role: |path| match numbered_up_and_down(path) {
        // A `-` may follow the number too.
        Role::Other if after_digits(stem(path)).is_some() => Role::Up,
        known => known,
    },
    runner: |_| Some(Runner::Batch),
    ..BASE
};
