//! Comments that allow findings of other linters, obeyed on request: a team that changes tools need not write them anew.
//!
//! A rule of another linter stands for those of ours that say the same. One without a counterpart allows nothing, and so does a comment
//! that names no rule at all, unless the other linter takes that for all of its rules.

/// Another linter.
#[derive(Debug)]
pub struct Foreign {
    /// Its name in the configuration.
    pub name: &'static str,
    /// What a comment for the next statement begins with.
    statement: &'static str,
    /// What a comment for the whole file begins with; empty if there is none.
    file: &'static str,
    /// Its rules, each with ours.
    rules: &'static [(&'static str, &'static [&'static str])],
}

/// What a comment allows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Allowed<'c> {
    pub(super) whole_file: bool,
    /// Our rules.
    pub(super) rules: Vec<&'static str>,
    /// The names that the other linter does not have either.
    pub(super) unknown: Vec<&'c str>,
}

/// Source: squawk's documentation, Ignoring rules, and its list of rules.
const SQUAWK: Foreign = Foreign {
    name: "squawk",
    statement: "squawk-ignore",
    file: "squawk-ignore-file",
    rules: &[
        (
            "adding-field-with-default",
            &[
                "column-default-rewrites-table",
                "stored-column-rewrites-table",
                "numbered-column-rewrites-table",
                "domain-column-rewrites-table",
            ],
        ),
        ("adding-foreign-key-constraint", &["foreign-key-blocks-writes", "column-reference-blocks-writes"]),
        ("adding-not-nullable-field", &["not-null-scan-blocks-everything"]),
        ("adding-required-field", &["required-column-fails"]),
        ("adding-serial-primary-key-field", &["primary-key-build-blocks-everything"]),
        ("ban-alter-domain-with-add-constraint", &["domain-check-blocks-writes"]),
        ("ban-char-field", &[]),
        ("ban-concurrent-index-creation-in-transaction", &["fails-in-transaction"]),
        ("ban-create-domain-with-constraint", &[]),
        ("ban-drop-column", &["column-drop-loses-data"]),
        ("ban-drop-database", &["data-is-lost"]),
        ("ban-drop-not-null", &["null-surprises-readers"]),
        ("ban-drop-table", &["table-drop-loses-data"]),
        ("ban-truncate-cascade", &["truncate-loses-data", "cascade-reaches-further"]),
        ("ban-uncommitted-transaction", &["uncommitted-transaction"]),
        (
            "changing-column-type",
            &[
                "type-change-may-fail",
                "type-change-rebuilds-index",
                "type-change-rewrites-table",
                "type-change-scans-table",
            ],
        ),
        (
            "constraint-missing-not-valid",
            &["check-scan-blocks-everything", "foreign-key-blocks-writes", "validate-in-same-transaction"],
        ),
        (
            "disallowed-unique-constraint",
            &["unique-build-blocks-everything", "column-unique-blocks-everything"],
        ),
        ("prefer-bigint-over-int", &[]),
        ("prefer-bigint-over-smallint", &[]),
        ("prefer-identity", &["numbered-column-rewrites-table"]),
        ("prefer-robust-stmts", &[]),
        ("prefer-text-field", &[]),
        ("prefer-timestamp-tz", &[]),
        ("unused-ignore", &[]),
        ("prefer-repack", &["compaction-blocks-everything"]),
        ("require-enum-value-ordering", &[]),
        ("require-table-schema", &[]),
        ("identifier-too-long", &[]),
        ("require-concurrent-partition-detach", &["detach-blocks-everything"]),
        ("require-concurrent-reindex", &["reindex-blocks-writes"]),
        ("require-lock-timeout", &["waits-without-lock-timeout"]),
        ("require-statement-timeout", &[]),
        ("ban-drop-view", &["view-drop-breaks-readers"]),
        ("ban-drop-function", &["application-breaks"]),
        ("ban-drop-type", &["application-breaks"]),
        ("ban-drop-schema", &["schema-drop-loses-data"]),
        ("ban-drop-sequence", &["application-breaks"]),
        ("ban-drop-domain", &["application-breaks"]),
        ("ban-drop-constraint", &["constraint-drop-breaks-upserts"]),
        ("ban-drop-default", &["default-drop-breaks-inserts"]),
        ("ban-drop-trigger", &["application-breaks"]),
        ("ban-drop-generated-expression", &[]),
        ("renaming-object", &["table-rename-breaks-application", "application-breaks"]),
        ("ban-set-schema", &["table-rename-breaks-application"]),
        ("ban-alter-identity", &[]),
        ("ban-drop-extension", &["application-breaks"]),
        ("ban-alter-generated-expression", &["stored-column-rewrites-table"]),
        ("ban-drop-index", &["index-drop-blocks-everything"]),
        ("ban-set-default", &[]),
        ("ban-disable-trigger", &[]),
        ("ban-replica-identity", &["publication-without-replica-identity"]),
        ("ban-drop-policy", &["policies-hide-rows"]),
        ("ban-revoke", &["application-breaks"]),
        ("ban-replace-view-function", &[]),
        ("ban-alter-policy-condition", &["policies-hide-rows"]),
        ("ban-alter-policy-roles", &["policies-hide-rows"]),
        ("ban-create-policy", &["policies-hide-rows"]),
        ("ban-alter-function-options", &[]),
        ("ban-alter-view-options", &[]),
        ("ban-alter-role-options", &[]),
        ("ban-alter-database-options", &[]),
        ("ban-alter-row-level-security", &["policies-hide-rows"]),
        ("ban-new-write-restriction", &["constraint-restricts-writes"]),
        ("ban-add-enum-value", &["enum-value-used-too-early"]),
        ("ban-add-composite-attribute", &[]),
        ("ban-add-column", &[]),
        ("ban-detach-inheritance", &[]),
        ("ban-alter-sequence-values", &["sequence-restart-repeats-numbers"]),
        ("ban-alter-system-options", &[]),
        ("ban-alter-extension", &[]),
        ("ban-truncate", &["truncate-loses-data"]),
        ("renaming-column", &["column-rename-breaks-application"]),
        ("renaming-table", &["table-rename-breaks-application"]),
        ("require-concurrent-index-creation", &["index-blocks-writes"]),
        ("require-concurrent-index-deletion", &["index-drop-blocks-everything"]),
        ("require-timeout-settings", &["waits-without-lock-timeout"]),
        ("transaction-nesting", &["nested-transaction", "commit-does-nothing"]),
    ],
};

