//! What other objects are in: the database, its schemas, extensions, languages and collations.

use super::{
    Part,
    part::{comment, is_own, owner, privileges, since},
};

pub(super) const PARTS: &[Part] = &[database, schemas, extensions, languages, collations, access_methods];

/// Only the settings: the name, the owner and the privileges of a throwaway database are not those of any other.
fn database(_: u16) -> String {
    "SELECT 'database', 'settings', string_agg(CASE WHEN s.setrole = 0 THEN '' \
     ELSE 'for ' || quote_ident(pg_get_userbyid(s.setrole)) || ' ' END || setting, E'\\n' ORDER BY s.setrole::regrole::text, setting) \
     FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) setting \
     WHERE d.datname = current_database() HAVING count(*) > 0"
        .to_owned()
}

fn schemas(_: u16) -> String {
    format!(
        "SELECT 'schema', quote_ident(nspname), concat_ws(E'\\n', {}, {}, {}) FROM pg_namespace n \
         WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%' \
         AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_namespace'::regclass \
         AND e.objid = n.oid AND e.deptype = 'e')",
        owner("nspowner"),
        privileges('n', "nspacl", "nspowner"),
        comment("pg_namespace", "n.oid"),
    )
}

fn extensions(_: u16) -> String {
    format!(
        "SELECT 'extension', quote_ident(extname), concat_ws(E'\\n', 'version ' || extversion, \
         'schema ' || extnamespace::regnamespace::text, {}) FROM pg_extension x",
        comment("pg_extension", "x.oid"),
    )
}

fn languages(_: u16) -> String {
    format!(
        "SELECT 'language', quote_ident(lanname), concat_ws(E'\\n', {}, \
         CASE WHEN lanpltrusted THEN 'trusted' END, {}, {}) FROM pg_language l WHERE {}",
        owner("lanowner"),
        privileges('l', "lanacl", "lanowner"),
        comment("pg_language", "l.oid"),
        is_own("pg_language", "l.oid"),
    )
}

fn collations(major: u16) -> String {
    let locale = match major {
        ..=14 => "collcollate, collctype",
        15..=16 => "collcollate, collctype, colliculocale",
        _ => "collcollate, collctype, colllocale",
    };
    format!(
        "SELECT 'collation', format('%s.%I', collnamespace::regnamespace, collname), concat_ws(E'\\n', {}, \
         'provider ' || collprovider::text, 'locale ' || concat_ws(' ', {locale}), 'rules ' || {}, \
         CASE WHEN NOT collisdeterministic THEN 'not deterministic' END, {}) FROM pg_collation c WHERE {}",
        owner("collowner"),
        since(16, major, "collicurules"),
        comment("pg_collation", "c.oid"),
        is_own("pg_collation", "c.oid"),
    )
}

fn access_methods(_: u16) -> String {
    format!(
        "SELECT 'access method', quote_ident(amname), concat_ws(E'\\n', 'type ' || amtype::text, \
         'handler ' || amhandler::regproc::text, {}) FROM pg_am m WHERE {}",
        comment("pg_am", "m.oid"),
        is_own("pg_am", "m.oid"),
    )
}
