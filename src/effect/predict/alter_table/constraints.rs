//! Constraints: added, validated, altered, dropped.
//!
//! Only a foreign key is added under SHARE ROW EXCLUSIVE, on both tables; everything else needs ACCESS EXCLUSIVE.
//! Source: `ATExecAddConstraint`, `ATAddForeignKeyConstraint`, `ATExecValidateConstraint`, `ATExecDropConstraint` in
//! `src/backend/commands/tablecmds.c`; `RI_Initial_Check` in `src/backend/utils/adt/ri_triggers.c`; manual, ALTER TABLE.
//! Observed by `fixtures/effects/constraints*.sql`.

use super::{
    Altered, add_index,
    columns::{self, NotNull},
    drop_constraint,
};
use crate::{
    catalog::ConstraintKind,
    effect::{
        Action, Effect, Harm, Lock, Manner, Reason, Role, Work,
        predict::{Effects, Known},
    },
    sql::statement::{
        AlterAction, AlterConstraint, ConstraintOptions, Ident, Name, RelationKind, TableConstraint,
        TableConstraintKind,
    },
};

/// Adds what an action on a constraint does.
pub(super) fn predict(action: &AlterAction, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    match action {
        AlterAction::AddConstraint(constraint) => add(constraint, altered, effects),
        AlterAction::ValidateConstraint { name } => validate(name, altered, effects),
        AlterAction::AlterConstraint { name, change } => alter(name, *change, altered, effects),
        AlterAction::DropConstraint { name, if_exists, cascade } => {
            drop_constraint::predict(name, *if_exists, *cascade, altered, effects);
        }
        _ => {}
    }
}

fn add(constraint: &TableConstraint, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    if effects.major >= 18 {
        // Since 18 every kind of constraint is prepared for recursion, so that all descendants are locked even where it stays here.
        for child in &altered.children {
            effects.push(altered.on_child(Action::AddConstraint, child));
        }
    }
    let named = |effect: Effect| match &constraint.name {
        Some(name) => effect.object(name.clone()),
        None => effect,
    };
    match &constraint.kind {
        TableConstraintKind::Check(_) => {
            add_check(named(altered.on_table(Action::AddCheck)), constraint, altered, effects);
        }
        TableConstraintKind::NotNull { column } => {
            add_not_null(column, &named(altered.on_table(Action::AddNotNull)), constraint, altered, effects);
        }
        TableConstraintKind::ForeignKey { table, columns, .. } => {
            let key = ForeignKey {
                action: Action::AddForeignKey,
                because: None,
                object: constraint.name.clone().unwrap_or_else(|| columns.join(", ").into()),
                validates: !constraint.options.not_valid && !constraint.options.not_enforced,
                not_valid: constraint.options.not_valid,
            };
            add_foreign_key(&key, table, altered, effects);
        }
        _ => add_index::predict(constraint, altered, effects),
    }
}

/// A CHECK spreads to the children unless it says NO INHERIT. NOT ENFORCED (18) tests nothing.
fn add_check(
    effect: Effect,
    constraint: &TableConstraint,
    altered: &Altered<'_, '_>,
    effects: &mut Effects<'_>,
) {
    let ConstraintOptions { not_valid, not_enforced, no_inherit, .. } = constraint.options;
    let mut effect =
        effect.manner_if(not_valid, Manner::NotValid).manner_if(not_enforced, Manner::NotEnforced);
    if !not_enforced {
        effect = effect.harm(Harm::BreaksWriters);
    }
    if !not_valid && !not_enforced {
        effect = effect.because(Reason::Validation).work(&[Work::Scan]).harm(Harm::MayFail);
    }
    if no_inherit {
        effects.push(effect);
    } else {
        altered.spread(&effect, effects);
    }
}

