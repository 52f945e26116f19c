//! Whether values of one type are valid values of another as they are, so that a change of type writes no row.
//!
//! Source: `ATColumnChangeRequiresRewrite` in `src/backend/commands/tablecmds.c`; the casts WITHOUT FUNCTION in `pg_cast`; the support
//! functions `varchar_support`, `varbit_support`, `numeric_support`, `interval_support` and `TemporalSimplify`, which drop a length
//! coercion that cannot change a value. Observed by `fixtures/effects/alter-type*.sql`.

use crate::{
    catalog::{Catalog, TypeKind},
    effect::Reason,
    sql::statement::TypeName,
};

use super::volatility;

/// What a change of type does to the table's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing. With `index_kept` the column's plain indexes stay as they are too.
    Free {
        /// Whether an index on the column orders and stores the new values as it did the old ones.
        index_kept: bool,
    },
    /// Every row is written again.
    Rewrite(Reason),
}

/// Casts that change nothing of a value, `(from, to, whether an index is kept)`.
const BINARY: &[(&str, &str, bool)] = &[
    ("varchar", "text", true),
    ("text", "varchar", true),
    ("varchar", "bpchar", false),
    ("text", "bpchar", false),
    ("xml", "text", false),
    ("xml", "varchar", false),
    ("xml", "bpchar", false),
    ("cidr", "inet", true),
    ("bit", "varbit", false),
    ("varbit", "bit", false),
    ("int4", "oid", false),
    ("oid", "int4", false),
];

/// The alias types of `oid`.
const OID_ALIASES: [&str; 11] = [
    "regclass",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
];

/// What changing `old` to `new` does.
pub(super) fn of(old: &TypeName, new: &TypeName, catalog: &Catalog) -> Change {
    if old == new || is_same_type(old, new, catalog) {
        return Change::Free { index_kept: true };
    }
    if volatility::domain_has_constraints(new, catalog) == Some(true) {
        return Change::Rewrite(Reason::ConstrainedDomain);
    }
    let (old, new) = (base_of_old(old, catalog), base_of_new(new, catalog));
    if old.array_dimensions > 0 || new.array_dimensions > 0 {
        return array(&old, &new);
    }
    if old.name == new.name {
        return if length_is_free(&old, &new) {
            Change::Free { index_kept: true }
        } else {
            Change::Rewrite(Reason::TypeRewrite)
        };
    }
    let (from, to) = (old.name.name.as_str(), new.name.name.as_str());
    if matches!((from, to), ("timestamp", "timestamptz") | ("timestamptz", "timestamp")) {
        let utc = catalog.session.time_zone_is_utc() == Some(true);
        return if utc && is_unlimited_time(&new) {
            Change::Free { index_kept: false }
        } else {
            Change::Rewrite(Reason::TimeZone)
        };
    }
    match binary(from, to) {
        // A length that comes with another type is enforced on every value.
        Some(index_kept) if new.modifiers.is_empty() => Change::Free { index_kept },
        Some(_) | None => Change::Rewrite(Reason::TypeRewrite),
    }
}

/// Whether both name one type of the history, with and without its schema.
fn is_same_type(old: &TypeName, new: &TypeName, catalog: &Catalog) -> bool {
    let same_shape = old.modifiers == new.modifiers && old.array_dimensions == new.array_dimensions;
    let name = |ty: &TypeName| catalog.find_type(&ty.name).map(|it| it.name.clone());
    same_shape && old.name.name == new.name.name && name(old).is_some() && name(old) == name(new)
}

fn binary(from: &str, to: &str) -> Option<bool> {
    let is_alias = |it: &str| OID_ALIASES.contains(&it);
    if is_alias(from) && matches!(to, "oid" | "int4") || is_alias(to) && matches!(from, "oid" | "int4") {
        return Some(to == "oid" || from == "oid");
    }
    BINARY.iter().find(|it| it.0 == from && it.1 == to).map(|it| it.2)
}

/// The type under a domain. A value of a domain carries no length, so that one is enforced again.
fn base_of_old(ty: &TypeName, catalog: &Catalog) -> TypeName {
    match domain_base(ty, catalog) {
        Some(base) => TypeName { modifiers: Vec::new(), ..base_of_old(&base, catalog) },
        None => ty.clone(),
    }
}

/// The type under a domain, with the domain's length.
fn base_of_new(ty: &TypeName, catalog: &Catalog) -> TypeName {
    domain_base(ty, catalog).map_or_else(|| ty.clone(), |base| base_of_new(&base, catalog))
}

fn domain_base(ty: &TypeName, catalog: &Catalog) -> Option<TypeName> {
    if ty.array_dimensions > 0 {
        return None;
    }
    match &catalog.find_type(&ty.name)?.kind {
        TypeKind::Domain { base, .. } => Some(base.clone()),
        _ => None,
    }
}

/// An array's elements are not looked into, but dropping their length is free.
fn array(old: &TypeName, new: &TypeName) -> Change {
    let same = old.name == new.name && (old.array_dimensions > 0) == (new.array_dimensions > 0);
    if same && (new.modifiers.is_empty() || new.modifiers == old.modifiers) {
        Change::Free { index_kept: true }
    } else {
        Change::Rewrite(Reason::TypeRewrite)
    }
}

