//! Diesel: `2026-01-01-000000_name/up.sql`.
//!
//! Source: Diesel's guide; `diesel_migrations`: without a transaction (`run_in_transaction = false` in the migration's `metadata.toml`)
//! the file is still one message, by `batch_execute`.

use super::{BASE, Framework, Sign, sets, text_of, up_and_down_in_folders};
use crate::effect::Runner;

pub(super) static DIESEL: Framework = Framework {
    name: "diesel",
    signs: &[Sign::File("diesel.toml"), Sign::Text("Cargo.toml", "diesel")],
    role: up_and_down_in_folders,
    says: |path, _| {
        let metadata = text_of(&path.with_file_name("metadata.toml"));
        sets(&metadata, "run_in_transaction", "false").then_some(Runner::Query)
    },
    ..BASE
};
