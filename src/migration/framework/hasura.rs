//! Hasura: `migrations/<database>/1700000000000_name/up.sql`, each one transaction.
//!
//! Source: Hasura's documentation, Migrations; `run_sql` of its schema API.

use super::{BASE, Framework, Sign, up_and_down_in_folders};

pub(super) static HASURA: Framework = Framework {
    name: "hasura",
    signs: &[Sign::Text("config.yaml", "metadata_directory")],
    role: up_and_down_in_folders,
    ..BASE
};
