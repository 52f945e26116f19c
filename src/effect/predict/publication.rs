//! Publications: their tables are locked SHARE UPDATE EXCLUSIVE, and from then on need a replica identity.
//!
//! A table that publishes updates and deletes, but has neither a primary key nor another replica identity, refuses both.
//! Source: `CreatePublication`, `AlterPublicationTables`, `OpenTableList` in `src/backend/commands/publicationcmds.c`,
//! `CheckCmdReplicaIdentity` in `src/backend/executor/execReplication.c`; manual, CREATE PUBLICATION, Notes.
//! Observed by `fixtures/effects/publications.sql`.

use super::{Effects, Known};
use crate::{
    catalog::{ConstraintKind, ReplicaIdentity},
    effect::{Action, Effect, Harm, Lock, Reason, Role},
    sql::statement::{Ident, PublicationChange, PublicationMembers, RelationKind, RelationRef},
};

/// Adds what `CREATE PUBLICATION` does.
pub(super) fn create(name: &Ident, members: &PublicationMembers, effects: &mut Effects<'_>) {
    let publication = Publication { action: Action::CreatePublication, name };
    if let PublicationMembers::Some { tables, schemas, .. } = members
        && tables.is_empty()
        && schemas.is_empty()
    {
        effects.push(Effect::of(publication.action).object(name.clone()));
    }
    publication.add(members, effects);
}

/// Adds what `ALTER PUBLICATION` does. SET also opens the tables that leave.
pub(super) fn alter(name: &Ident, change: &PublicationChange, effects: &mut Effects<'_>) {
    let publication = Publication { action: Action::AlterPublication, name };
    match change {
        PublicationChange::Add(members) => publication.add(members, effects),
        PublicationChange::Set(members) => {
            publication.add(members, effects);
            let before = effects.catalog.publication(name).map(|it| effects.all(&it.tables));
            for table in before.unwrap_or_default() {
                effects.push(publication.locked(&table, Role::Subject));
            }
        }
        PublicationChange::Drop(PublicationMembers::Some { tables, .. }) => {
            for (table, role) in opened(tables, effects) {
                effects.push(publication.locked(&table, role));
            }
        }
        PublicationChange::Drop(PublicationMembers::AllTables)
        | PublicationChange::Options
        | PublicationChange::RenameTo(_)
        | PublicationChange::OwnerTo => effects.push(Effect::of(publication.action).object(name.clone())),
    }
}

struct Publication<'s> {
    action: Action,
    name: &'s Ident,
}

impl Publication<'_> {
    fn locked(&self, table: &Known<'_>, role: Role) -> Effect {
        Effect::on(self.action, table, Lock::ShareUpdateExclusive).role(role).object(self.name.clone())
    }

    fn add(&self, members: &PublicationMembers, effects: &mut Effects<'_>) {
        match members {
            // Neither the tables of a schema nor all tables are locked.
            PublicationMembers::AllTables => self.warn_of(None, effects),
            PublicationMembers::Some { tables, schemas, .. } => {
                if !schemas.is_empty() && effects.major < 15 {
                    let detail = "FOR TABLES IN SCHEMA needs PostgreSQL 15";
                    effects.fails(self.action, None, Reason::Version, "42601", detail);
                    return;
                }
                for (table, role) in opened(tables, effects) {
                    effects.push(refused(&table, self.locked(&table, role), effects));
                }
                for schema in schemas {
                    self.warn_of(Some(schema), effects);
                }
            }
        }
    }

    /// The tables that are published without being locked, and then refuse updates.
    fn warn_of(&self, schema: Option<&Ident>, effects: &mut Effects<'_>) {
        effects.push(Effect::of(self.action).object(self.name.clone()));
        for table in effects.tables_in(schema.map(Ident::as_str)) {
            let mut effect = refused(&table, self.locked(&table, Role::Subject), effects);
            effect.lock = None;
            if effect.because.is_some() {
                effects.push(effect);
            }
        }
    }
}

/// The tables that a list opens: with their inheritance children, but without partitions, whose parent stands for them.
fn opened<'a>(tables: &[RelationRef], effects: &Effects<'a>) -> Vec<(Known<'a>, Role)> {
    let mut found = Vec::new();
    for table in tables {
        let known = effects.known(&table.name, RelationKind::Table);
        let spreads = !table.only && known.relation.kind == RelationKind::Table;
        let children = if spreads { effects.descendants(&known) } else { Vec::new() };
        found.push((known, Role::Subject));
        found.extend(children.into_iter().map(|it| (it, Role::Child)));
    }
    found
}

/// The effect, and that updates fail from now on if nothing tells the table's rows apart.
fn refused(table: &Known<'_>, effect: Effect, effects: &Effects<'_>) -> Effect {
    let lacks = |known: &Known<'_>| {
        known.is_complete()
            && known.relation.kind == RelationKind::Table
            && known.entry.is_some_and(|it| match it.replica_identity {
                Some(ReplicaIdentity::Nothing) => true,
                Some(ReplicaIdentity::Full | ReplicaIdentity::Index(_)) => false,
                None => !it.constraints.iter().any(|it| matches!(it.kind, ConstraintKind::PrimaryKey { .. })),
            })
    };
    let leaves = table.entry.map_or_else(Vec::new, |it| effects.descendants(&effects.entry(it)));
    let is_partitioned = table.relation.kind == RelationKind::PartitionedTable;
    if lacks(table) || is_partitioned && leaves.iter().any(lacks) {
        effect.because(Reason::NoReplicaIdentity).harm(Harm::BreaksWriters)
    } else {
        effect
    }
}
