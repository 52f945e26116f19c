//! Constraints that are an index: UNIQUE, PRIMARY KEY and EXCLUDE, built or `USING INDEX`.
//!
//! Source: `ATExecAddIndex` and `ATExecAddIndexConstraint` in `src/backend/commands/tablecmds.c`, `DefineIndex` in
//! `src/backend/commands/indexcmds.c`. Observed by `fixtures/effects/constraints*.sql`.

use super::{
    Altered,
    columns::{self, NotNull},
};
use crate::{
    effect::{
        Action, Effect, Harm, IndexKey, Lock, Manner, Reason, Role, Work,
        predict::{Effects, Known},
    },
    sql::statement::{Ident, Name, RelationKind, TableConstraint, TableConstraintKind},
};

/// Adds what such a constraint does.
pub(super) fn predict(constraint: &TableConstraint, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) {
    use TableConstraintKind as K;
    match &constraint.kind {
        K::Unique { columns, .. } => build(Action::AddUnique, columns, constraint, altered, effects),
        K::PrimaryKey { columns, .. } => build(Action::AddPrimaryKey, columns, constraint, altered, effects),
        K::Exclude { columns } => build(Action::AddExclusion, columns, constraint, altered, effects),
        K::UniqueUsingIndex { index } => {
            use_index(Action::AddUnique, index, constraint, altered, effects);
        }
        K::PrimaryKeyUsingIndex { index } => {
            use_index(Action::AddPrimaryKey, index, constraint, altered, effects);
        }
        K::Check(_) | K::NotNull { .. } | K::ForeignKey { .. } => {}
    }
}

fn named(effect: Effect, constraint: &TableConstraint) -> Effect {
    match &constraint.name {
        Some(name) => effect.object(name.clone()),
        None => effect,
    }
}

/// What must fail, told by its SQLSTATE.
fn refuse(action: Action, key: &[Ident], altered: &Altered<'_, '_>, effects: &mut Effects<'_>) -> bool {
    let Some(entry) = altered.table.entry else { return false };
    let (because, sqlstate, detail) = if action == Action::AddPrimaryKey && altered.keeps_primary_key() {
        (Reason::Duplicate, "42P16", "the table has a primary key".to_owned())
    } else if let Some(partitioning) = &entry.partitioning {
        let missing = partitioning.columns.iter().find(|it| !key.contains(it));
        match missing {
            _ if action == Action::AddExclusion && effects.major < 17 => {
                let detail = "a partitioned table cannot have an exclusion constraint before PostgreSQL 17";
                (Reason::Partitioned, "0A000", detail.to_owned())
            }
            Some(column) => {
                (Reason::Partitioned, "0A000", format!("it lacks the partition key's column {column}"))
            }
            None => return false,
        }
    } else {
        return false;
    };
    effects.fails(action, Some(&altered.table), because, sqlstate, detail);
    true
}

/// The table is under the statement's lock while the index is built; partitions are locked SHARE for theirs.
/// A primary key makes its columns NOT NULL first, which scans those that are not.
fn build(
    action: Action,
    key: &[Ident],
    constraint: &TableConstraint,
    altered: &Altered<'_, '_>,
    effects: &mut Effects<'_>,
) {
    if refuse(action, key, altered, effects) {
        return;
    }
    let method = if action == Action::AddExclusion { "gist" } else { "btree" };
    let effect = named(altered.on_table(action), constraint)
        .harm(Harm::MayFail)
        .harm(Harm::BreaksWriters)
        .key(IndexKey {
            method: Ident::new_static(method),
            columns: key.iter().cloned().map(Some).collect(),
            special: false,
            partial: false,
        });
    let work = [Work::Scan, Work::BuildIndex];
    if super::has_rows(altered.table.relation.kind) {
        effects.push(effect.clone().work(&work));
    } else {
        effects.push(effect.clone());
    }
    if altered.table.relation.kind == RelationKind::PartitionedTable {
        for child in &altered.children {
            let mut on_child = effect.clone().role(Role::Child);
            on_child.relation = Some(child.relation.clone());
            // Since 18 all descendants are locked as the parent is.
            on_child.lock = Some(if effects.major >= 18 { altered.lock } else { Lock::Share });
            if super::has_rows(child.relation.kind) {
                on_child = on_child.work(&work);
            }
            effects.push(on_child);
        }
    }
    let is_nullable = |it: &Ident| !matches!(columns::knowledge(it, &altered.table), NotNull::Already);
    if action == Action::AddPrimaryKey && key.iter().any(is_nullable) {
        let spreads = altered.family().map(|(it, role)| (it.clone(), role)).collect::<Vec<_>>();
        for (member, role) in spreads {
            push_not_null(action, key, &member, role, (altered, constraint), effects);
        }
    }
}

