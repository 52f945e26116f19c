//! What relations were called before the run, for those who know them by that name: a snapshot was taken before it.
//!
//! Nothing is remembered unless asked for, and nothing is ever forgotten: what a ROLLBACK gives its name back has it again.

use rustc_hash::FxHashMap;

use super::{Catalog, Oid, Relation};
use crate::sql::statement::{Ident, Name};

/// The names before the run of what it renames.
#[derive(Clone, Debug, Default)]
pub(super) struct NamesBefore {
    is_on: bool,
    relations: FxHashMap<Oid, Name>,
    /// Of schemas, by the name that they have now.
    schemas: FxHashMap<Ident, Ident>,
}

impl NamesBefore {
    /// A relation is about to have another name.
    pub(super) fn relation(&mut self, oid: Oid, before: &Name) {
        if self.is_on {
            self.relations.entry(oid).or_insert_with(|| before.clone());
        }
    }

    /// A schema is about to have another name.
    pub(super) fn schema(&mut self, from: &Ident, to: &Ident) {
        if self.is_on {
            let before = self.schemas.remove(from).unwrap_or_else(|| from.clone());
            self.schemas.insert(to.clone(), before);
        }
    }
}

impl Catalog {
    /// From now on, whether names are remembered that a statement changes.
    pub fn remember_names(&mut self, is_on: bool) {
        self.names_before.is_on = is_on;
    }

    /// By what name it is known how much a relation is used, if that is not its own: that of the table that an index or a sequence belongs
    /// to, and the one before the run.
    pub fn known_as(&self, relation: &Relation) -> Option<Name> {
        if !self.names_before.is_on {
            return None;
        }
        let table = relation.index.as_ref().map(|it| it.table).or(relation.owned_by.as_ref().map(|it| it.0));
        match table.and_then(|it| self.relation(it)) {
            Some(table) => Some(self.before(table).unwrap_or_else(|| table.name.clone())),
            None => self.before(relation),
        }
    }

    fn before(&self, relation: &Relation) -> Option<Name> {
        let before = self.names_before.relations.get(&relation.oid).filter(|it| **it != relation.name);
        before.cloned().or_else(|| self.name_before(&relation.name))
    }

    /// The name before the run of what is in a schema that it renamed.
    pub fn name_before(&self, name: &Name) -> Option<Name> {
        let before =
            self.names_before.schemas.get(name.schema.as_ref()?).filter(|_| self.names_before.is_on)?;
        Some(Name { schema: Some(before.clone()), name: name.name.clone() })
    }
}
