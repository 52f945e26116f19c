//! Whether an expression is volatile: whether its value may differ from row to row, so that it cannot be stored once for all of them.
//!
//! Source: `contain_volatile_functions` in PostgreSQL's `src/backend/optimizer/util/clauses.c`, which asks `pg_proc.provolatile` of every
//! function called. `not_volatile.txt` holds the names of the built-in functions that `pg_proc` of none of 13 to 18 calls volatile.
//! An exception: `timezone(text, timetz)` is volatile on 13 and 14, but its namesakes for timestamps, which everybody means, are not.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;

use crate::{
    catalog::{Catalog, Function, TypeKind},
    sql::statement::{Expr, Name, Statement, TypeName, Volatility},
};

static NOT_VOLATILE: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| include_str!("not_volatile.txt").split_whitespace().collect());

/// Whether `expr` may be volatile; a function that nobody knows is taken to be.
///
/// Casts and operators between built-in types are never volatile (`pg_cast`, `pg_operator` of 13 to 18).
pub(crate) fn is_volatile(expr: &Expr, catalog: &Catalog) -> bool {
    expr.functions.iter().any(|it| is_volatile_function(it, catalog))
}

/// Whether a built-in function has this name and is not volatile.
pub(crate) fn is_builtin(name: &Name) -> bool {
    let in_pg_catalog = name.schema.as_deref().is_none_or(|it| it == "pg_catalog");
    in_pg_catalog && NOT_VOLATILE.contains(name.name.as_str())
}

/// Whether the function may be volatile.
pub(crate) fn is_volatile_function(name: &Name, catalog: &Catalog) -> bool {
    let is_builtin = is_builtin(name);
    let made = catalog.find_functions(name);
    if made.is_empty() {
        return !is_builtin;
    }
    made.iter().any(|it| it.volatility == Volatility::Volatile && !is_inlined(it, catalog))
}

/// Whether the planner replaces a call by the function's only expression, which is not volatile.
///
/// Source: `inline_function` in `src/backend/optimizer/util/clauses.c`.
fn is_inlined(function: &Function, catalog: &Catalog) -> bool {
    if function.language.as_deref() != Some("sql") {
        return false;
    }
    let [only] = &function.body.get().statements[..] else { return false };
    let Statement::Select(query) = &only.statement else { return false };
    query.relations.is_empty()
        && query.writes.is_empty()
        && query.functions.iter().all(|it| it != &function.name && !is_volatile_function(it, catalog))
}

/// Whether a value of the type is tested by a domain's constraints; `None` when the type is not known.
pub(crate) fn domain_has_constraints(ty: &TypeName, catalog: &Catalog) -> Option<bool> {
    let mut ty = ty;
    for _ in 0..MAX_NESTING {
        // An array of a domain tests its elements, but an array that is NULL has none.
        if ty.array_dimensions > 0 {
            return Some(false);
        }
        let Some(known) = catalog.find_type(&ty.name) else {
            return is_builtin_type(&ty.name).then_some(false);
        };
        match &known.kind {
            TypeKind::Domain { constraints, not_null, .. } if *not_null || !constraints.is_empty() => {
                return Some(true);
            }
            TypeKind::Domain { base, .. } => ty = base,
            TypeKind::Unknown => return None,
            _ => return Some(false),
        }
    }
    None
}

/// Domains over domains are followed so far: a history that cannot be run could make one over itself.
const MAX_NESTING: usize = 32;

/// Whether the name is one of a type that every server has.
fn is_builtin_type(name: &Name) -> bool {
    name.schema.as_deref().is_none_or(|it| it == "pg_catalog") && BUILTIN_TYPES.contains(&name.name.as_str())
}

/// The built-in types under their names in `pg_type`, and the spellings that are not types but stand for one.
#[rustfmt::skip] // One a line would be a page of them.
const BUILTIN_TYPES: &[&str] = &[
    "aclitem", "bigserial", "bit", "bool", "box", "bpchar", "bytea", "char", "cid", "cidr", "circle", "date",
    "datemultirange", "daterange", "float4", "float8", "gtsvector", "inet", "int2", "int2vector", "int4",
    "int4multirange", "int4range", "int8", "int8multirange", "int8range", "interval", "json", "jsonb",
    "jsonpath", "line", "lseg", "macaddr", "macaddr8", "money", "name", "numeric", "nummultirange", "numrange",
    "oid", "oidvector", "path", "pg_lsn", "pg_snapshot", "point", "polygon", "refcursor", "regclass",
    "regnamespace", "regproc", "regprocedure", "regrole", "regtype", "serial", "smallserial", "text", "tid",
    "time", "timestamp", "timestamptz", "timetz", "tsmultirange", "tsquery", "tsrange", "tstzmultirange",
    "tstzrange", "tsvector", "txid_snapshot", "uuid", "varbit", "varchar", "xid", "xid8", "xml",
];
