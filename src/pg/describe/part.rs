//! What the queries of all kinds of objects share.

/// That an object is somebody's own: neither the server's nor an extension's.
pub(super) fn is_own(catalog: &str, oid: &str) -> String {
    format!(
        "{oid} >= 16384 AND NOT EXISTS (SELECT FROM pg_depend dep WHERE dep.classid = '{catalog}'::regclass \
         AND dep.objid = {oid} AND dep.deptype = 'e')"
    )
}

/// The line of an object's comment; NULL without one.
pub(super) fn comment(catalog: &str, oid: &str) -> String {
    format!("'comment ' || quote_literal(obj_description({oid}, '{catalog}'))")
}

/// The line of an object's owner.
pub(super) fn owner(column: &str) -> String {
    format!("'owner ' || quote_ident(pg_get_userbyid({column}))")
}

/// The lines of what differs in the privileges `acl` from those that an object of this kind has when it is made; NULL if nothing does.
///
/// The kinds are those of `acldefault` (manual, System Information Functions).
pub(super) fn privileges(kind: char, acl: &str, owner: &str) -> String {
    let explode =
        |acl: &str| format!("SELECT grantor, grantee, privilege_type, is_grantable FROM aclexplode({acl})");
    let usual = format!("acldefault('{kind}', {owner})");
    let now = explode(&format!("coalesce({acl}, {usual})"));
    let usual = explode(&usual);
    format!(
        "(SELECT string_agg(line, E'\\n' ORDER BY line) FROM (SELECT word || privilege_type \
         || ' to ' || CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END \
         || CASE WHEN is_grantable THEN ' with grant option' ELSE '' END \
         || CASE WHEN grantor <> {owner} THEN ' by ' || quote_ident(pg_get_userbyid(grantor)) ELSE '' END AS line \
         FROM (SELECT 'grants ' AS word, g.* FROM ({now} EXCEPT {usual}) g \
         UNION ALL SELECT 'does not grant ', r.* FROM ({usual} EXCEPT {now}) r) changed) lines)"
    )
}

/// Options as one text, in the order of their names; NULL without any.
pub(super) fn options(array: &str) -> String {
    format!("(SELECT string_agg(option, ', ' ORDER BY option) FROM unnest({array}) option)")
}

/// Wraps a column that only servers from `since` on have; others have `NULL` there.
pub(super) fn since(since: u16, major: u16, sql: &str) -> String {
    if major >= since { sql.to_owned() } else { "NULL".to_owned() }
}
