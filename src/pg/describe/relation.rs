//! Tables, partitioned and foreign ones too, and views, with their columns in order.

use super::{
    Part,
    part::{comment, is_own, options, owner, privileges, since},
};

pub(super) const PARTS: &[Part] = &[relations];

fn relations(major: u16) -> String {
    format!(
        "SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE 'table' END, \
         c.oid::regclass::text, concat_ws(E'\\n', {}, \
         CASE c.relpersistence WHEN 'u' THEN 'unlogged' END, \
         'of type ' || nullif(c.reloftype, 0)::regtype::text, \
         'partition by ' || pg_get_partkeydef(c.oid), ({PARENTS}), \
         'access method ' || (SELECT quote_ident(m.amname) FROM pg_am m WHERE m.oid = c.relam AND m.amname <> 'heap'), \
         'tablespace ' || (SELECT quote_ident(s.spcname) FROM pg_tablespace s WHERE s.oid = c.reltablespace), \
         'with ' || {}, 'toast with ' || (SELECT {} FROM pg_class t WHERE t.oid = c.reltoastrelid), \
         {IDENTITY}, \
         CASE WHEN c.relrowsecurity THEN 'row security' END, \
         CASE WHEN c.relforcerowsecurity THEN 'row security also for the owner' END, \
         CASE WHEN NOT c.relispopulated THEN 'not populated' END, \
         ({FOREIGN}), ({}), \
         CASE WHEN c.relkind IN ('v', 'm') THEN 'as' || E'\\n' || pg_get_viewdef(c.oid) END, \
         {}, ({}), {}) \
         FROM pg_class c WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND c.relpersistence <> 't' AND {}",
        owner("c.relowner"),
        options("c.reloptions"),
        options("t.reloptions"),
        columns(major),
        privileges('r', "c.relacl", "c.relowner"),
        of_columns(),
        comment("pg_class", "c.oid"),
        is_own("pg_class", "c.oid"),
    )
}

const PARENTS: &str = "SELECT string_agg(CASE WHEN c.relispartition THEN 'partition of ' ELSE 'inherits ' END || h.inhparent::regclass::text \
     || CASE WHEN c.relispartition THEN ' ' || pg_get_expr(c.relpartbound, c.oid) ELSE '' END, E'\\n' ORDER BY h.inhseqno) \
     FROM pg_inherits h WHERE h.inhrelid = c.oid";

const IDENTITY: &str = "CASE WHEN c.relkind IN ('r', 'p') THEN CASE c.relreplident WHEN 'f' THEN 'replica identity full' \
     WHEN 'n' THEN 'replica identity nothing' WHEN 'i' THEN 'replica identity by an index' END END";

const FOREIGN: &str = "SELECT concat_ws(E'\\n', 'server ' || quote_ident(s.srvname), 'foreign options ' \
     || (SELECT string_agg(option, ', ' ORDER BY option) FROM unnest(f.ftoptions) option)) \
     FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid";

/// A line a column. What says the same of every column of its type is left out.
fn columns(major: u16) -> String {
    let compression = since(14, major, "' compression ' || nullif(a.attcompression::text, '')");
    format!(
        "SELECT string_agg(concat('column ', quote_ident(a.attname), ' ', format_type(a.atttypid, a.atttypmod), \
         CASE WHEN a.attcollation <> y.typcollation THEN ' COLLATE ' || a.attcollation::regcollation::text END, \
         CASE WHEN a.attstorage <> y.typstorage THEN ' storage ' || a.attstorage::text END, {compression}, \
         CASE WHEN a.attstattarget >= 0 THEN ' statistics ' || a.attstattarget END, \
         ' with ' || {}, ' foreign options ' || {}, \
         CASE a.attgenerated WHEN 's' THEN ' stored as ' || ({DEFAULT}) WHEN 'v' THEN ' virtual as ' || ({DEFAULT}) \
             ELSE ' DEFAULT ' || ({DEFAULT}) END, \
         CASE a.attidentity WHEN 'a' THEN ' identity always' WHEN 'd' THEN ' identity by default' END, \
         CASE WHEN a.attnotnull THEN ' NOT NULL' END, \
         CASE WHEN a.attinhcount > 0 THEN CASE WHEN a.attislocal THEN ' also inherited' ELSE ' inherited' END END), \
         E'\\n' ORDER BY a.attnum) \
         FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid \
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped",
        // Some minor releases keep a number of their own there, which no two servers share.
        "(SELECT string_agg(option, ', ' ORDER BY option) FROM unnest(a.attoptions) option WHERE NOT starts_with(option, 'pg_'))",
        options("a.attfdwoptions"),
    )
}

const DEFAULT: &str = "SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum";

/// The privileges and comments of columns.
fn of_columns() -> String {
    format!(
        "SELECT string_agg(concat_ws(E'\\n', 'for column ' || quote_ident(a.attname) || ':' || E'\\n' || {}, \
         'comment on ' || quote_ident(a.attname) || ' ' || quote_literal(col_description(a.attrelid, a.attnum))), E'\\n' ORDER BY a.attname) \
         FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped \
         AND (a.attacl IS NOT NULL OR col_description(a.attrelid, a.attnum) IS NOT NULL)",
        privileges('c', "a.attacl", "c.relowner"),
    )
}
