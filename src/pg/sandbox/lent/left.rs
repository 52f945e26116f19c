//! What runs left on a server when they were killed: it is dropped, if nobody is there any more.

use std::collections::BTreeSet;

use super::{
    super::{super::Session, dropping},
    name::{APPLICATION, LOCK_CLASS, MARK, Tag},
};
use crate::error::Error;

/// Drops the databases of runs that have ended, and tells of each.
pub(super) fn sweep(session: &Session) -> Result<Vec<String>, Error> {
    let databases = session.rows(&format!(
        "SELECT d.datname, pg_catalog.shobj_description(d.oid, 'pg_database'), \
         pg_catalog.pg_has_role(d.datdba, 'MEMBER'), count(a.pid), \
         count(a.pid) FILTER (WHERE a.application_name IS DISTINCT FROM '{APPLICATION}') \
         FROM pg_catalog.pg_database d LEFT JOIN pg_catalog.pg_stat_activity a ON a.datid = d.oid \
            AND a.backend_type IS DISTINCT FROM 'autovacuum worker' \
         WHERE d.datname LIKE 'lockkeeper%' GROUP BY d.oid, d.datname, d.datdba ORDER BY d.datname"
    ))?;
    // After the databases: who has made one since holds its lock.
    let living = session.rows(&format!(
        "SELECT objid FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND classid = {LOCK_CLASS} AND objsubid = 2"
    ))?;
    let living: BTreeSet<u32> = living.iter().filter_map(|it| it.number(0)).collect();
    let mut said = Vec::new();
    for row in &databases {
        let name = row.text(0);
        let Some(tag) = Tag::of(name) else { continue };
        let is_marked = row.text(1).is_empty() || row.text(1).starts_with(MARK);
        if living.contains(&tag.key()) || !is_marked {
            continue;
        }
        let n_others: u32 = row.number(4).unwrap_or_default();
        if !row.is_true(2) {
            said.push(format!("left by a run that was killed, and of another role: {name}"));
        } else if n_others > 0 {
            said.push(format!("left by a run that was killed, and {n_others} sessions are there: {name}"));
        } else {
            // Whoever is there is a statement of that run, which the server has not yet noticed the end of.
            match session.batch(&dropping(name)) {
                Ok(()) => said.push(format!("left by a run that was killed, and dropped now: {name}")),
                // Another run may sweep at the same time.
                Err(error) => said.push(format!("left by a run that was killed: {name} ({error})")),
            }
        }
    }
    Ok(said)
}
