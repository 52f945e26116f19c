//! Foreign data wrappers, servers, and who is who there.

use super::{
    Part,
    part::{comment, is_own, options, owner, privileges},
};

pub(super) const PARTS: &[Part] = &[wrappers, servers, mappings];

fn wrappers(_: u16) -> String {
    format!(
        "SELECT 'foreign data wrapper', quote_ident(w.fdwname), concat_ws(E'\\n', {}, \
         'handler ' || nullif(w.fdwhandler, 0)::regprocedure::text, 'validator ' || nullif(w.fdwvalidator, 0)::regprocedure::text, \
         'options ' || {}, {}, {}) FROM pg_foreign_data_wrapper w WHERE {}",
        owner("w.fdwowner"),
        options("w.fdwoptions"),
        privileges('F', "w.fdwacl", "w.fdwowner"),
        comment("pg_foreign_data_wrapper", "w.oid"),
        is_own("pg_foreign_data_wrapper", "w.oid"),
    )
}

fn servers(_: u16) -> String {
    format!(
        "SELECT 'foreign server', quote_ident(s.srvname), concat_ws(E'\\n', {}, 'wrapper ' || quote_ident(w.fdwname), \
         'type ' || s.srvtype, 'version ' || s.srvversion, 'options ' || {}, {}, {}) \
         FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw WHERE {}",
        owner("s.srvowner"),
        options("s.srvoptions"),
        privileges('S', "s.srvacl", "s.srvowner"),
        comment("pg_foreign_server", "s.oid"),
        is_own("pg_foreign_server", "s.oid"),
    )
}

/// The options may hold a password: of what they say, only whether it is the same is told.
fn mappings(_: u16) -> String {
    "SELECT 'user mapping', format('of %s on %I', CASE u.umuser WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(u.umuser)) END, \
     s.srvname), (SELECT 'options ' || string_agg(split_part(option, '=', 1) || ' ' || left(md5(option), 8), ', ' ORDER BY option) \
     FROM unnest(u.umoptions) option) FROM pg_user_mapping u JOIN pg_foreign_server s ON s.oid = u.umserver"
        .to_owned()
}