fn is_unlimited_time(ty: &TypeName) -> bool {
    matches!(ty.modifiers[..], [] | [6])
}

/// Whether every value of `old` fits `new`, a type of the same name, without being touched.
fn length_is_free(old: &TypeName, new: &TypeName) -> bool {
    match new.name.name.as_str() {
        "varchar" | "varbit" => match (old.modifiers.first(), new.modifiers.first()) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(old), Some(new)) => new >= old,
        },
        "numeric" => match (&old.modifiers[..], &new.modifiers[..]) {
            (_, []) => true,
            ([], _) => false,
            (old, new) => scale(old) == scale(new) && new.first() >= old.first(),
        },
        "timestamp" | "timestamptz" | "time" | "timetz" | "interval" => {
            match (old.modifiers.first(), new.modifiers.first()) {
                (_, None | Some(6)) => true,
                (None, Some(_)) => false,
                (Some(old), Some(new)) => new >= old,
            }
        }
        // Padded or cut to its length, so any other length touches every value.
        "bpchar" => new.modifiers.is_empty() || new.modifiers == old.modifiers,
        _ => old.modifiers == new.modifiers,
    }
}

fn scale(modifiers: &[i32]) -> i32 {
    modifiers.get(1).copied().unwrap_or(0)
}

/// Whether a value of `old` may not fit `new`: the statement fails, or digits are lost.
pub(super) fn narrows(old: &TypeName, new: &TypeName) -> bool {
    const INTEGERS: [&str; 3] = ["int2", "int4", "int8"];
    let rank = |ty: &TypeName| INTEGERS.iter().position(|it| *it == ty.name.name);
    if let (Some(old), Some(new)) = (rank(old), rank(new)) {
        return new < old;
    }
    let (from, to) = (old.name.name.as_str(), new.name.name.as_str());
    if from == to {
        return match (old.modifiers.first(), new.modifiers.first()) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(was), Some(is)) => is < was || scale(&new.modifiers) < scale(&old.modifiers),
        };
    }
    matches!(
        (from, to),
        ("float8", "float4" | "int8" | "int4" | "int2") | ("float4", "int8" | "int4" | "int2")
    ) || matches!((from, to), ("numeric", "int8" | "int4" | "int2"))
        || matches!((from, to), ("text" | "varchar", "varchar" | "bpchar") if !new.modifiers.is_empty())
        || matches!((from, to), ("timestamp" | "timestamptz", "date"))
}

/// Groups of types that are cast to each other on assignment. Anything is assigned to a string type.
const ASSIGNABLE: &[&[&str]] = &[
    &["int2", "int4", "int8", "numeric", "float4", "float8", "money"],
    &["timestamp", "timestamptz", "date"],
    &["time", "timetz", "interval", "timestamp", "timestamptz"],
    &["text", "varchar", "bpchar", "name"],
    &["bit", "varbit"],
    &["json", "jsonb"],
    &["inet", "cidr"],
    &["oid", "int4", "int8"],
];

/// The built-in types whose casts are known here.
const BUILT_IN: &[&str] = &[
    "int2",
    "int4",
    "int8",
    "numeric",
    "float4",
    "float8",
    "money",
    "timestamp",
    "timestamptz",
    "date",
    "time",
    "timetz",
    "interval",
    "text",
    "varchar",
    "bpchar",
    "bit",
    "varbit",
    "json",
    "jsonb",
    "inet",
    "cidr",
    "bool",
    "uuid",
    "bytea",
];

const STRINGS: [&str; 4] = ["text", "varchar", "bpchar", "name"];

/// Whether a column of type `old` may become `new` without USING. True for types that are not known.
///
/// Source: the casts in `pg_cast` that are not explicit only; manual, CREATE CAST.
pub(super) fn is_assignable(old: &TypeName, new: &TypeName, catalog: &Catalog) -> bool {
    let (old, new) = (base_of_old(old, catalog), base_of_new(new, catalog));
    if old.name == new.name {
        return (old.array_dimensions > 0) == (new.array_dimensions > 0);
    }
    if old.array_dimensions > 0 || new.array_dimensions > 0 {
        return true;
    }
    let (from, to) = (old.name.name.as_str(), new.name.name.as_str());
    if STRINGS.contains(&to) {
        return true;
    }
    let is_enum = |ty: &TypeName| {
        catalog.find_type(&ty.name).is_some_and(|it| matches!(it.kind, TypeKind::Enum { .. }))
    };
    let is_known = |ty: &TypeName, name: &str| BUILT_IN.contains(&name) || is_enum(ty);
    !(is_known(&old, from) && is_known(&new, to))
        || ASSIGNABLE.iter().any(|group| group.contains(&from) && group.contains(&to))
}

/// Whether values of the two types are compared by `=` without an explicit cast. True for types that are not known.
pub(super) fn are_comparable(a: &TypeName, b: &TypeName, catalog: &Catalog) -> bool {
    let (a, b) = (base_of_old(a, catalog), base_of_old(b, catalog));
    let (one, other) = (a.name.name.as_str(), b.name.name.as_str());
    a.name == b.name
        || a.array_dimensions > 0
        || b.array_dimensions > 0
        || !BUILT_IN.contains(&one)
        || !BUILT_IN.contains(&other)
        || ASSIGNABLE.iter().any(|group| group.contains(&one) && group.contains(&other))
}
