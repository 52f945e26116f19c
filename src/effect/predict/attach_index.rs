//! `ALTER INDEX … ATTACH PARTITION`, and `ALTER … ALL IN TABLESPACE`.
//!
//! Source: `ATExecAttachPartitionIdx` and `AlterTableMoveAll` in `src/backend/commands/tablecmds.c`.
//! Observed by `fixtures/effects/index.sql`.

use super::{Effects, Known};
use crate::{
    effect::{Action, Effect, Lock, Role, Work},
    sql::statement::{Ident, Name, RelationKind},
};

/// Adds what attaching one index to another does: the indexes change, their tables are only looked at.
pub(super) fn attach(parent: &Name, child: &Name, effects: &mut Effects<'_>) {
    let action = Action::AttachIndex;
    let parent = effects.known(parent, RelationKind::PartitionedIndex);
    let child = effects.known(child, RelationKind::Index);
    effects.lock(action, &parent, Role::Subject, Lock::ShareUpdateExclusive);
    effects.lock(action, &child, Role::Child, Lock::AccessExclusive);
    for index in [&parent, &child] {
        let tables = index.entry.and_then(|it| it.index.as_ref()).map(|it| effects.all(&[it.table]));
        for table in tables.unwrap_or_default() {
            effects.lock(action, &table, Role::Read, Lock::AccessShare);
        }
    }
}

/// Adds what moving everything of a tablespace does: each relation of the kind is locked ACCESS EXCLUSIVE and copied.
///
/// Of the tablespace that they leave nothing is known here, so that every relation of the kind is taken to be in it.
pub(super) fn move_all(kind: RelationKind, tablespace: &Ident, effects: &mut Effects<'_>) {
    let action = Action::SetTablespace;
    let mut moved: Vec<Known<'_>> =
        effects.catalog.relations().filter(|it| it.kind == kind).map(|it| effects.entry(it)).collect();
    moved.sort_by(|a, b| a.relation.name.cmp(&b.relation.name));
    if moved.is_empty() {
        effects.push(Effect::of(action).object(tablespace.clone()).work(&[Work::Rewrite]));
    }
    for known in moved {
        let effect = Effect::on(action, &known, Lock::AccessExclusive).work(&[Work::Rewrite]);
        effects.push(effect.object(tablespace.clone()));
    }
}
