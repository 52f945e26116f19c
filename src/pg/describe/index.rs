//! Indexes, but for those of constraints, and extended statistics.

use super::{
    Part,
    part::{comment, is_own, owner},
};

pub(super) const PARTS: &[Part] = &[indexes, statistics];

/// The lines of what sets an index apart: `i` is its row in `pg_index`.
pub(super) fn flags() -> String {
    "CASE WHEN NOT i.indisvalid THEN 'INVALID' END, CASE WHEN NOT i.indisready THEN 'takes no writes' END, \
     CASE WHEN NOT i.indislive THEN 'is being dropped' END, \
     CASE WHEN i.indisclustered THEN 'clusters its table' END, \
     CASE WHEN i.indisreplident THEN 'is the replica identity' END, \
     (SELECT string_agg('statistics of column ' || a.attnum || ': ' || a.attstattarget, E'\\n' ORDER BY a.attnum) \
         FROM pg_attribute a WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0), \
     (SELECT 'attached to ' || h.inhparent::regclass::text FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)"
        .to_owned()
}

fn indexes(_: u16) -> String {
    format!(
        "SELECT 'index', x.oid::regclass::text, concat_ws(E'\\n', pg_get_indexdef(x.oid), \
         'tablespace ' || (SELECT quote_ident(s.spcname) FROM pg_tablespace s WHERE s.oid = x.reltablespace), {}, {}) \
         FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid \
         WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't' AND {} AND {} \
         AND NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conindid = x.oid AND o.conrelid = c.oid AND o.contype IN ('p', 'u', 'x'))",
        flags(),
        comment("pg_class", "x.oid"),
        is_own("pg_class", "x.oid"),
        is_own("pg_class", "c.oid"),
    )
}

fn statistics(_: u16) -> String {
    format!(
        "SELECT 'statistics', format('%s.%I', s.stxnamespace::regnamespace, s.stxname), concat_ws(E'\\n', {}, \
         pg_get_statisticsobjdef(s.oid), CASE WHEN s.stxstattarget >= 0 THEN 'target ' || s.stxstattarget END, {}) \
         FROM pg_statistic_ext s WHERE {}",
        owner("s.stxowner"),
        comment("pg_statistic_ext", "s.oid"),
        is_own("pg_statistic_ext", "s.oid"),
    )
}
