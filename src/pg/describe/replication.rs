//! What is published, and what is subscribed to.

use super::{
    Part,
    part::{comment, is_own, options, owner, since},
};

pub(super) const PARTS: &[Part] = &[publications, subscriptions];

fn publications(major: u16) -> String {
    let (rows, columns) = if major >= 15 {
        (
            "coalesce(' where ' || pg_get_expr(r.prqual, r.prrelid), '')",
            "coalesce(' columns ' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname) FROM pg_attribute a \
             WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)), '')",
        )
    } else {
        ("''", "''")
    };
    format!(
        "SELECT 'publication', quote_ident(p.pubname), concat_ws(E'\\n', {}, \
         CASE WHEN p.puballtables THEN 'all tables' END, \
         'publishes ' || concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END, \
             CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END), \
         CASE WHEN p.pubviaroot THEN 'by the partitioned table' END, 'generated columns ' || {}, \
         (SELECT string_agg('table ' || r.prrelid::regclass::text || {columns} || {rows}, E'\\n' ORDER BY r.prrelid::regclass::text) \
             FROM pg_publication_rel r WHERE r.prpubid = p.oid), ({}), {}) FROM pg_publication p WHERE {}",
        owner("p.pubowner"),
        since(18, major, "nullif(p.pubgencols::text, 'n')"),
        since(
            15,
            major,
            "SELECT string_agg('schema ' || s.pnnspid::regnamespace::text, E'\\n' ORDER BY s.pnnspid::regnamespace::text) \
             FROM pg_publication_namespace s WHERE s.pnpubid = p.oid"
        ),
        comment("pg_publication", "p.oid"),
        is_own("pg_publication", "p.oid"),
    )
}

/// Where to may hold a password: only whether it is the same is told.
fn subscriptions(_: u16) -> String {
    format!(
        "SELECT 'subscription', quote_ident(s.subname), concat_ws(E'\\n', {}, CASE WHEN NOT s.subenabled THEN 'disabled' END, \
         'to ' || left(md5(s.subconninfo), 8), 'slot ' || s.subslotname, 'publications ' || {}) \
         FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = current_database()",
        owner("s.subowner"),
        options("s.subpublications"),
    )
}
