//! Tables that lack something.

use std::sync::Arc;

use super::{super::replay::Ran, About};
use crate::{
    catalog::{Catalog, Constraint, ConstraintKind, Oid, Relation},
    effect::{Action, Effect, Role, Target},
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
    ran.made().filter_map(|it| catalog.find(it)).map(|it| &**it).filter(is_plain)
}

/// The tables that `CREATE TABLE` makes, and what is asked `about` each.
pub(super) fn made(ran: &Ran, catalog: &Catalog, about: fn(Oid) -> About) -> Vec<About> {
    if ran.outcome.statement != StatementKind::CreateTable {
        return Vec::new();
    }
    plain(ran, catalog).map(|it| about(it.oid)).collect()
}

/// The table, unless it has a primary key.
pub(super) fn without_key(table: &Relation) -> Option<String> {
    let is_key = |it: &Constraint| matches!(it.kind, ConstraintKind::PrimaryKey { .. });
    (!table.constraints.iter().any(is_key)).then(|| table.name.to_string())
}

/// The tables in use that an ALTER TABLE may have left without their primary key.
pub(super) fn altered(ran: &Ran, catalog: &Catalog) -> Vec<About> {
    let drops = |it: &&Effect| {
        matches!(it.action, Action::DropConstraint | Action::DropColumn)
            && it.role == Role::Subject
            && it.relation.as_ref().is_some_and(|it| it.target == Target::Existing)
    };
    let about =
        |it: &Effect| Some(About::ReplicaIdentity { table: catalog.find(&it.relation.as_ref()?.name)?.oid });
    ran.outcome.effects.iter().filter(drops).filter_map(about).collect()
}

/// The publication of a table whose rows cannot be told apart.
pub(super) fn without_identity(table: &Relation, catalog: &Catalog) -> Option<String> {
    let has_identity = table.replica_identity.is_some() || without_key(table).is_none();
    if has_identity || !table.complete || table.kind != RelationKind::Table {
        return None;
    }
    catalog.publications_of(table).map(|it| it.name.to_string()).min()
}

/// The table, unless it has row-level security, or most of its schema has none.
pub(super) fn without_row_security(table: &Relation, catalog: &Catalog) -> Option<String> {
    let schema = table.name.schema.as_ref()?;
    if table.row_security {
        return None;
    }
    let is_other = |it: &&Arc<Relation>| {
        it.oid != table.oid
            && it.name.schema.as_ref() == Some(schema)
            && it.bound.is_none()
            && matches!(it.kind, RelationKind::Table | RelationKind::PartitionedTable)
    };
    let n_secured = catalog.with_row_security().filter(is_other).count();
    // Most schemas have few such tables: then the first others tell that those are not most.
    let n = catalog.relations().filter(is_other).take(n_secured * 2).count();
    (n < n_secured * 2).then(|| {
        format!(
            "{} has no row-level security, and {n_secured} of {n} other tables of {schema} have",
            table.name
        )
    })
}