/// Source: eugene's documentation, Hints and Ignoring hints.
const EUGENE: Foreign = Foreign {
    name: "eugene",
    statement: "eugene: ignore",
    file: "",
    rules: &[
        ("E1", &["check-scan-blocks-everything", "column-check-blocks-everything"]),
        ("E2", &["not-null-scan-blocks-everything"]),
        ("E3", &[]),
        ("E4", &["lock-held-through-work"]),
        ("E5", &["type-change-rewrites-table", "type-change-scans-table", "type-change-rebuilds-index"]),
        ("E6", &["index-blocks-writes"]),
        ("E7", &["unique-build-blocks-everything", "column-unique-blocks-everything"]),
        ("E8", &["exclusion-build-blocks-everything"]),
        ("E9", &["waits-without-lock-timeout"]),
        ("E10", &["column-default-rewrites-table"]),
        ("E11", &["stored-column-rewrites-table", "numbered-column-rewrites-table"]),
        ("W12", &[]),
        ("W13", &[]),
        ("W14", &["primary-key-build-blocks-everything"]),
        ("E15", &[]),
    ],
};

/// Those whose comments can be obeyed.
const ALL: &[&Foreign] = &[&SQUAWK, &EUGENE];

impl Foreign {
    /// All that are known.
    pub fn all() -> &'static [&'static Self] {
        ALL
    }

    /// Whether a text has comments for it, at a glance.
    pub fn is_in(&self, text: &str) -> bool {
        text.contains(self.statement) || !self.file.is_empty() && text.contains(self.file)
    }

    /// The linter of this name; else what the names are.
    pub fn by_name(name: &str) -> Result<&'static Self, String> {
        ALL.iter().copied().find(|it| it.name == name).ok_or_else(|| {
            let names: Vec<&str> = ALL.iter().map(|it| it.name).collect();
            format!("`{name}` is no linter whose comments are known; choose from {}", names.join(", "))
        })
    }

    /// Our rules that stand for its own.
    pub fn counterparts(&self) -> impl Iterator<Item = &'static str> {
        self.rules.iter().flat_map(|it| it.1.iter().copied())
    }

    /// What a comment, without its delimiters, allows; `None` if it is none of this linter's.
    pub(super) fn read<'c>(&self, comment: &'c str) -> Option<Allowed<'c>> {
        let whole = if self.file.is_empty() { None } else { comment.strip_prefix(self.file) };
        let names = whole.or_else(|| comment.strip_prefix(self.statement))?;
        let mut allowed = Allowed { whole_file: whole.is_some(), rules: Vec::new(), unknown: Vec::new() };
        let names = names.trim_start_matches(':').split(',').map(str::trim).filter(|it| !it.is_empty());
        for name in names {
            // What follows a name is a reason.
            let name = name.split_whitespace().next().unwrap_or_default();
            match self.rules.iter().find(|it| it.0 == name) {
                Some((_, ours)) => allowed.rules.extend(*ours),
                None => allowed.unknown.push(name),
            }
        }
        Some(allowed)
    }
}
