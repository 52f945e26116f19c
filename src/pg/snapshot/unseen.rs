//! What the role may not see, so that nobody takes its absence for rest.

use super::{ask::Ask, sample::OURS};
use crate::{error::Error, traffic::sample::Identity};

/// One line for each thing, without names.
pub(super) fn of_role(ask: &Ask<'_>, identity: &Identity) -> Result<Vec<String>, Error> {
    let mut unseen = Vec::new();
    if !identity.sees_transactions {
        unseen.push("transactions of other roles: GRANT pg_monitor to the role".to_owned());
    }
    let query = format!(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE {OURS} AND (NOT has_any_column_privilege(c.oid, 'SELECT') OR row_security_active(c.oid))"
    );
    let n_hidden: u64 =
        ask.rows("the privileges", &query)?.first().and_then(|it| it.number(0)).unwrap_or_default();
    if n_hidden > 0 {
        let tables = if n_hidden == 1 { "table" } else { "tables" };
        unseen.push(format!(
            "how much of their columns is NULL in {n_hidden} {tables}: the role may not SELECT all rows"
        ));
    }
    Ok(unseen)
}
