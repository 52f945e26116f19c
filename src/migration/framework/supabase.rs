//! Supabase: `supabase/migrations/20260101000000_name.sql`.
//!
//! Source: the Supabase CLI, `pkg/migration`: a file is one pipelined batch, and so one transaction that no statement can leave; files
//! run in the order of their names (`ListLocalMigrations`).

use super::{BASE, Framework, Order, Sign, lexical, numbered};

pub(super) static SUPABASE: Framework = Framework {
    name: "supabase",
    signs: &[Sign::File("supabase/config.toml"), Sign::Folder("supabase")],
    role: numbered,
    order: Order::By(lexical),
    ..BASE
};
