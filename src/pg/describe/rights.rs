//! Who may do what: policies, the privileges that new objects get, and what was changed of those of the server's own objects.

use super::{
    Part,
    part::{comment, is_own},
};

pub(super) const PARTS: &[Part] = &[policies, default_privileges, of_the_server];

fn policies(_: u16) -> String {
    format!(
        "SELECT 'policy', format('%s on %s', quote_ident(p.polname), p.polrelid::regclass), concat_ws(E'\\n', \
         CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END || ' for ' || CASE p.polcmd WHEN 'r' THEN 'select' \
             WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all' END \
             || ' to ' || (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ' \
                 ORDER BY pg_get_userbyid(r)) FROM unnest(p.polroles) r), \
         'using ' || pg_get_expr(p.polqual, p.polrelid), 'with check ' || pg_get_expr(p.polwithcheck, p.polrelid), {}) \
         FROM pg_policy p WHERE {}",
        comment("pg_policy", "p.oid"),
        is_own("pg_policy", "p.oid"),
    )
}

fn default_privileges(_: u16) -> String {
    "SELECT 'default privileges', concat_ws(' ', 'of', quote_ident(pg_get_userbyid(d.defaclrole)), \
     'in ' || nullif(d.defaclnamespace, 0)::regnamespace::text, 'on', CASE d.defaclobjtype WHEN 'r' THEN 'tables' \
     WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE d.defaclobjtype::text END), \
     (SELECT string_agg(item::text, E'\\n' ORDER BY item::text) FROM unnest(d.defaclacl) item) FROM pg_default_acl d"
        .to_owned()
}

/// Only what differs from what the server was made with.
fn of_the_server(_: u16) -> String {
    let changed = |kind: &str, catalog: &str, name: &str, acl: &str| {
        format!(
            "SELECT '{kind}', {name}, (SELECT string_agg(item::text, E'\\n' ORDER BY item::text) FROM unnest({acl}) item) \
             FROM {catalog} o WHERE o.oid < 16384 AND {acl} IS NOT NULL AND {acl} IS DISTINCT FROM \
             (SELECT i.initprivs FROM pg_init_privs i WHERE i.classoid = '{catalog}'::regclass AND i.objoid = o.oid AND i.objsubid = 0)"
        )
    };
    [
        changed("privileges on function", "pg_proc", "o.oid::regprocedure::text", "o.proacl"),
        changed("privileges on relation", "pg_class", "o.oid::regclass::text", "o.relacl"),
        changed("privileges on type", "pg_type", "format_type(o.oid, NULL)", "o.typacl"),
        changed("privileges on language", "pg_language", "quote_ident(o.lanname)", "o.lanacl"),
    ]
    .join(" UNION ALL ")
}
