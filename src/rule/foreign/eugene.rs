//! eugene: `-- eugene: ignore E6, E9`.
//!
//! Source: eugene's documentation, Hints and Ignoring hints.

use super::{Foreign, Mark, Names, Reach};

pub(super) const EUGENE: Foreign = Foreign {
    name: "eugene",
    marks: &[Mark { text: "eugene: ignore", reach: Reach::Statement, names: Names::Commas }],
    rules: &[
        ("E1", &["check-scan-blocks-everything", "column-check-blocks-everything"]),
        ("E2", &["not-null-scan-blocks-everything"]),
        ("E3", &["json-cannot-be-compared"]),
        ("E4", &["lock-held-through-work"]),
        ("E5", &["type-change-rewrites-table", "type-change-scans-table", "type-change-rebuilds-index"]),
        ("E6", &["index-blocks-writes"]),
        ("E7", &["unique-build-blocks-everything", "column-unique-blocks-everything"]),
        ("E8", &["exclusion-build-blocks-everything"]),
        ("E9", &["waits-without-lock-timeout"]),
        ("E10", &["column-default-rewrites-table"]),
        ("E11", &["stored-column-rewrites-table", "numbered-column-rewrites-table"]),
        ("W12", &["alters-could-be-one"]),
        ("W13", &[]),
        ("W14", &["primary-key-build-blocks-everything"]),
        ("E15", &["foreign-key-has-no-index"]),
    ],
};
