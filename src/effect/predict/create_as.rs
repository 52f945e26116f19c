//! `CREATE TABLE AS`, `SELECT INTO`, `CREATE MATERIALIZED VIEW`, `REFRESH MATERIALIZED VIEW`, `CREATE VIEW`: what their queries read.
//!
//! Source: `ExecCreateTableAs` in `src/backend/commands/createas.c`, `ExecRefreshMatView` in `src/backend/commands/matview.c`,
//! `DefineView` and `DefineVirtualRelation` in `src/backend/commands/view.c`. Observed by `fixtures/effects/objects.sql` and `table.sql`.

use super::{Effects, Known, create_table::is_settled, exposure, reads::Touch};
use crate::{
    effect::{Action, Effect, Harm, Lock, Manner, Reason, Role, Work},
    sql::statement::{CreateTableAs, CreateView, Name, RelationKind},
};

/// Adds what `CREATE TABLE AS` or `CREATE MATERIALIZED VIEW` does. Without data, or when the name is taken, the query is analyzed only.
pub(super) fn create(create: &CreateTableAs, action: Action, kind: RelationKind, effects: &mut Effects<'_>) {
    let is_there = is_settled(action, &create.name, kind, create.if_not_exists, effects);
    if is_there && !create.if_not_exists {
        return;
    }
    if is_there || !create.with_data {
        effects.analyzed(&create.query, action);
    } else {
        effects.query(&create.query, Touch::read(action).work(&[Work::Scan]));
    }
}

/// Adds what `CREATE VIEW` does: it reads the catalog entries of what its query names, and replaces a view under ACCESS EXCLUSIVE.
pub(super) fn create_view(create: &CreateView, effects: &mut Effects<'_>) {
    let action = if create.or_replace { Action::ReplaceView } else { Action::CreateView };
    exposure::create_view(create, action, effects);
    if !create.or_replace {
        if !is_settled(Action::CreateView, &create.name, RelationKind::View, false, effects) {
            effects.analyzed(&create.query, Action::CreateView);
        }
        return;
    }
    let view = effects.known(&create.name, RelationKind::View);
    if !effects.catalog.is_absent(&view.relation.name) {
        let mut effect = Effect::on(Action::ReplaceView, &view, Lock::AccessExclusive)
            .manner_if(true, Manner::OrReplace)
            .harm(Harm::MayFail);
        if view.entry.is_none() {
            effect = effect.because(Reason::MayExist);
        }
        effects.push(effect);
    }
    effects.analyzed(&create.query, Action::ReplaceView);
}

/// Adds what `REFRESH MATERIALIZED VIEW` does: the query's result goes to a new file, or concurrently into the rows that differ.
pub(super) fn refresh(name: &Name, concurrently: bool, with_data: bool, effects: &mut Effects<'_>) {
    let action = Action::RefreshMaterializedView;
    let view = effects.known(name, RelationKind::MaterializedView);
    if is_refused(&view, concurrently, effects) {
        return;
    }
    let (lock, index_lock, work): (_, _, &[Work]) = if concurrently {
        (Lock::Exclusive, Lock::RowExclusive, &[Work::Scan, Work::WriteRows])
    } else {
        (Lock::AccessExclusive, Lock::AccessExclusive, &[Work::Rewrite])
    };
    let effect = Effect::on(action, &view, lock).work(work);
    effects.push(effect.manner_if(concurrently, Manner::Concurrently).manner_if(!with_data, Manner::NoData));
    for index in effects.indexes(&view) {
        effects.lock(action, &index, Role::Index, index_lock);
    }
    let Some(entry) = view.entry.filter(|_| with_data) else { return };
    for base in effects.all(&entry.reads) {
        effects.read(&base, false, Touch::read(action).work(&[Work::Scan]));
    }
}

/// CONCURRENTLY needs a view that was filled, and a unique index on plain columns of all its rows.
fn is_refused(view: &Known<'_>, concurrently: bool, effects: &mut Effects<'_>) -> bool {
    let action = Action::RefreshMaterializedView;
    let Some(entry) = view.entry else { return false };
    if !view.is_made() {
        return false;
    }
    let name = &view.relation.name;
    if view.relation.kind != RelationKind::MaterializedView {
        let detail = format!("{name} is not a materialized view");
        let is_stored = super::alter_table::has_rows(view.relation.kind);
        let sqlstate = if is_stored { "0A000" } else { "42809" };
        effects.fails(action, Some(view), Reason::WrongKind, sqlstate, detail);
        return true;
    }
    if concurrently && !entry.populated {
        let detail = format!("{name} was never filled, so CONCURRENTLY cannot be used");
        effects.fails(action, Some(view), Reason::Missing, "0A000", detail);
        return true;
    }
    let fits = |index: &Known<'_>| {
        index
            .entry
            .and_then(|it| it.index.as_ref())
            .is_some_and(|it| it.unique && it.valid && !it.partial && it.columns.iter().all(Option::is_some))
    };
    if concurrently && !effects.indexes(view).iter().any(fits) {
        let detail = format!("{name} has no unique index on plain columns, which CONCURRENTLY needs");
        effects.fails(action, Some(view), Reason::NoUniqueIndex, "55000", detail);
        return true;
    }
    false
}
