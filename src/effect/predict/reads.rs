//! Relations that a query reads or writes, as the planner locks them.
//!
//! The parser locks what a query names: ACCESS SHARE, ROW SHARE under FOR UPDATE and its kin, ROW EXCLUSIVE for what is written.
//! The rewriter does the same with what stands behind views (`AcquireRewriteLocks` in `src/backend/rewrite/rewriteHandler.c`).
//! The planner takes the same mode on every index of a table that it opens, used or not (`get_relation_info` in
//! `src/backend/optimizer/util/plancat.c`; the indexes of partitioned tables since 16), and on every partition and inheritance child
//! (`expand_inherited_rtentry` in `src/backend/optimizer/util/inherit.c`). Partitions that the WHERE clause rules out are spared; that is
//! not looked into here. Observed by `fixtures/effects/dml.sql`.

use super::{Effects, Known, alter_table::has_rows};
use crate::{
    effect::{Action, Effect, Lock, Role, Work, WorkSet},
    sql::statement::{Name, Query, RelationKind, RelationUse},
};

/// Views over views are followed so far: a history that cannot be run could make one over itself.
const MAX_NESTING: usize = 32;

/// What a query does to a relation that it touches.
#[derive(Clone, Copy)]
pub(super) struct Touch {
    /// The statement's action.
    pub(super) action: Action,
    /// What the relation is to the statement.
    pub(super) role: Role,
    /// The mode.
    pub(super) lock: Lock,
    /// What goes on, on every relation that has rows.
    pub(super) work: WorkSet,
}

impl Touch {
    /// Of a relation that is only read.
    pub(super) fn read(action: Action) -> Self {
        Self { action, role: Role::Read, lock: Lock::AccessShare, work: WorkSet::NONE }
    }

    pub(super) fn role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    pub(super) fn lock(self, lock: Lock) -> Self {
        Self { lock, ..self }
    }

    pub(super) fn work(self, work: &[Work]) -> Self {
        Self { work: WorkSet::of(work), ..self }
    }

    /// What the relation is to the statement when it is reached from one that is `self.role`.
    fn reached(self, role: Role) -> Self {
        self.role(if matches!(self.role, Role::Subject | Role::Child) { role } else { self.role })
    }

    /// The effect on one relation alone.
    pub(super) fn effect(self, known: &Known<'_>) -> Effect {
        let mut effect = Effect::on(self.action, known, self.lock).role(self.role);
        if has_rows(known.relation.kind) && known.relation.kind != RelationKind::Sequence {
            effect.work = self.work;
        }
        effect
    }
}

/// Whether the relation is one of the system's own, which are left out.
pub(super) fn is_system(name: &Name) -> bool {
    match &name.schema {
        Some(schema) => schema == "information_schema" || schema.starts_with("pg_"),
        None => name.name.starts_with("pg_"),
    }
}

impl<'a> Effects<'a> {
    /// Adds what planning takes on a table, its indexes and, unless `only`, its children and theirs.
    pub(super) fn touch(&mut self, known: &Known<'a>, only: bool, touch: Touch) {
        self.push(touch.effect(known));
        self.touch_around(known, only, touch);
    }

    /// Adds what planning takes besides the table itself.
    pub(super) fn touch_around(&mut self, known: &Known<'a>, only: bool, touch: Touch) {
        self.touch_indexes(known, touch);
        if only {
            return;
        }
        for child in self.descendants(known) {
            let touch = touch.reached(Role::Child);
            self.push(touch.effect(&child));
            self.touch_indexes(&child, touch);
        }
    }

    fn touch_indexes(&mut self, known: &Known<'a>, touch: Touch) {
        if known.relation.kind == RelationKind::PartitionedTable && self.major < 16 {
            return;
        }
        for index in self.indexes(known) {
            self.lock(touch.action, &index, touch.reached(Role::Index).role, touch.lock);
        }
    }

    /// Adds what reading `known` takes, through views.
    pub(super) fn read(&mut self, known: &Known<'a>, only: bool, touch: Touch) {
        self.read_nested(known, only, touch, MAX_NESTING);
    }

    fn read_nested(&mut self, known: &Known<'a>, only: bool, touch: Touch, depth: usize) {
        match (known.relation.kind, known.entry) {
            (RelationKind::View, Some(entry)) if depth > 0 => {
                self.push(touch.effect(known));
                for base in self.all(&entry.reads) {
                    self.read_nested(&base, false, touch, depth - 1);
                }
            }
            (RelationKind::Table | RelationKind::PartitionedTable | RelationKind::MaterializedView, _) => {
                self.touch(known, only, touch);
            }
            _ => self.push(touch.effect(known)),
        }
    }

    /// Adds what planning and running a query takes.
    pub(super) fn query(&mut self, query: &Query, touch: Touch) {
        for read in query.relations.iter().filter(|it| !is_system(&it.name)) {
            let known = self.known(&read.name, RelationKind::Table);
            self.read(&known, read.only, touch.lock(mode(read)));
        }
    }

    /// Adds what only analyzing a query takes: the relations that it names.
    pub(super) fn analyzed(&mut self, query: &Query, action: Action) {
        self.named(&query.relations, action);
    }

    /// Adds a lock on relations that are named, and nothing behind them.
    pub(super) fn named(&mut self, relations: &[RelationUse], action: Action) {
        for read in relations.iter().filter(|it| !is_system(&it.name)) {
            let known = self.known(&read.name, RelationKind::Table);
            self.lock(action, &known, Role::Read, mode(read));
        }
    }
}

fn mode(read: &RelationUse) -> Lock {
    if read.locks_rows { Lock::RowShare } else { Lock::AccessShare }
}