/// `ADD CONSTRAINT … NOT NULL column`, 18 and later.
fn add_not_null(
    column: &Ident,
    effect: &Effect,
    constraint: &TableConstraint,
    altered: &Altered<'_, '_>,
    effects: &mut Effects<'_>,
) {
    if effects.major < 18 {
        let detail = "NOT NULL as a table constraint needs PostgreSQL 18";
        effects.fails(Action::AddNotNull, Some(&altered.table), Reason::Version, "42601", detail);
        return;
    }
    let not_valid = constraint.options.not_valid;
    let members: Vec<(Known<'_>, Role)> = altered.family().map(|(it, role)| (it.clone(), role)).collect();
    for (member, role) in members {
        let mut effect = effect.clone().role(role).manner_if(not_valid, Manner::NotValid);
        effect.relation = Some(member.relation.clone());
        let stays_here = constraint.options.no_inherit && role == Role::Child;
        match columns::knowledge(column, &member) {
            _ if stays_here => {}
            NotNull::Already => {}
            NotNull::Proven => effect = effect.because(Reason::Proven),
            NotNull::Unproven => {
                effect = effect.harm(Harm::BreaksWriters);
                if !not_valid && super::has_rows(member.relation.kind) {
                    effect = effect.because(Reason::Validation).work(&[Work::Scan]).harm(Harm::MayFail);
                }
            }
        }
        effects.push(effect);
    }
}

/// A foreign key that is added, by a table constraint or with its column.
pub(super) struct ForeignKey {
    /// What adds it.
    pub(super) action: Action,
    /// What the effects are because of.
    pub(super) because: Option<Reason>,
    /// Its name or its column.
    pub(super) object: Ident,
    /// Whether existing rows are tested.
    pub(super) validates: bool,
    /// `NOT VALID`.
    pub(super) not_valid: bool,
}

/// Both tables are locked SHARE ROW EXCLUSIVE for the constraint's triggers; the test reads both and opens all their indexes.
pub(super) fn add_foreign_key(
    key: &ForeignKey,
    referenced: &Name,
    altered: &Altered<'_, '_>,
    effects: &mut Effects<'_>,
) {
    let partner = effects.known(referenced, RelationKind::Table);
    let is_partitioned = altered.table.relation.kind == RelationKind::PartitionedTable;
    if is_partitioned && altered.alter.only && altered.table.entry.is_some_and(|it| !it.children.is_empty()) {
        let detail = "a foreign key of a partitioned table cannot be added with ONLY";
        effects.fails(key.action, Some(&altered.table), Reason::Partitioned, "42809", detail);
        return;
    }
    if key.not_valid && is_partitioned && effects.major < 18 {
        let detail = "a foreign key of a partitioned table cannot be NOT VALID before PostgreSQL 18";
        effects.fails(key.action, Some(&altered.table), Reason::Partitioned, "42809", detail);
        return;
    }
    let mut effect = Effect::of(key.action).object(key.object.clone());
    effect.because = key.because;
    effect = effect.manner_if(key.not_valid, Manner::NotValid);
    // Of a table without rows there is nothing to look up, and no row of the other is in anyone's way.
    let is_empty = altered.table.entry.is_some_and(|it| effects.catalog.is_empty(it));
    // An application that does not know a new column writes its default only.
    if key.action != Action::AddColumn && !is_empty {
        effect = effect.harm(Harm::BreaksWriters);
    }
    effect = effect.manner_if(is_empty, Manner::Empty);
    if key.validates && !is_empty {
        effect = effect.harm(Harm::MayFail);
        effect.because = effect.because.or(Some(Reason::Validation));
    }
    let children = if is_partitioned { altered.children.clone() } else { Vec::new() };
    let own_lock = altered.lock.max(Lock::ShareRowExclusive);
    let referencing = Side {
        root: &altered.table,
        children: &children,
        lock: own_lock,
        role: Role::Subject,
        leaves_are_read: false,
    };
    referencing.add(&effect, key.validates, effects);
    if partner.relation.name == altered.table.relation.name {
        if key.validates && is_partitioned && effects.major >= 16 {
            for member in std::iter::once(&partner).chain(&children) {
                read_indexes(key.action, member, effects);
            }
        }
        return;
    }
    let partner_children = effects.partitions(&partner);
    let lock = Lock::ShareRowExclusive;
    let referenced = Side {
        root: &partner,
        children: &partner_children,
        lock,
        role: Role::Referenced,
        leaves_are_read: false,
    };
    referenced.add(&effect, key.validates, effects);
}

/// One side of a foreign key, with its partitions.
struct Side<'k, 'a> {
    root: &'k Known<'a>,
    children: &'k [Known<'a>],
    lock: Lock,
    role: Role,
    /// Whether the partitions of `root` need no lock of their own beyond being read.
    leaves_are_read: bool,
}

