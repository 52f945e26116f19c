//! Atlas: `20260101000000_name.sql` beside `atlas.sum`.
//!
//! Source: Atlas, Migration Directory and Transaction Configuration: `--tx-mode file` is the default, and a file's header may say another;
//! `sql/migrate/dir.go`: files run in the order of their names.

use super::{BASE, Framework, Order, Sign, head_says, lexical, numbered};
use crate::effect::Runner;

pub(super) static ATLAS: Framework = Framework {
    name: "atlas",
    signs: &[Sign::File("atlas.sum")],
    role: numbered,
    order: Order::By(lexical),
    says: |_, text| match () {
        () if head_says(text, "-- atlas:txmode none") => Some(Runner::Own),
        () if head_says(text, "-- atlas:txmode all") => Some(Runner::Batch),
        () if head_says(text, "-- atlas:txmode file") => Some(Runner::File),
        () => None,
    },
    ..BASE
};