fn push_not_null(
    action: Action,
    key: &[Ident],
    member: &Known<'_>,
    role: Role,
    (altered, constraint): (&Altered<'_, '_>, &TableConstraint),
    effects: &mut Effects<'_>,
) {
    let is_scanned = key.iter().any(|it| matches!(columns::knowledge(it, member), NotNull::Unproven));
    let effect = Effect::on(action, member, altered.lock).role(role).because(Reason::NullableIndexColumn);
    let mut effect = named(effect, constraint);
    if is_scanned && super::has_rows(member.relation.kind) {
        effect = effect.work(&[Work::Scan]);
    }
    effects.push(effect);
}

/// Why an index cannot become a constraint's.
fn unfit(index: &Known<'_>, altered: &Altered<'_, '_>) -> Option<(&'static str, Reason, String)> {
    let name = &index.relation.name.name;
    let Some(entry) = index.entry else {
        let missing = altered.table.is_complete();
        return missing.then(|| ("42704", Reason::Missing, format!("index {name} does not exist")));
    };
    let definition = entry.index.as_ref()?;
    let why = if !definition.unique {
        "is not unique"
    } else if definition.partial {
        "is partial"
    } else if definition.columns.contains(&None) {
        "has expressions"
    } else {
        return None;
    };
    Some(("42809", Reason::WrongKind, format!("index {name} {why}")))
}

/// The index becomes the constraint's, and takes its name.
fn use_index(
    action: Action,
    index: &Ident,
    constraint: &TableConstraint,
    altered: &Altered<'_, '_>,
    effects: &mut Effects<'_>,
) {
    let name = Name { schema: altered.table.relation.name.schema.clone(), name: index.clone() };
    let known = effects.known(&name, RelationKind::Index);
    if altered.table.relation.kind == RelationKind::PartitionedTable {
        let detail = "a partitioned table's constraint cannot use an existing index";
        effects.fails(action, Some(&altered.table), Reason::Partitioned, "0A000", detail);
        return;
    }
    if let Some((sqlstate, because, detail)) = unfit(&known, altered) {
        effects.fails(action, Some(&altered.table), because, sqlstate, detail);
        return;
    }
    let effect = named(altered.on_table(action), constraint).manner_if(true, Manner::UsingIndex);
    // The unique index has kept duplicates out since it was built.
    effects.push(effect);
    let renames = constraint.name.as_ref().is_some_and(|it| it != index);
    let lock = if renames { Lock::ShareUpdateExclusive } else { Lock::AccessShare };
    effects.lock(action, &known, Role::Index, lock);
    if action != Action::AddPrimaryKey {
        return;
    }
    let nullable: Vec<Ident> = match known.entry.and_then(|it| it.index.as_ref()) {
        Some(index) => index.columns.iter().flatten().cloned().collect(),
        // Whether its columns are NOT NULL is not known, so a scan cannot be ruled out.
        None => vec![Ident::new_static("?")],
    };
    if nullable.iter().any(|it| !matches!(columns::knowledge(it, &altered.table), NotNull::Already)) {
        let table = altered.table.clone();
        push_not_null(action, &nullable, &table, Role::Subject, (altered, constraint), effects);
    }
}
