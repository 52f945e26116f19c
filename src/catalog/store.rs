//! The catalog as a whole: maps with a journal, and name resolution.
//!
//! Long because nothing else may touch the maps: every change of one goes through the journal.

use std::{borrow::Borrow, hash::Hash, sync::Arc};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Constraint, Created, Function, Oid, Publication, Relation, Session, Type,
    model::{MAX_NAME_BYTES, clip},
    names_before::NamesBefore,
};
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
    /// The names of relations that are known not to be there: dropped or renamed by the history.
    absent: Journaled<Name, ()>,
    /// Which tables may have a constraint of this schema and name. Never shortened, so each is to be looked at.
    constraint_homes: FxHashMap<Name, Vec<Oid>>,
    /// Which relations [mention](Relation::mentions) something of this name, in whatever schema, or did so. Never shortened either.
    mentioned_by: FxHashMap<Ident, FxHashSet<Oid>>,
    /// The tables whose row-level security was ever on. Never shortened either.
    pub(super) secured: FxHashSet<Oid>,
    /// The latest transaction that added a value to an enum.
    pub(super) labelled_in: Option<u32>,
    /// The temporary relations, those gone included.
    pub(super) temporaries: Vec<Oid>,
    /// What things were called before the run.
    pub(super) names_before: NamesBefore,
    /// The server's major version, as the latest statement was applied with.
    pub(super) major: u16,
    /// The session: transaction, locks held, settings in force.
    pub session: Session,
    next_oid: u32,
}

/// A place in the journals to go back to: the start of a transaction or a savepoint.
#[derive(Clone, Copy, Debug)]
pub struct Mark([usize; 7]);

/// A map that remembers what it held, so that it can go back.
///
/// Nothing is remembered before the first mark, and each key only once between two marks.
#[derive(Clone, Debug)]
struct Journaled<K, V> {
    map: FxHashMap<K, Entry<V>>,
    journal: Vec<(K, Option<Entry<V>>)>,
    /// Whether there is a mark to go back to.
    is_recording: bool,
    /// Counts the marks.
    epoch: u32,
}

#[derive(Clone, Debug)]
struct Entry<V> {
    value: V,
    /// The epoch in which it was put; what it was before that is in the journal.
    epoch: u32,
}

impl<K, V> Default for Journaled<K, V> {
    fn default() -> Self {
        Self { map: FxHashMap::default(), journal: Vec::new(), is_recording: false, epoch: 0 }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Journaled<K, V> {
    fn get<Q: ?Sized + Eq + Hash>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.map.get(key).map(|it| &it.value)
    }

    fn values(&self) -> impl Iterator<Item = &V> {
        self.map.values().map(|it| &it.value)
    }

    fn put(&mut self, key: K, value: V) {
        let entry = Entry { value, epoch: self.epoch };
        if !self.is_recording {
            self.map.insert(key, entry);
            return;
        }
        let before = self.map.insert(key.clone(), entry);
        if before.as_ref().is_none_or(|it| it.epoch != self.epoch) {
            self.journal.push((key, before));
        }
    }

    /// The value of `key`, to be changed in place.
    fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let entry = self.map.get_mut(key)?;
        if self.is_recording && entry.epoch != self.epoch {
            self.journal.push((key.clone(), Some(entry.clone())));
            entry.epoch = self.epoch;
        }
        Some(&mut entry.value)
    }

    fn remove(&mut self, key: &K) {
        if let Some(before) = self.map.remove(key)
            && self.is_recording
            && before.epoch != self.epoch
        {
            self.journal.push((key.clone(), Some(before)));
        }
    }

    fn forget(&mut self) {
        self.journal.clear();
        self.is_recording = false;
    }

    fn mark(&mut self) -> usize {
        self.is_recording = true;
        self.epoch += 1;
        self.journal.len()
    }

