//! Tables that lack something.

use super::{super::replay::Ran, About};
use crate::{
    catalog::{Catalog, Constraint, ConstraintKind, Relation},
    sql::statement::{Persistence, RelationKind, StatementKind},
};

/// The tables that a statement makes and that are there at the end.
pub(super) fn plain<'c>(ran: &Ran, catalog: &'c Catalog) -> impl Iterator<Item = &'c Relation> {
    let is_plain = |it: &&Relation| {
        it.complete
            && it.persistence != Persistence::Temporary
            && matches!(it.kind, RelationKind::Table | RelationKind::PartitionedTable)
            && it.parents.is_empty()
    };
    ran.makes.iter().filter_map(|it| catalog.find(it)).map(|it| &**it).filter(is_plain)
}

/// The tables that `CREATE TABLE` makes.
pub(super) fn made(ran: &Ran, catalog: &Catalog) -> Vec<About> {
    if ran.outcome.statement != StatementKind::CreateTable {
        return Vec::new();
    }
    plain(ran, catalog).map(|it| About::PrimaryKey { table: it.oid }).collect()
}

/// The table, unless it has a primary key.
pub(super) fn without_key(table: &Relation) -> Option<String> {
    let is_key = |it: &Constraint| matches!(it.kind, ConstraintKind::PrimaryKey { .. });
    (!table.constraints.iter().any(is_key)).then(|| table.name.to_string())
}
