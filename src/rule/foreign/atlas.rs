//! Atlas: `-- atlas:nolint DS103 MF103`, with names of analyzers or of their checks; alone at the head of a file it is for all of it.
//!
//! Source: Atlas's documentation, Migration Analyzers and Disable Analyzers; `sql/sqlcheck` for the names of its open analyzers.

use super::{Foreign, Mark, Names, Reach};

pub(super) const ATLAS: Foreign = Foreign {
    name: "atlas",
    marks: &[Mark { text: "atlas:nolint", reach: Reach::StatementOrHead, names: Names::Words }],
    rules: &[
        (
            "destructive",
            &["schema-drop-loses-data", "table-drop-loses-data", "column-drop-loses-data", "data-is-lost"],
        ),
        ("DS101", &["schema-drop-loses-data"]),
        ("DS102", &["table-drop-loses-data"]),
        ("DS103", &["column-drop-loses-data", "column-drop-takes-more"]),
        (
            "data_depend",
            &[
                "unique-build-blocks-everything",
                "column-unique-blocks-everything",
                "required-column-fails",
                "not-null-scan-blocks-everything",
            ],
        ),
        ("MF101", &["unique-build-blocks-everything", "column-unique-blocks-everything"]),
        ("MF102", &["unique-build-blocks-everything"]),
        ("MF103", &["required-column-fails"]),
        ("MF104", &["not-null-scan-blocks-everything"]),
        ("condrop", &["constraint-drop-breaks-upserts"]),
        ("CD101", &["constraint-drop-breaks-upserts"]),
        ("incompatible", &["table-rename-breaks-application", "column-rename-breaks-application"]),
        ("BC101", &["table-rename-breaks-application"]),
        ("BC102", &["column-rename-breaks-application"]),
        (
            "concurrent_index",
            &["index-blocks-writes", "index-drop-blocks-everything", "fails-in-transaction"],
        ),
        ("PG101", &["index-blocks-writes"]),
        ("PG102", &["index-drop-blocks-everything"]),
        ("PG103", &["fails-in-transaction"]),
        ("PG104", &["primary-key-build-blocks-everything"]),
        ("PG105", &["unique-build-blocks-everything", "column-unique-blocks-everything"]),
        ("PG110", &[]),
        ("PG301", &["type-change-rewrites-table", "type-change-rebuilds-index", "type-change-scans-table"]),
        ("PG302", &["column-default-rewrites-table"]),
        ("PG303", &["not-null-scan-blocks-everything"]),
        ("PG304", &["primary-key-build-blocks-everything", "not-null-scan-blocks-everything"]),
        ("PG305", &["check-scan-blocks-everything", "column-check-blocks-everything"]),
        ("PG306", &["foreign-key-blocks-writes", "column-reference-blocks-writes"]),
        ("naming", &[]),
        ("NM101", &[]),
        ("NM102", &[]),
        ("NM103", &[]),
        ("NM104", &[]),
        ("NM105", &[]),
        ("nestedtx", &["nested-transaction", "commit-does-nothing"]),
    ],
};