    fn undo_to(&mut self, mark: usize) {
        while self.journal.len() > mark
            && let Some((key, before)) = self.journal.pop()
        {
            match before {
                Some(entry) => self.map.insert(key, entry),
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
        self.relations.get(&oid)
    }

    /// All relations, in no order.
    pub fn relations(&self) -> impl Iterator<Item = &Arc<Relation>> {
        self.relations.values()
    }

    /// The relation that `name` means: in its schema, or the first of the `search_path` that has it.
    pub fn find(&self, name: &Name) -> Option<&Arc<Relation>> {
        let oid = self.lookup(name, |key| self.relation_names.get(key).copied())?;
        self.relation(oid)
    }

    /// `name` with its schema: where it is, or where it would be made.
    pub fn qualify(&self, name: &Name) -> Name {
        match (&name.schema, self.find(name)) {
            (_, Some(relation)) => relation.name.clone(),
            (Some(_), None) => clipped(name),
            (None, None) => Name {
                schema: Some(self.session.creation_schema()),
                name: clip(&name.name, MAX_NAME_BYTES).into(),
            },
        }
    }

    /// The type that `name` means.
    pub fn find_type(&self, name: &Name) -> Option<&Arc<Type>> {
        self.lookup(name, |key| self.types.get(key))
    }

    /// All types, in no order.
    pub fn types(&self) -> impl Iterator<Item = &Arc<Type>> {
        self.types.values()
    }

    /// The functions that `name` may mean; empty when the history made none.
    pub fn find_functions(&self, name: &Name) -> &[Function] {
        self.lookup(name, |key| self.functions.get(key)).map_or(&[], |it| it.as_slice())
    }

    /// All functions, in no order.
    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        self.functions.values().flat_map(|it| it.iter())
    }

    /// The names of all functions, in no order.
    pub(super) fn function_names(&self) -> impl Iterator<Item = &Name> {
        self.functions.map.keys()
    }

    /// The publication of this name.
    pub fn publication(&self, name: &str) -> Option<&Arc<Publication>> {
        self.publications.get(name)
    }

    /// All publications, in no order.
    pub fn publications(&self) -> impl Iterator<Item = &Arc<Publication>> {
        self.publications.values()
    }

    /// The publications that a table is in, in no order.
    pub fn publications_of<'a>(&'a self, table: &'a Relation) -> impl Iterator<Item = &'a Arc<Publication>> {
        self.publications().filter(|it| {
            it.all_tables
                || it.tables.contains(&table.oid)
                || table.name.schema.as_ref().is_some_and(|schema| it.schemas.contains(schema))
        })
    }

    /// When the history made this schema; `None` when it did not.
    pub fn schema(&self, name: &str) -> Option<Created> {
        self.schemas.get(name).copied()
    }

    /// Whether the history dropped or renamed what had this name, so that nothing has it now.
    pub fn is_absent(&self, name: &Name) -> bool {
        self.absent.get(name).is_some() && self.relation_names.get(name).is_none()
    }

    fn lookup<'a, T: 'a>(&'a self, name: &Name, find: impl Fn(&Name) -> Option<T>) -> Option<T> {
        if name.schema.is_some() {
            return if name.name.len() > MAX_NAME_BYTES { find(&clipped(name)) } else { find(name) };
        }
        let mut key = Name { schema: Some(TEMPORARY), name: clip(&name.name, MAX_NAME_BYTES).into() };
        if !self.temporaries.is_empty()
            && let Some(found) = find(&key)
        {
            return Some(found);
        }
        self.session.search_path().iter().find_map(|schema| {
            key.schema = Some(schema.clone());
            find(&key)
        })
    }

    /// A number that no relation has.
    pub fn next_oid(&mut self) -> Oid {
        self.next_oid += 1;
        Oid(self.next_oid)
    }

    /// Puts a relation that is new or changed. Its name is looked up under `relation.name` from now on.
    pub fn put(&mut self, relation: Relation) {
        let before = self.relation(relation.oid).map(|it| it.name.clone());
        self.move_name(relation.oid, before, &relation.name);
        if relation.name.schema.as_ref() == Some(&TEMPORARY) {
            self.temporaries.push(relation.oid);
        }
        for constraint in &relation.constraints {
            self.note_constraint(relation.oid, relation.name.schema.as_ref(), &constraint.name);
        }
        self.note_mentions(&relation);
        self.relations.put(relation.oid, Arc::new(relation));
    }

    /// The relations that may call a function, have a column of a type, or take numbers from a sequence of this name, in no order.
    pub fn may_mention(&self, name: &Ident) -> impl Iterator<Item = &Arc<Relation>> {
        let by = self.mentioned_by.get(clip(name, MAX_NAME_BYTES));
        by.into_iter().flatten().filter_map(|it| self.relation(*it))
    }

    fn note_mentions(&mut self, relation: &Relation) {
        for it in relation.mentions() {
            let name = clip(&it.name, MAX_NAME_BYTES);
            match self.mentioned_by.get_mut(name) {
                Some(known) => known.insert(relation.oid),
                None => self.mentioned_by.entry(name.into()).or_default().insert(relation.oid),
            };
        }
    }

    /// Changes a relation; nothing happens when it is not there.
    pub fn change(&mut self, oid: Oid, change: impl FnOnce(&mut Relation)) {
        let Some(relation) = self.relations.get_mut(&oid) else { return };
        let before = relation.name.clone();
        change(Arc::make_mut(relation));
        let relation = Arc::clone(relation);
        self.note_mentions(&relation);
        if relation.name != before {
            let (name, constraints) = (relation.name.clone(), relation.constraints.clone());
            self.names_before.relation(oid, &before);
            self.session.rename_held(&before, &name);
            self.move_name(oid, Some(before), &name);
            for constraint in &constraints {
                self.note_constraint(oid, name.schema.as_ref(), &constraint.name);
            }
        }
    }

    /// Moves a relation to a name; another relation that has it goes, since a server would not have two.
    fn move_name(&mut self, oid: Oid, before: Option<Name>, name: &Name) {
        if before.as_ref() == Some(name) {
            return;
        }
        let is_new = before.is_none();
        if let Some(before) = before {
            self.relation_names.remove(&before);
            self.absent.put(before, ());
        }
        if let Some(other) = self.relation_names.get(name).copied().filter(|it| *it != oid) {
            self.drop_relation(other);
        }
        if is_new || self.relation(oid).is_some() {
            self.absent.remove(name);
            self.relation_names.put(name.clone(), oid);
        }
    }

    /// Adds a constraint to a table, in the place of one of the same name.
    pub(super) fn push_constraint(&mut self, oid: Oid, constraint: Constraint) {
        if self.relation(oid).is_some_and(|it| it.constraint(&constraint.name).is_some()) {
            self.drop_constraint(oid, &constraint.name, true);
        }
        if let Some(schema) = self.relation(oid).map(|it| it.name.schema.clone()) {
            self.note_constraint(oid, schema.as_ref(), &constraint.name);
            self.change(oid, |it| it.constraints.push(constraint));
        }
    }

    fn note_constraint(&mut self, oid: Oid, schema: Option<&Ident>, constraint: &Ident) {
        let name = Name { schema: schema.cloned(), name: constraint.clone() };
        self.constraint_homes.entry(name).or_default().push(oid);
    }

    /// Whether a table of the schema has a constraint of this name.
    pub(super) fn has_constraint(&self, name: &Name) -> bool {
        self.constraint_homes.get(name).is_some_and(|homes| {
            homes.iter().rev().filter_map(|oid| self.relation(*oid)).any(|it| {
                it.name.schema == name.schema && it.constraints.iter().any(|it| it.name == name.name)
            })
        })
    }

    /// The tables that have row-level security, in no order.
    pub fn with_row_security(&self) -> impl Iterator<Item = &Arc<Relation>> {
        self.secured.iter().filter_map(|it| self.relation(*it)).filter(|it| it.row_security)
    }

    /// Whether the transaction at hand may have added a value to an enum.
    pub fn may_have_new_labels(&self) -> bool {
        self.labelled_in == Some(self.session.transaction)
    }

    /// Removes a relation, and nothing else.
    pub fn remove(&mut self, oid: Oid) {
        if let Some(name) = self.relation(oid).map(|it| it.name.clone()) {
            self.relation_names.remove(&name);
            self.relations.remove(&oid);
            self.absent.put(name, ());
        }
    }

    /// Remembers that no relation has this name.
    pub(super) fn know_absent(&mut self, name: Name) {
        self.absent.put(name, ());
    }

    /// The relation that `name` means; one that is only heard of is put when there is none.
    ///
    /// It puts nothing in another's place: under an empty `search_path` a name without a schema means none, yet the
    /// schema where it would be made may hold one.
    pub fn find_or_hear_of(&mut self, name: &Name, kind: RelationKind) -> Oid {
        if let Some(relation) = self.find(name) {
            return relation.oid;
        }
        let full = self.qualify(name);
        if let Some(relation) = self.find(&full) {
            return relation.oid;
        }
        let oid = self.next_oid();
        self.put(Relation::heard_of(oid, full, kind));
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

    /// A place to go back to. From now on, what changes is remembered.
    pub fn mark(&mut self) -> Mark {
        Mark([
            self.relations.mark(),
            self.relation_names.mark(),
            self.types.mark(),
            self.functions.mark(),
            self.publications.mark(),
            self.schemas.mark(),
            self.absent.mark(),
        ])
    }

    /// Undoes everything since `mark`.
    pub fn undo_to(&mut self, mark: Mark) {
        let [relations, relation_names, types, functions, publications, schemas, absent] = mark.0;
        self.relations.undo_to(relations);
        self.relation_names.undo_to(relation_names);
        self.types.undo_to(types);
        self.functions.undo_to(functions);
        self.publications.undo_to(publications);
        self.schemas.undo_to(schemas);
        self.absent.undo_to(absent);
    }

    /// Forgets how to undo: called when no transaction is open.
    pub fn forget_journal(&mut self) {
        self.relations.forget();
        self.relation_names.forget();
        self.types.forget();
        self.functions.forget();
        self.publications.forget();
        self.schemas.forget();
        self.absent.forget();
    }
}

/// The schema of temporary relations, whatever the server calls it.
pub(super) const TEMPORARY: Ident = Ident::new_static("pg_temp");

fn clipped(name: &Name) -> Name {
    Name { schema: name.schema.clone(), name: clip(&name.name, MAX_NAME_BYTES).into() }
}