impl Side<'_, '_> {
    fn add(&self, effect: &Effect, validates: bool, effects: &mut Effects<'_>) {
        for member in std::iter::once(self.root).chain(self.children) {
            let mut effect = effect.clone();
            effect.relation = Some(member.relation.clone());
            effect.lock = Some(self.lock);
            effect.role = match self.role {
                Role::Subject if member.relation.name != self.root.relation.name => Role::Child,
                role => role,
            };
            let works = validates && super::has_rows(member.relation.kind);
            if works {
                effect = effect.work(&[Work::Scan]).manner_if(true, Manner::ForeignKey);
            }
            // Partitions of a referenced table are only read.
            if self.leaves_are_read && member.relation.name != self.root.relation.name {
                effect.lock = Some(Lock::AccessShare);
            }
            let action = effect.action;
            effects.push(effect);
            // The planner opens every index of what it reads, since 16 those of a partitioned table too.
            let is_planned = matches!(self.role, Role::Referenced) && effects.major >= 16;
            if works || validates && is_planned && member.relation.kind == RelationKind::PartitionedTable {
                read_indexes(action, member, effects);
            }
        }
    }
}

/// The planner opens every index of a table that a validating query reads.
pub(super) fn read_indexes(action: Action, table: &Known<'_>, effects: &mut Effects<'_>) {
    let Some(entry) = table.entry else { return };
    for index in effects.all(&entry.indexes) {
        effects.lock(action, &index, Role::Index, Lock::AccessShare);
    }
}

/// The other side of a foreign key that is tested again because its column was written again.
pub(super) fn test_again(action: Action, partner: &Known<'_>, role: Role, effects: &mut Effects<'_>) {
    let effect = Effect::of(action).because(Reason::ForeignKeyColumn).harm(Harm::MayFail);
    let children = effects.partitions(partner);
    // Before 15 a partitioned table's own triggers are left alone.
    let weak = effects.major < 15 && partner.relation.kind == RelationKind::PartitionedTable;
    let lock = if weak { Lock::ShareRowExclusive } else { Lock::AccessExclusive };
    Side { root: partner, children: &children, lock, role, leaves_are_read: false }
        .add(&effect, true, effects);
}

/// A constraint that is valid already is not tested again.
fn validate(name: &Ident, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    let found = altered.table.entry.and_then(|it| it.constraint(name));
    let session = &effects.catalog.session;
    let same_statement = altered.alter.actions.iter().any(|it| {
        matches!(it, AlterAction::AddConstraint(added) if added.name.as_ref() == Some(name) && added.options.not_valid)
    });
    let same_transaction =
        session.open.is_some() && found.is_some_and(|it| it.added_in == Some(session.transaction));
    let effect = altered
        .on_table(Action::ValidateConstraint)
        .object(name.clone())
        .because(Reason::Validation)
        .manner_if(same_statement, Manner::SameStatement)
        .manner_if(same_transaction, Manner::SameTransaction);
    let added_here = altered.alter.actions.iter().find_map(|it| match it {
        AlterAction::AddConstraint(added) if added.name.as_ref() == Some(name) => Some(&added.kind),
        _ => None,
    });
    match (found.map(|it| (&it.kind, it.valid)), added_here) {
        (Some((_, true)), _) => {
            effects.push(altered.on_table(Action::ValidateConstraint).object(name.clone()));
        }
        (Some((ConstraintKind::ForeignKey { referenced, .. }, false)), _) => {
            let partners = effects.all(&[*referenced]);
            validate_foreign_key(effect, partners.first(), altered, effects);
        }
        (None, Some(TableConstraintKind::ForeignKey { table, .. })) => {
            let partner = effects.known(table, RelationKind::Table);
            validate_foreign_key(effect, Some(&partner), altered, effects);
        }
        (Some(_) | None, _) => {
            if found.is_none() && added_here.is_none() && altered.table.is_complete() {
                let detail = format!("constraint {name} does not exist");
                effects.fails(
                    Action::ValidateConstraint,
                    Some(&altered.table),
                    Reason::Missing,
                    "42704",
                    detail,
                );
                return;
            }
            altered.spread(&effect.work(&[Work::Scan]).harm(Harm::MayFail), effects);
        }
    }
}

