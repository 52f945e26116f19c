//! Sequences: how they count, not how far they have come.

use super::{
    Part,
    part::{comment, is_own, owner, privileges},
};

pub(super) const PARTS: &[Part] = &[sequences];

fn sequences(_: u16) -> String {
    format!(
        "SELECT 'sequence', c.oid::regclass::text, concat_ws(E'\\n', {}, \
         CASE c.relpersistence WHEN 'u' THEN 'unlogged' END, \
         format('%s from %s by %s between %s and %s cache %s%s', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, \
             s.seqmax, s.seqcache, CASE WHEN s.seqcycle THEN ' cycle' ELSE '' END), \
         (SELECT format('%s %s.%I', CASE d.deptype WHEN 'i' THEN 'identity of' ELSE 'owned by' END, d.refobjid::regclass, a.attname) \
             FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid \
             WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass \
             AND d.deptype IN ('a', 'i')), \
         {}, {}) FROM pg_class c JOIN pg_sequence s ON s.seqrelid = c.oid WHERE c.relpersistence <> 't' AND {}",
        owner("c.relowner"),
        privileges('s', "c.relacl", "c.relowner"),
        comment("pg_class", "c.oid"),
        is_own("pg_class", "c.oid"),
    )
}
