//! Graphile Migrate: `committed/000001.sql` in order, then what is current.
//!
//! Source: Graphile Migrate's README: each migration is one transaction unless its first line is `--! no-transaction`.

use std::{cmp::Ordering, path::Path};

use super::{BASE, Framework, Order, Role, Sign, folder_name, head_says, natural, stem};
use crate::effect::Runner;

pub(super) static GRAPHILE_MIGRATE: Framework = Framework {
    name: "graphile-migrate",
    signs: &[Sign::File(".gmrc"), Sign::File(".gmrc.js"), Sign::File(".gmrc.cjs")],
    role: |path| match folder_name(path) {
        "committed" | "current" => Role::Up,
        _ if stem(path) == "current" || stem(path).bytes().all(|it| it.is_ascii_digit()) => Role::Up,
        _ => Role::Other,
    },
    runs_again: is_current,
    order: Order::By(current_last),
    says: |_, text| head_says(text, "--! no-transaction").then_some(Runner::Query),
    ..BASE
};

fn is_current(path: &Path) -> bool {
    folder_name(path) == "current" || stem(path) == "current"
}

fn current_last(a: &Path, b: &Path) -> Ordering {
    is_current(a).cmp(&is_current(b)).then_with(|| natural(a, b))
}
