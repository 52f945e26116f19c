//! refinery: `V1__name.sql`; here a `U` is a migration without an order, not one that takes back.
//!
//! Source: refinery's README; each migration is one transaction unless `set_grouped(true)`.
//! Observed with refinery 0.10.0 on PostgreSQL 15: folders below count, and a `U` runs in its place among the others.

use std::path::Path;

use super::{BASE, Framework, Order, Role, Sign, natural, stem};

pub(super) static REFINERY: Framework = Framework {
    name: "refinery",
    signs: &[Sign::File("refinery.toml"), Sign::Text("Cargo.toml", "refinery")],
    role: |path| if version(path).is_some() { Role::Up } else { Role::Other },
    order: Order::By(|a, b| version(a).cmp(&version(b)).then_with(|| natural(a, b))),
    ..BASE
};

fn version(path: &Path) -> Option<u64> {
    stem(path).split_once("__")?.0.strip_prefix(['V', 'U'])?.parse().ok()
}