/// Only ROW SHARE on the referenced table: its rows are read as by SELECT … FOR KEY SHARE.
fn validate_foreign_key(
    effect: Effect,
    partner: Option<&Known<'_>>,
    altered: &Altered<'_, '_>,
    effects: &mut Effects<'_>,
) {
    let own_children: &[Known<'_>] =
        if altered.table.relation.kind == RelationKind::PartitionedTable { &altered.children } else { &[] };
    let effect = effect.harm(Harm::MayFail);
    Side {
        root: &altered.table,
        children: own_children,
        lock: altered.lock,
        role: Role::Subject,
        leaves_are_read: false,
    }
    .add(&effect, true, effects);
    let Some(partner) = partner.filter(|it| it.relation.name != altered.table.relation.name) else { return };
    let children = effects.partitions(&partner.clone());
    Side {
        root: partner,
        children: &children,
        lock: Lock::RowShare,
        role: Role::Referenced,
        leaves_are_read: true,
    }
    .add(&effect, true, effects);
}

fn alter(name: &Ident, change: AlterConstraint, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    let effect = altered.on_table(Action::AlterConstraint).object(name.clone());
    let found = altered.table.entry.and_then(|it| it.constraint(name)).map(|it| &it.kind);
    match (change, found) {
        (AlterConstraint::Enforced, Some(ConstraintKind::ForeignKey { referenced, .. })) => {
            let partners = effects.all(&[*referenced]);
            let effect = effect.because(Reason::Validation).harm(Harm::MayFail);
            let own = Side {
                root: &altered.table,
                children: &[],
                lock: altered.lock,
                role: Role::Subject,
                leaves_are_read: false,
            };
            own.add(&effect, true, effects);
            for partner in &partners {
                let lock = Lock::ShareRowExclusive;
                Side { root: partner, children: &[], lock, role: Role::Referenced, leaves_are_read: false }
                    .add(&effect, true, effects);
            }
        }
        (AlterConstraint::Inherit, Some(ConstraintKind::NotNull { column })) => {
            effects.push(effect.clone());
            for child in &altered.children {
                let mut on_child = altered.on_child(Action::AlterConstraint, child).object(name.clone());
                if matches!(columns::knowledge(column, child), NotNull::Unproven)
                    && super::has_rows(child.relation.kind)
                {
                    on_child = on_child.because(Reason::Validation).work(&[Work::Scan]).harm(Harm::MayFail);
                }
                effects.push(on_child);
            }
        }
        (AlterConstraint::Enforced, _) => {
            altered.spread(&effect.because(Reason::Validation).work(&[Work::Scan]), effects);
        }
        (AlterConstraint::NotEnforced, Some(ConstraintKind::ForeignKey { referenced, .. })) => {
            effects.push(effect);
            for partner in effects.all(&[*referenced]) {
                effects.lock(Action::AlterConstraint, &partner, Role::Referenced, Lock::AccessExclusive);
            }
        }
        _ => altered.spread(&effect, effects),
    }
}
