//! Casts, operators, their families and classes, conversions and transforms.

use super::{
    Part,
    part::{comment, is_own, owner},
};

pub(super) const PARTS: &[Part] = &[casts, operators, families, classes, conversions, transforms];

fn casts(_: u16) -> String {
    format!(
        "SELECT 'cast', format_type(c.castsource, NULL) || ' to ' || format_type(c.casttarget, NULL), concat_ws(E'\\n', \
         CASE c.castmethod WHEN 'f' THEN 'by ' || c.castfunc::regprocedure::text WHEN 'i' THEN 'by text' ELSE 'none needed' END, \
         CASE c.castcontext WHEN 'i' THEN 'implicit' WHEN 'a' THEN 'in assignments' ELSE 'explicit' END, {}) FROM pg_cast c WHERE {}",
        comment("pg_cast", "c.oid"),
        is_own("pg_cast", "c.oid"),
    )
}

fn operators(_: u16) -> String {
    format!(
        "SELECT 'operator', o.oid::regoperator::text, concat_ws(E'\\n', {}, 'by ' || o.oprcode::oid::regprocedure::text, \
         'commutator ' || nullif(o.oprcom, 0)::regoperator::text, 'negator ' || nullif(o.oprnegate, 0)::regoperator::text, \
         'restrict ' || nullif(o.oprrest::oid, 0)::regproc::text, 'join ' || nullif(o.oprjoin::oid, 0)::regproc::text, \
         CASE WHEN o.oprcanmerge THEN 'merges' END, CASE WHEN o.oprcanhash THEN 'hashes' END, {}) \
         FROM pg_operator o WHERE o.oprcode <> 0 AND {}",
        owner("o.oprowner"),
        comment("pg_operator", "o.oid"),
        is_own("pg_operator", "o.oid"),
    )
}

fn families(_: u16) -> String {
    format!(
        "SELECT 'operator family', format('%s.%I using %s', f.opfnamespace::regnamespace, f.opfname, m.amname), concat_ws(E'\\n', {}, \
         (SELECT string_agg(concat('operator ', a.amopstrategy, ' ', a.amopopr::regoperator), E'\\n' \
             ORDER BY a.amopstrategy, a.amopopr::regoperator::text) FROM pg_amop a WHERE a.amopfamily = f.oid), \
         (SELECT string_agg(format('function %s (%s, %s) %s', a.amprocnum, format_type(a.amproclefttype, NULL), \
             format_type(a.amprocrighttype, NULL), a.amproc::oid::regprocedure), E'\\n' \
             ORDER BY a.amprocnum, format_type(a.amproclefttype, NULL), format_type(a.amprocrighttype, NULL)) \
             FROM pg_amproc a WHERE a.amprocfamily = f.oid), {}) \
         FROM pg_opfamily f JOIN pg_am m ON m.oid = f.opfmethod WHERE {}",
        owner("f.opfowner"),
        comment("pg_opfamily", "f.oid"),
        is_own("pg_opfamily", "f.oid"),
    )
}

fn classes(_: u16) -> String {
    format!(
        "SELECT 'operator class', format('%s.%I using %s', c.opcnamespace::regnamespace, c.opcname, m.amname), concat_ws(E'\\n', {}, \
         'family ' || f.opfnamespace::regnamespace::text || '.' || quote_ident(f.opfname), 'for ' || format_type(c.opcintype, NULL), \
         CASE WHEN c.opcdefault THEN 'default' END, 'storage ' || format_type(nullif(c.opckeytype, 0), NULL), {}) \
         FROM pg_opclass c JOIN pg_am m ON m.oid = c.opcmethod JOIN pg_opfamily f ON f.oid = c.opcfamily WHERE {}",
        owner("c.opcowner"),
        comment("pg_opclass", "c.oid"),
        is_own("pg_opclass", "c.oid"),
    )
}

fn conversions(_: u16) -> String {
    format!(
        "SELECT 'conversion', format('%s.%I', c.connamespace::regnamespace, c.conname), concat_ws(E'\\n', {}, \
         format('%s to %s by %s', pg_encoding_to_char(c.conforencoding), pg_encoding_to_char(c.contoencoding), c.conproc), \
         CASE WHEN c.condefault THEN 'default' END, {}) FROM pg_conversion c WHERE {}",
        owner("c.conowner"),
        comment("pg_conversion", "c.oid"),
        is_own("pg_conversion", "c.oid"),
    )
}

fn transforms(_: u16) -> String {
    format!(
        "SELECT 'transform', format('%s for %I', format_type(t.trftype, NULL), l.lanname), concat_ws(E'\\n', \
         'from ' || nullif(t.trffromsql::oid, 0)::regprocedure::text, 'to ' || nullif(t.trftosql::oid, 0)::regprocedure::text, {}) \
         FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang WHERE {}",
        comment("pg_transform", "t.oid"),
        is_own("pg_transform", "t.oid"),
    )
}
