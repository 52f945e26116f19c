//! Diesel: `2026-01-01-000000_name/up.sql`, in the order of the versions.
//!
//! Source: Diesel's guide; observed with diesel 2.3.14 on PostgreSQL 15: without a transaction (`run_in_transaction = false` in the
//! migration's `metadata.toml`) the file is still one message, and a folder of any name is a migration.

use std::path::Path;

use super::{
    BASE, Framework, Order, Role, Sign, folder_name, natural, sets, stem, text_of, up_and_down_in_folders,
};
use crate::effect::Runner;

pub(super) static DIESEL: Framework = Framework {
    name: "diesel",
    signs: &[Sign::File("diesel.toml"), Sign::Text("Cargo.toml", "diesel"), Sign::Names(is_dated)],
    role,
    order: Order::By(|a, b| version(a).cmp(&version(b)).then_with(|| natural(a, b))),
    says: |path, _| {
        let metadata = text_of(&path.with_file_name("metadata.toml"));
        sets(&metadata, "run_in_transaction", "false").then_some(Runner::Query)
    },
    ..BASE
};

fn role(path: &Path) -> Role {
    match stem(path) {
        "up" => Role::Up,
        "down" => Role::Down,
        _ => Role::Other,
    }
}

/// What comes before the `_`, without its `-`: `2019-03-22-174825` is after `20140924113530`.
fn version(path: &Path) -> String {
    folder_name(path).split('_').next().unwrap_or_default().replace('-', "")
}

/// `2026-01-01-000000_name/up.sql`, as only Diesel's command line makes it.
fn is_dated(path: &Path) -> bool {
    let version = folder_name(path).split('_').next().unwrap_or_default();
    let lengths = version.split('-').map(str::len);
    let is_number = version.bytes().all(|it| it.is_ascii_digit() || it == b'-');
    is_number && lengths.take(4).eq([4, 2, 2, 6]) && up_and_down_in_folders(path) != Role::Other
}
