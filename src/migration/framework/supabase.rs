//! Supabase: `supabase/migrations/20260101000000_name.sql`.
//!
//! Source: the Supabase CLI, `pkg/migration`: a file is one pipelined batch, and so one transaction that no statement can leave.

use super::{BASE, Framework, Sign, numbered};

pub(super) static SUPABASE: Framework = Framework {
    name: "supabase",
    signs: &[Sign::File("supabase/config.toml"), Sign::Folder("supabase")],
    role: numbered,
    ..BASE
};
