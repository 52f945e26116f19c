//! Indexes that another one makes superfluous.
//!
//! Source: manual, 11.3 Multicolumn Indexes: a B-tree serves conditions on the leading columns of its key.

use super::{super::replay::Ran, About};
use crate::{
    catalog::{Catalog, Index, Oid, Relation, ReplicaIdentity},
    effect::Action,
    sql::statement::{Name, StatementKind},
};

/// The indexes that a statement makes on a table that has others.
pub(super) fn made(ran: &Ran, catalog: &Catalog) -> Vec<About> {
    let about = |name: &Name| {
        let index = catalog.find(name)?;
        index.index.as_ref().map(|_| About::Redundancy { index: index.oid })
    };
    match ran.outcome.statement {
        StatementKind::CreateIndex => ran.made().filter_map(about).collect(),
        StatementKind::AlterTable => {
            let effects = ran.outcome.effects.iter();
            let built = effects.filter(|it| matches!(it.action, Action::AddUnique | Action::AddPrimaryKey));
            let names = built.filter_map(|it| {
                let schema = it.relation.as_ref()?.name.schema.clone();
                Some(Name { schema, name: it.object.clone()? })
            });
            names.filter_map(|it| about(&it)).collect()
        }
        _ => Vec::new(),
    }
}

/// What is said of an index and another one of its table, of which one does what the other does.
pub(super) fn redundant(index: Oid, catalog: &Catalog) -> Option<String> {
    let index = catalog.relation(index)?;
    let table = catalog.relation(index.index.as_ref()?.table)?;
    let others =
        || table.indexes.iter().filter(|it| **it != index.oid).filter_map(|it| catalog.relation(*it));
    let needless = |a: &Relation, b: &Relation| is_needless(a, b, table);
    if let Some(other) = others().find(|it| needless(index, it)) {
        return Some(said(index, other, table));
    }
    others().find(|it| needless(it, index)).map(|it| said(it, index, table))
}

fn said(needless: &Relation, other: &Relation, table: &Relation) -> String {
    let columns = |it: &Relation| it.index.as_ref().map_or(0, |it| it.columns.len());
    let begins = if columns(needless) < columns(other) { "that {} begins with" } else { "of {}" };
    let begins = begins.replace("{}", &other.name.name);
    format!("{} on {} has the columns {begins}", needless.name.name, table.name)
}

/// Whether every query that uses `index` can use `other`, and nothing else needs it.
fn is_needless(index: &Relation, other: &Relation, table: &Relation) -> bool {
    let is_plain = |it: &Index| {
        it.valid
            && !it.partial
            && !it.special
            && !it.columns.is_empty()
            && it.columns.iter().all(Option::is_some)
    };
    let (Some(a), Some(b)) = (&index.index, &other.index) else { return false };
    let is_same = a.columns == b.columns;
    let begins = is_same || a.method == "btree" && b.columns.starts_with(&a.columns);
    let is_kept = a.of_constraint
        || a.unique && !(is_same && b.unique)
        || table.replica_identity == Some(ReplicaIdentity::Index(index.oid))
        || !index.parents.is_empty();
    let has = |column| b.include.contains(column) || b.columns.iter().flatten().any(|it| it == column);
    is_plain(a) && is_plain(b) && a.method == b.method && begins && !is_kept && a.include.iter().all(has)
}
