//! Types of somebody's own: enums, domains, composites, ranges and base types.

use super::{
    Part,
    part::{comment, is_own, owner, privileges, since},
};

pub(super) const PARTS: &[Part] = &[types];

fn types(major: u16) -> String {
    format!(
        "SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'composite type' \
         WHEN 'r' THEN 'range type' ELSE 'type' END, format_type(t.oid, NULL), concat_ws(E'\\n', {owner}, \
         ({ENUM}), {DOMAIN}, ({CHECKS}), ({COMPOSITE}), ({RANGE}), \
         'multirange ' || ({}), {BASE}, {}, {comment}) \
         FROM pg_type t WHERE {} AND t.typtype <> 'm' AND NOT pg_is_other_temp_schema(t.typnamespace) \
         AND NOT EXISTS (SELECT FROM pg_type a WHERE a.typarray = t.oid) \
         AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind <> 'c')",
        since(
            14,
            major,
            "SELECT format_type(r.rngmultitypid, NULL) FROM pg_range r WHERE r.rngtypid = t.oid"
        ),
        privileges('T', "t.typacl", "t.typowner"),
        is_own("pg_type", "t.oid"),
        owner = owner("t.typowner"),
        comment = comment("pg_type", "t.oid"),
    )
}

/// The values in their order.
const ENUM: &str = "SELECT string_agg('value ' || quote_literal(e.enumlabel), E'\\n' ORDER BY e.enumsortorder) \
     FROM pg_enum e WHERE e.enumtypid = t.oid";

const DOMAIN: &str = "CASE WHEN t.typtype = 'd' THEN 'as ' || format_type(t.typbasetype, t.typtypmod) \
     || coalesce((SELECT ' COLLATE ' || t.typcollation::regcollation::text FROM pg_type b \
     WHERE b.oid = t.typbasetype AND b.typcollation <> t.typcollation), '') \
     || coalesce(' DEFAULT ' || coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault), '') \
     || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END END";

const CHECKS: &str = "SELECT string_agg(quote_ident(o.conname) || ' ' || pg_get_constraintdef(o.oid) \
     || coalesce(' comment ' || quote_literal(obj_description(o.oid, 'pg_constraint')), ''), E'\\n' ORDER BY o.conname) \
     FROM pg_constraint o WHERE o.contypid = t.oid";

const COMPOSITE: &str = "SELECT string_agg('column ' || quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod) \
     || CASE WHEN a.attcollation <> b.typcollation THEN ' COLLATE ' || a.attcollation::regcollation::text ELSE '' END \
     || coalesce(' comment ' || quote_literal(col_description(a.attrelid, a.attnum)), ''), \
     E'\\n' ORDER BY a.attnum) FROM pg_attribute a JOIN pg_type b ON b.oid = a.atttypid \
     WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped";

const RANGE: &str = "SELECT concat_ws(' ', 'of', format_type(r.rngsubtype, NULL), 'collation ' || nullif(r.rngcollation, 0)::regcollation::text, \
     'operator class ' || o.opcnamespace::regnamespace::text || '.' || quote_ident(o.opcname), \
     'canonical ' || nullif(r.rngcanonical::oid, 0)::regproc::text, 'difference ' || nullif(r.rngsubdiff::oid, 0)::regproc::text) \
     FROM pg_range r JOIN pg_opclass o ON o.oid = r.rngsubopc WHERE r.rngtypid = t.oid";

const BASE: &str = "CASE WHEN t.typtype = 'b' THEN concat_ws(' ', 'base', t.typinput, t.typoutput, \
     nullif(t.typreceive::oid, 0)::regproc, nullif(t.typsend::oid, 0)::regproc, nullif(t.typmodin::oid, 0)::regproc, \
     nullif(t.typmodout::oid, 0)::regproc, nullif(t.typanalyze::oid, 0)::regproc, 'length', t.typlen, \
     CASE WHEN t.typbyval THEN 'by value' END, 'align', t.typalign, 'storage', t.typstorage, 'category', t.typcategory, \
     CASE WHEN t.typispreferred THEN 'preferred' END, 'delimiter', quote_literal(t.typdelim::text), \
     'of ' || nullif(t.typelem, 0)::regtype::text, 'default ' || t.typdefault) \
     WHEN NOT t.typisdefined THEN 'only a name' END";
