//! What foreign keys read and write when rows change.
//!
//! The triggers behind a foreign key run queries: a row that refers to another locks that one FOR KEY SHARE; a row that goes, or whose key
//! changes, is looked for in the referring tables, which NO ACTION and RESTRICT lock FOR KEY SHARE and the other actions write.
//! Source: `RI_FKey_check`, `ri_restrict`, `RI_FKey_cascade_del`, `RI_FKey_cascade_upd`, `ri_set` in
//! `src/backend/utils/adt/ri_triggers.c`. The queries are planned, so that all indexes are locked too.
//! Whether a row is concerned is not known here: what may be locked is said to be. Observed by `fixtures/effects/dml.sql`.

use super::{Effects, Known, reads::Touch};
use crate::{
    catalog::{Column, ConstraintKind, Fill, Oid, Relation},
    effect::{Action, Lock, Manner, Role, Work},
    sql::statement::{Ident, KeyAction, RelationKind},
};

/// How the rows of a table change.
#[derive(Clone, Copy)]
pub(super) enum Change<'s> {
    /// Rows come; these columns are given, or all when none is listed.
    Insert(&'s [Ident]),
    /// These columns get other values.
    Update(&'s [Ident]),
    /// Rows go.
    Delete,
}

impl<'a> Effects<'a> {
    /// Adds what the foreign keys of and to `table`, and its partitions, do when its rows change so.
    pub(super) fn foreign_keys(&mut self, action: Action, table: &Known<'a>, change: Change<'_>) {
        let mut family = vec![table.clone()];
        family.extend(self.descendants(table));
        let mut reached = Vec::new();
        for member in &family {
            self.look_up(action, member, change);
            self.follow(action, member, change, &mut reached);
        }
    }

    /// The tables to which new or changed rows refer.
    fn look_up(&mut self, action: Action, table: &Known<'a>, change: Change<'_>) {
        let Some(entry) = table.entry else { return };
        let mut looked_up: Vec<Oid> = Vec::new();
        for constraint in entry.constraints.iter().filter(|it| it.enforced) {
            let ConstraintKind::ForeignKey { columns, referenced, .. } = &constraint.kind else { continue };
            if sets(entry, columns, change) && !looked_up.contains(referenced) {
                looked_up.push(*referenced);
            }
        }
        for referenced in self.all(&looked_up) {
            let touch = Touch::read(action).role(Role::Referenced).lock(Lock::RowShare);
            self.touch(&referenced, !is_partitioned(&referenced), touch);
        }
    }

    /// The tables whose rows refer to rows that go or change.
    fn follow(&mut self, action: Action, table: &Known<'a>, change: Change<'_>, reached: &mut Vec<Oid>) {
        let Some(entry) = table.entry else { return };
        // A key that refers to a partitioned table refers to the rows of all its partitions.
        let mut targets = vec![entry.oid];
        if entry.is_partition() {
            targets.extend(self.ancestors(table).iter().filter_map(|it| it.entry.map(|it| it.oid)));
        }
        for target in self.all(&targets) {
            let referencing = target.entry.map_or_else(Vec::new, |it| self.all(&it.referenced_by));
            for referring in referencing {
                self.act(action, &target, &referring, change, reached);
            }
        }
    }

    fn act(
        &mut self,
        action: Action,
        target: &Known<'a>,
        referring: &Known<'a>,
        change: Change<'_>,
        reached: &mut Vec<Oid>,
    ) {
        let (Some(target), Some(entry)) = (target.entry, referring.entry) else { return };
        for constraint in entry.constraints.iter().filter(|it| it.enforced && !it.inherited) {
            let ConstraintKind::ForeignKey { columns, referenced, referenced_columns, actions } =
                &constraint.kind
            else {
                continue;
            };
            let does = match change {
                Change::Delete => actions.on_delete,
                Change::Update(set) if is_key_among(target, referenced_columns, set) => actions.on_update,
                _ => continue,
            };
            if *referenced != target.oid {
                continue;
            }
            let touch = Touch::read(action).role(Role::Referencing);
            let only = !is_partitioned(referring);
            if matches!(does, KeyAction::NoAction | KeyAction::Restrict) {
                self.touch(referring, only, touch.lock(Lock::RowShare));
                continue;
            }
            self.write_referring(referring, only, touch);
            if reached.contains(&entry.oid) {
                continue;
            }
            reached.push(entry.oid);
            let next = match (does, change) {
                (KeyAction::Cascade, Change::Delete) => Change::Delete,
                _ => Change::Update(columns),
            };
            self.follow(action, referring, next, reached);
            if does == KeyAction::SetDefault {
                self.look_up(action, referring, Change::Update(columns));
            }
        }
    }

    fn write_referring(&mut self, referring: &Known<'a>, only: bool, touch: Touch) {
        let touch = touch.lock(Lock::RowExclusive);
        let written = touch.work(&[Work::WriteRows]).effect(referring);
        self.push(written.manner_if(true, Manner::Cascade));
        self.touch(referring, only, touch.work(&[Work::WriteRows]));
    }

    /// The partitioned tables above a partition.
    pub(super) fn ancestors(&self, known: &Known<'a>) -> Vec<Known<'a>> {
        let mut found: Vec<Known<'a>> = Vec::new();
        let mut waiting = self.parents(known);
        while let Some(parent) = waiting.pop() {
            if found.iter().all(|it| it.relation.name != parent.relation.name) {
                waiting.extend(self.parents(&parent));
                found.push(parent);
            }
        }
        found
    }
}

fn is_partitioned(known: &Known<'_>) -> bool {
    known.relation.kind == RelationKind::PartitionedTable
}

/// Whether a foreign key of these columns has something to look up: with any of them NULL it has not.
fn sets(table: &Relation, columns: &[Ident], change: Change<'_>) -> bool {
    match change {
        Change::Insert([]) => true,
        Change::Insert(given) => columns.iter().all(|it| {
            given.contains(it) || table.column(it).is_some_and(|it: &Column| it.fill != Fill::Null)
        }),
        Change::Update(set) => columns.iter().any(|it| set.contains(it)),
        Change::Delete => false,
    }
}

/// Whether the columns that a foreign key refers to, by default the primary key's, are among these.
fn is_key_among(table: &Relation, referenced: &[Ident], set: &[Ident]) -> bool {
    let primary = table.constraints.iter().find_map(|it| match &it.kind {
        ConstraintKind::PrimaryKey { columns, .. } => Some(columns.as_slice()),
        _ => None,
    });
    let key = if referenced.is_empty() { primary.unwrap_or_default() } else { referenced };
    key.iter().any(|it| set.contains(it))
}
