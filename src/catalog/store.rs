//! The catalog as a whole: maps with a journal, and name resolution.

use std::{hash::Hash, sync::Arc};

use rustc_hash::FxHashMap;

use super::{Created, Function, Oid, Publication, Relation, Session, Type};
use crate::sql::statement::{Ident, Name, RelationKind};

/// What exists so far, and the session.
///
/// Relations are shared values: whoever changes one puts a changed copy, and the journal keeps the old one.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    relations: Journaled<Oid, Arc<Relation>>,
    relation_names: Journaled<Name, Oid>,
    types: Journaled<Name, Arc<Type>>,
    functions: Journaled<Name, Arc<Vec<Function>>>,
    publications: Journaled<Ident, Arc<Publication>>,
    /// Schemas made by the history.
    schemas: Journaled<Ident, Created>,
    /// The session: transaction, locks held, settings in force.
    pub session: Session,
    next_oid: u32,
}

/// A place in the journals to go back to: the start of a transaction or a savepoint.
#[derive(Clone, Copy, Debug)]
pub struct Mark([usize; 6]);

/// A map that remembers what it held, so that it can go back.
#[derive(Clone, Debug)]
struct Journaled<K, V> {
    map: FxHashMap<K, V>,
    journal: Vec<(K, Option<V>)>,
}

impl<K, V> Default for Journaled<K, V> {
    fn default() -> Self {
        Self { map: FxHashMap::default(), journal: Vec::new() }
    }
}

impl<K: Clone + Eq + Hash, V> Journaled<K, V> {
    fn put(&mut self, key: K, value: V) {
        let before = self.map.insert(key.clone(), value);
        self.journal.push((key, before));
    }

    fn remove(&mut self, key: &K) {
        if let Some(before) = self.map.remove(key) {
            self.journal.push((key.clone(), Some(before)));
        }
    }

    fn undo_to(&mut self, mark: usize) {
        while self.journal.len() > mark
            && let Some((key, before)) = self.journal.pop()
        {
            match before {
                Some(value) => self.map.insert(key, value),
                None => self.map.remove(&key),
            };
        }
    }
}

impl Catalog {
    /// An empty catalog.
    pub fn new() -> Self {
        Self::default()
    }

    /// The relation of this number.
    pub fn relation(&self, oid: Oid) -> Option<&Arc<Relation>> {
        self.relations.map.get(&oid)
    }

    /// All relations, in no order.
    pub fn relations(&self) -> impl Iterator<Item = &Arc<Relation>> {
        self.relations.map.values()
    }

    /// The relation that `name` means: in its schema, or the first of the `search_path` that has it.
    pub fn find(&self, name: &Name) -> Option<&Arc<Relation>> {
        let oid = self.lookup(name, |key| self.relation_names.map.get(key).copied())?;
        self.relation(oid)
    }

    /// `name` with its schema: where it is, or where it would be made.
    pub fn qualify(&self, name: &Name) -> Name {
        match (&name.schema, self.find(name)) {
            (_, Some(relation)) => relation.name.clone(),
            (Some(_), None) => name.clone(),
            (None, None) => Name { schema: Some(self.session.creation_schema()), name: name.name.clone() },
        }
    }

    /// The type that `name` means.
    pub fn find_type(&self, name: &Name) -> Option<&Arc<Type>> {
        self.lookup(name, |key| self.types.map.get(key))
    }

    /// All types, in no order.
    pub fn types(&self) -> impl Iterator<Item = &Arc<Type>> {
        self.types.map.values()
    }

    /// The functions that `name` may mean; empty when the history made none.
    pub fn find_functions(&self, name: &Name) -> &[Function] {
        self.lookup(name, |key| self.functions.map.get(key)).map_or(&[], |it| it.as_slice())
    }

    /// The publication of this name.
    pub fn publication(&self, name: &str) -> Option<&Arc<Publication>> {
        self.publications.map.get(name)
    }

    /// All publications, in no order.
    pub fn publications(&self) -> impl Iterator<Item = &Arc<Publication>> {
        self.publications.map.values()
    }

    /// When the history made this schema; `None` when it did not.
    pub fn schema(&self, name: &str) -> Option<Created> {
        self.schemas.map.get(name).copied()
    }

