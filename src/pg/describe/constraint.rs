//! Constraints of tables. One that has an index stands for that too.
//!
//! Since 18, NOT NULL is a constraint as well.

use super::{
    Part,
    index::flags,
    part::{comment, is_own, options},
};

pub(super) const PARTS: &[Part] = &[constraints];

/// Of a key that refers to a partitioned table, what the server makes for each partition has names of the server's choice, and says nothing more.
fn constraints(_: u16) -> String {
    format!(
        "SELECT 'constraint', format('%s of %s', quote_ident(o.conname), o.conrelid::regclass), \
         concat_ws(E'\\n', pg_get_constraintdef(o.oid), \
         CASE WHEN NOT o.convalidated THEN 'not validated' END, \
         CASE WHEN o.coninhcount > 0 THEN CASE WHEN o.conislocal THEN 'also inherited' ELSE 'inherited' END END, \
         (SELECT concat_ws(E'\\n', 'tablespace ' || (SELECT quote_ident(s.spcname) FROM pg_tablespace s WHERE s.oid = x.reltablespace), \
             'with ' || {}, {}) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid \
             WHERE o.contype IN ('p', 'u', 'x') AND i.indexrelid = o.conindid), \
         (SELECT 'its triggers: ' || string_agg(DISTINCT CASE g.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'only on a replica' \
             ELSE 'always' END, ', ') FROM pg_trigger g WHERE g.tgconstraint = o.oid AND g.tgisinternal AND g.tgenabled <> 'O'), \
         {}) FROM pg_constraint o WHERE o.conrelid <> 0 AND o.contype <> 't' AND {} \
         AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = o.conrelid AND c.relpersistence = 't') \
         AND NOT EXISTS (SELECT FROM pg_constraint p WHERE p.oid = o.conparentid AND p.conrelid = o.conrelid) \
         AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = o.conrelid AND e.deptype = 'e')",
        options("x.reloptions"),
        flags(),
        comment("pg_constraint", "o.oid"),
        is_own("pg_constraint", "o.oid"),
    )
}
