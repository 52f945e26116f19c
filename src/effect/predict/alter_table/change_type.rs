//! `ALTER COLUMN … TYPE`.
//!
//! The heap is written again unless the old values are valid values of the new type as they are ([`type_change`]).
//! Whatever hangs on the column is dropped and made again: its indexes (kept as they are when nothing of them changes), its CHECK
//! constraints (tested again), its foreign keys on both sides (tested again after a rewrite).
//! Source: `ATPrepAlterColumnType`, `ATExecAlterColumnType`, `ATPostAlterTypeCleanup`, `TryReuseIndex`, `TryReuseForeignKey` in
//! `src/backend/commands/tablecmds.c`; `CheckIndexCompatible` in `src/backend/commands/indexcmds.c`.
//! Observed by `fixtures/effects/alter-type*.sql`.

use super::{
    super::type_change::{self, Change},
    Altered, columns, constraints, rebuild,
};
use crate::{
    catalog::{Column, ConstraintKind, Fill},
    effect::{
        Action, Effect, Harm, Lock, Reason, Role, Work,
        predict::{Effects, Known},
    },
    sql::statement::{AlterAction, Expr, ExprShape, Ident, Name, RelationKind, TypeName},
};

/// Adds what the change of type does.
pub(super) fn predict(
    column: &Ident,
    ty: &TypeName,
    collation: Option<&Name>,
    using: Option<&Expr>,
    altered: &Altered<'_, '_>,
    effects: &mut Effects<'_>,
) {
    if refuse(column, altered, effects) {
        return;
    }
    let members: Vec<(Known<'_>, Role)> = altered.family().map(|(it, role)| (it.clone(), role)).collect();
    for (member, role) in &members {
        let old = member.entry.and_then(|it| it.column(column));
        let changed = Changed { column, ty, collation, using, old, member, role: *role };
        changed.add(altered, effects);
    }
}

/// What must fail: a generated column, a policy or the partition key depends on the column.
fn refuse(column: &Ident, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) -> bool {
    let Some(entry) = altered.table.entry else { return false };
    let generated = entry.columns.iter().find(|it| it.generated_from.contains(column));
    let policy = entry.policies.iter().find(|it| it.columns.contains(column));
    let view = rebuild::view_that_reads(column, &altered.table, effects);
    let in_key = entry.partitioning.as_ref().is_some_and(|it| it.columns.contains(column));
    let (sqlstate, detail) = match (generated, policy, view, in_key) {
        // Before 15 the error has the class of a syntax error.
        (Some(generated), ..) => (
            if effects.major < 15 { "42601" } else { "0A000" },
            format!("generated column {} reads it", generated.name),
        ),
        (_, Some(policy), ..) => ("0A000", format!("policy {} reads it", policy.name)),
        (_, _, Some(view), _) => ("0A000", format!("{} reads it", view.relation.name)),
        (.., true) => ("42P16", "it is part of the partition key".to_owned()),
        (None, None, None, false) => return false,
    };
    let because = Reason::DependedOn;
    effects.fails(Action::AlterColumnType, Some(&altered.table), because, sqlstate, detail);
    true
}

/// The change on one table of the family.
struct Changed<'c, 'a> {
    column: &'c Ident,
    ty: &'c TypeName,
    collation: Option<&'c Name>,
    using: Option<&'c Expr>,
    old: Option<&'c Column>,
    member: &'c Known<'a>,
    role: Role,
}

impl Changed<'_, '_> {
    fn add(&self, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
        let change = self.change(effects);
        let mut effect = altered.on_table(Action::AlterColumnType).object(self.column.clone());
        effect.relation = Some(self.member.relation.clone());
        effect = effect.detail(self.detail());
        if self.narrows() {
            effects.push(effect.clone().role(self.role).because(Reason::Narrowing).harm(Harm::MayFail));
        }
        match change {
            Change::Rewrite(reason) => {
                let mut effect = effect.because(reason).harm(Harm::BreaksReaders);
                if self.using.is_some() {
                    effect = effect.harm(Harm::MayFail);
                }
                super::rewrite(&effect, self.member, self.role, effects);
            }
            Change::Free { index_kept } => self.keep_heap(effect, index_kept, effects),
        }
        if self.old.is_some_and(|it| it.fill == Fill::Identity) && self.role == Role::Subject {
            let lock = Lock::ShareRowExclusive;
            columns::lock_sequences(Action::AlterColumnType, self.column, self.member, lock, effects);
        }
        rebuild::indexes_of_changed_column(Action::AlterColumnType, self.column, self.member, effects);
        self.test_checks(altered, effects);
        self.rebuild_foreign_keys(matches!(change, Change::Rewrite(_)), altered, effects);
    }

    fn change(&self, effects: &Effects<'_>) -> Change {
        let Some(old) = self.old.and_then(|it| it.ty.as_ref()) else {
            return Change::Rewrite(Reason::UnknownType);
        };
        let plain = match self.using.map(|it| &it.shape) {
            None => true,
            Some(ExprShape::Column(name)) => name == self.column,
            Some(ExprShape::CastColumn(name, ty)) => name == self.column && **ty == *self.ty,
            Some(_) => false,
        };
        if plain {
            type_change::of(old, self.ty, effects.catalog)
        } else {
            Change::Rewrite(Reason::TypeRewrite)
        }
    }

    /// No row is written. Indexes whose order or contents change are built again.
    fn keep_heap(&self, effect: Effect, index_kept: bool, effects: &mut Effects<'_>) {
        let collates = self.changes_collation();
        let is_rebuilt = |it: &Known<'_>| {
            let Some(index) = it.entry.and_then(|it| it.index.as_ref()) else { return true };
            let in_key = index.columns.iter().flatten().any(|it| it == self.column);
            // Expressions and predicates are not compared: their indexes are always built again. An index of a partition is made
            // by its parent's, and does not see that it could be kept.
            let opaque = index.partial || index.columns.contains(&None);
            let of_parent = it.entry.is_some_and(|it| !it.parents.is_empty());
            opaque || of_parent || in_key && (!index_kept || collates)
        };
        let has_rows = super::has_rows(self.member.relation.kind);
        let indexes = rebuild::indexes_on(self.column, self.member, effects);
        let rebuilt: Vec<_> = indexes.into_iter().filter(|it| has_rows && is_rebuilt(it)).collect();
        for index in &rebuilt {
            let effect = Effect::on(Action::AlterColumnType, index, Lock::AccessExclusive).role(Role::Index);
            effects.push(effect.work(&[Work::BuildIndex]));
        }
        let mut effect = effect.role(self.role);
        if !rebuilt.is_empty() {
            let reason = if collates { Reason::CollationChange } else { Reason::IndexedColumn };
            effect = effect.because(reason).work(&[Work::Scan, Work::BuildIndex]);
        }
        effects.push(effect);
    }

    /// `COLLATE` written, or left out where the column had one of its own.
    fn changes_collation(&self) -> bool {
        let old = self.old.and_then(|it| it.collation.as_ref()).map(|it| &it.name);
        old != self.collation.map(|it| &it.name)
    }

    /// A CHECK that names the column is tested again on every row, whatever the change.
    fn test_checks(&self, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
        // Drops run first.
        let is_dropped = |check: &Ident| {
            altered
                .alter
                .actions
                .iter()
                .any(|it| matches!(it, AlterAction::DropConstraint { name, .. } if name == check))
        };
        let is_checked = self.member.entry.is_some_and(|it| {
            it.constraints.iter().any(|it| {
                it.valid
                    && matches!(&it.kind, ConstraintKind::Check { columns, .. } if columns.contains(self.column))
                    && !is_dropped(&it.name)
            })
        });
        if is_checked && super::has_rows(self.member.relation.kind) {
            let mut effect = altered.on_table(Action::AlterColumnType).object(self.column.clone());
            effect.relation = Some(self.member.relation.clone());
            effects.push(effect.role(self.role).because(Reason::CheckedColumn).work(&[Work::Scan]));
        }
    }

    fn rebuild_foreign_keys(&self, rewritten: bool, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
        let (action, column) = (Action::AlterColumnType, self.column);
        rebuild::lock_foreign_key_partners(action, column, self.member, effects);
        if !rewritten {
            return;
        }
        // One that is NOT VALID stays so, and is not tested.
        let referencing = rebuild::validly_referencing_through(column, self.member, effects);
        let entries = self.member.entry.iter().flat_map(|it| &it.constraints).filter(|it| it.valid);
        let own: Vec<_> = entries
            .filter_map(|it| match &it.kind {
                ConstraintKind::ForeignKey { columns, referenced, .. } if columns.contains(column) => {
                    Some(*referenced)
                }
                _ => None,
            })
            .collect();
        let referenced = effects.all(&own);
        for partner in &referenced {
            constraints::test_again(action, partner, Role::Referenced, effects);
        }
        for partner in &referencing {
            constraints::test_again(action, partner, Role::Referencing, effects);
        }
        let is_inner = self.member.relation.kind == RelationKind::PartitionedTable;
        let root_is_referenced =
            !rebuild::validly_referencing_through(column, &altered.table, effects).is_empty();
        if is_inner && root_is_referenced && effects.major >= 16 {
            constraints::read_indexes(action, self.member, effects);
        }
        if !referenced.is_empty() || !referencing.is_empty() {
            let mut effect = altered.on_table(action).because(Reason::ForeignKeyColumn);
            effect.relation = Some(self.member.relation.clone());
            effects.push(effect.object(column.clone()).role(self.role));
        }
    }

    /// Whether a value may not fit the new type.
    fn narrows(&self) -> bool {
        self.using.is_none()
            && self.old.and_then(|it| it.ty.as_ref()).is_some_and(|old| type_change::narrows(old, self.ty))
    }

    fn detail(&self) -> String {
        match self.old.and_then(|it| it.ty.as_ref()) {
            Some(old) => format!("from {old} to {}", self.ty),
            None => format!("to {}", self.ty),
        }
    }
}