    fn lookup<'a, T: 'a>(&'a self, name: &Name, find: impl Fn(&Name) -> Option<T>) -> Option<T> {
        if name.schema.is_some() {
            return find(name);
        }
        self.session
            .search_path()
            .iter()
            .find_map(|schema| find(&Name { schema: Some(schema.clone()), name: name.name.clone() }))
    }

    /// A number that no relation has.
    pub fn next_oid(&mut self) -> Oid {
        self.next_oid += 1;
        Oid(self.next_oid)
    }

    /// Puts a relation that is new or changed. Its name is looked up under `relation.name` from now on.
    pub fn put(&mut self, relation: Relation) {
        let before = self.relations.map.get(&relation.oid).map(|it| it.name.clone());
        if before.as_ref() != Some(&relation.name) {
            if let Some(before) = before {
                self.relation_names.remove(&before);
            }
            self.relation_names.put(relation.name.clone(), relation.oid);
        }
        self.relations.put(relation.oid, Arc::new(relation));
    }

    /// Changes a relation; nothing happens when it is not there.
    pub fn change(&mut self, oid: Oid, change: impl FnOnce(&mut Relation)) {
        if let Some(relation) = self.relation(oid) {
            let mut relation = Relation::clone(relation);
            change(&mut relation);
            self.put(relation);
        }
    }

    /// Removes a relation, and nothing else.
    pub fn remove(&mut self, oid: Oid) {
        if let Some(name) = self.relations.map.get(&oid).map(|it| it.name.clone()) {
            self.relation_names.remove(&name);
            self.relations.remove(&oid);
        }
    }

    /// The relation that `name` means; one that is only heard of is put when there is none.
    pub fn find_or_hear_of(&mut self, name: &Name, kind: RelationKind) -> Oid {
        if let Some(relation) = self.find(name) {
            return relation.oid;
        }
        let oid = self.next_oid();
        self.put(Relation::heard_of(oid, self.qualify(name), kind));
        oid
    }

    /// Puts a type that is new or changed.
    pub fn put_type(&mut self, ty: Type) {
        self.types.put(ty.name.clone(), Arc::new(ty));
    }

    /// Removes a type.
    pub fn remove_type(&mut self, name: &Name) {
        self.types.remove(name);
    }

    /// Puts all the functions of one name.
    pub fn put_functions(&mut self, name: Name, functions: Vec<Function>) {
        self.functions.put(name, Arc::new(functions));
    }

    /// Removes all the functions of one name.
    pub fn remove_functions(&mut self, name: &Name) {
        self.functions.remove(name);
    }

    /// Puts a publication that is new or changed.
    pub fn put_publication(&mut self, publication: Publication) {
        self.publications.put(publication.name.clone(), Arc::new(publication));
    }

    /// Removes a publication.
    pub fn remove_publication(&mut self, name: &Ident) {
        self.publications.remove(name);
    }

    /// Puts a schema.
    pub fn put_schema(&mut self, name: Ident, created: Created) {
        self.schemas.put(name, created);
    }

    /// Removes a schema, and nothing in it.
    pub fn remove_schema(&mut self, name: &Ident) {
        self.schemas.remove(name);
    }

    /// A place to go back to.
    pub fn mark(&self) -> Mark {
        Mark([
            self.relations.journal.len(),
            self.relation_names.journal.len(),
            self.types.journal.len(),
            self.functions.journal.len(),
            self.publications.journal.len(),
            self.schemas.journal.len(),
        ])
    }

    /// Undoes everything since `mark`.
    pub fn undo_to(&mut self, mark: Mark) {
        let [relations, relation_names, types, functions, publications, schemas] = mark.0;
        self.relations.undo_to(relations);
        self.relation_names.undo_to(relation_names);
        self.types.undo_to(types);
        self.functions.undo_to(functions);
        self.publications.undo_to(publications);
        self.schemas.undo_to(schemas);
    }

    /// Forgets how to undo: called when no transaction is open.
    pub fn forget_journal(&mut self) {
        self.relations.journal.clear();
        self.relation_names.journal.clear();
        self.types.journal.clear();
        self.functions.journal.clear();
        self.publications.journal.clear();
        self.schemas.journal.clear();
    }
}
