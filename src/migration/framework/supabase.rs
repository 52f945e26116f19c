//! Supabase: `supabase/migrations/20260101000000_name.sql`.
//!
//! Source: observed with the Supabase CLI 2.99 to 3.1 on PostgreSQL 15. A file is one pipeline, and so one transaction. Up to 2.108 no
//! statement can leave that; since 2.109 it ends before a statement that cannot be in one, which is sent alone. Files run in the order
//! of their names.

use std::path::Path;

use super::{BASE, Framework, Order, Sign, depended_version, lexical, numbered};
use crate::effect::Runner;

pub(super) static SUPABASE: Framework = Framework {
    name: "supabase",
    signs: &[Sign::File("supabase/config.toml"), Sign::Folder("supabase")],
    role: numbered,
    order: Order::By(lexical),
    runner: |folder| Some(if is_one_pipeline(folder) { Runner::File } else { Runner::Around }),
    ..BASE
};

/// The first version that sends some statements alone.
const SPLITS_SINCE: (u32, u32) = (2, 109);

/// Whether `package.json` pins a version before that; most have the newest.
fn is_one_pipeline(folder: &Path) -> bool {
    depended_version(folder, "supabase").is_some_and(|it| it < SPLITS_SINCE)
}
