//! What hangs on a relation (triggers, rules, policies), and schemas, functions and publications.

use super::naming::kept;
use crate::{
    catalog::{Catalog, Function, Oid, Policy, Publication, Relation, Trigger},
    sql::statement::{
        AlterObject, CreateFunction, Expr, Ident, Name, ObjectKind, Persistence, PublicationChange,
        PublicationMembers, RelationKind, Statement,
    },
};

impl Catalog {
    /// Triggers, rules and policies.
    pub(super) fn change_attachment(&mut self, statement: &Statement) {
        use Statement as S;
        match statement {
            S::CreateTrigger(create) => {
                let trigger = Trigger {
                    name: kept(&create.name),
                    function: create.function.clone(),
                    for_each_row: create.for_each_row,
                };
                self.change_named(&create.table, |it| {
                    it.triggers.retain(|it| it.name != trigger.name);
                    it.triggers.push(trigger);
                });
            }
            S::DropTrigger { name, table, .. } => {
                self.change_named(table, |it| it.triggers.retain(|it| it.name != *name));
            }
            S::AlterTrigger { name, table, rename_to: Some(to) } => {
                self.change_named(table, |it| {
                    if let Some(trigger) = it.triggers.iter_mut().find(|it| it.name == *name) {
                        trigger.name = kept(to);
                    }
                });
            }
            S::CreateStatistics { name: Some(name), table: Some(table), .. } => {
                let name = self.qualify(name);
                self.change_named(table, |it| {
                    it.statistics.retain(|it| *it != name);
                    it.statistics.push(name);
                });
            }
            S::CreateRule { name, table, .. } => self.change_named(table, |it| put_name(&mut it.rules, name)),
            S::DropRule { name, table, .. } => {
                self.change_named(table, |it| it.rules.retain(|it| it != name));
            }
            S::AlterRule { name, table, rename_to: Some(to) } => {
                self.change_named(table, |it| rename(&mut it.rules, name, to));
            }
            S::CreatePolicy { name, table, exprs, .. } => self.change_named(table, |it| {
                it.policies.retain(|it| it.name != *name);
                it.policies.push(Policy { name: kept(name), columns: columns(exprs) });
            }),
            S::AlterPolicy { name, table, rename_to, exprs } => self.change_named(table, |it| {
                if let Some(policy) = it.policies.iter_mut().find(|it| it.name == *name) {
                    if let Some(to) = rename_to {
                        policy.name = kept(to);
                    }
                    if !exprs.is_empty() {
                        policy.columns = columns(exprs);
                    }
                }
            }),
            S::DropPolicy { name, table, .. } => {
                self.change_named(table, |it| it.policies.retain(|it| it.name != *name));
            }
            _ => {}
        }
    }

    fn change_named(&mut self, table: &Name, change: impl FnOnce(&mut Relation)) {
        let oid = self.find_or_hear_of(table, RelationKind::Table);
        self.change(oid, change);
    }

    /// CREATE SCHEMA; its elements are made in it. One with IF NOT EXISTS may have been there, with things in it.
    pub(super) fn create_schema(
        &mut self,
        name: Option<&Ident>,
        if_not_exists: bool,
        elements: &[Statement],
    ) {
        let Some(name) = name.map(kept) else { return };
        if !if_not_exists {
            let now = self.now();
            self.put_schema(name.clone(), now);
        }
        let search_path = self.session.enter_schema(name);
        for element in elements {
            self.apply_inside(element);
        }
        self.session.leave_schema(search_path);
    }

    pub(super) fn create_function(&mut self, create: &CreateFunction) {
        let name = self.new_name(&create.name, Persistence::Permanent);
        let function = Function {
            language: create.language.clone(),
            name: name.clone(),
            volatility: create.volatility,
            n_arguments: create.n_arguments,
            returns: create.returns.clone(),
            body: create.body.clone(),
            procedure: create.procedure,
        };
        let mut overloads = self.find_functions(&name).to_vec();
        overloads.retain(|it| it.n_arguments != function.n_arguments);
        overloads.push(function);
        self.put_functions(name, overloads);
    }

    pub(super) fn create_publication(&mut self, name: &Ident, members: &PublicationMembers) {
        let name = kept(name);
        self.put_members(Publication::of_nothing(name), members);
    }

    fn put_members(&mut self, mut publication: Publication, members: &PublicationMembers) {
        match members {
            PublicationMembers::AllTables => publication.all_tables = true,
            PublicationMembers::Some { tables, schemas, listed } => {
                for table in tables {
                    let oid = self.find_or_hear_of(&table.name, RelationKind::Table);
                    if !publication.tables.contains(&oid) {
                        publication.tables.push(oid);
                    }
                }
                publication.schemas.extend(schemas.iter().cloned());
                let listed = listed.iter().filter_map(|it| self.find(it)).map(|it| it.oid);
                publication.listed.extend(listed);
            }
        }
        self.put_publication(publication);
    }

    pub(super) fn alter_publication(&mut self, name: &Ident, change: &PublicationChange) {
        let mut publication = match self.publication(name) {
            Some(known) => Publication::clone(known),
            None => Publication::of_nothing(name.clone()),
        };
        match change {
            PublicationChange::Add(members) => self.put_members(publication, members),
            PublicationChange::Set(members) => {
                publication.tables.clear();
                publication.schemas.clear();
                publication.listed.clear();
                self.put_members(publication, members);
            }
            PublicationChange::Drop(PublicationMembers::Some { tables, schemas, .. }) => {
                let dropped: Vec<Oid> =
                    tables.iter().filter_map(|it| self.find(&it.name)).map(|it| it.oid).collect();
                publication.tables.retain(|it| !dropped.contains(it));
                publication.listed.retain(|it| !dropped.contains(it));
                publication.schemas.retain(|it| !schemas.contains(it));
                self.put_publication(publication);
            }
            PublicationChange::RenameTo(to) => {
                self.remove_publication(name);
                self.put_publication(Publication { name: kept(to), ..publication });
            }
            PublicationChange::Drop(PublicationMembers::AllTables)
            | PublicationChange::Options
            | PublicationChange::OwnerTo => {}
        }
    }

    /// A dropped table is published no more.
    pub(super) fn unpublish(&mut self, table: Oid) {
        let publishing: Vec<Publication> = self
            .publications()
            .filter(|it| it.tables.contains(&table))
            .map(|it| Publication::clone(it))
            .collect();
        for mut publication in publishing {
            publication.tables.retain(|it| *it != table);
            self.put_publication(publication);
        }
    }

    pub(super) fn alter_object(&mut self, kind: ObjectKind, name: &Name, action: &AlterObject) {
        match (kind, action) {
            (ObjectKind::Schema, AlterObject::RenameTo(to)) => self.rename_schema(&name.name, to),
            (ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate, _) => {
                self.move_functions(name, action);
            }
            _ => {}
        }
    }

    fn move_functions(&mut self, name: &Name, action: &AlterObject) {
        let Some(before) = self.find_functions(name).first().map(|it| it.name.clone()) else { return };
        let after = match action {
            AlterObject::RenameTo(to) => Name { name: kept(to), ..before.clone() },
            AlterObject::SetSchema(schema) => Name { schema: Some(schema.clone()), ..before.clone() },
            AlterObject::SetTablespace | AlterObject::OwnerTo => return,
            // It may now be of another volatility, or of none that is known.
            AlterObject::Other => {
                self.remove_functions(&before);
                return;
            }
        };
        self.rename_functions(&before, &after);
    }

    fn rename_functions(&mut self, before: &Name, after: &Name) {
        let mut functions = self.find_functions(before).to_vec();
        for function in &mut functions {
            function.name = after.clone();
        }
        self.remove_functions(before);
        self.put_functions(after.clone(), functions);
    }

    fn rename_schema(&mut self, from: &Ident, to: &Ident) {
        let to = kept(to);
        self.names_before.schema(from, &to);
        let is_in = |name: &Name| name.schema.as_ref() == Some(from);
        let relations: Vec<Oid> = self.relations().filter(|it| is_in(&it.name)).map(|it| it.oid).collect();
        for oid in relations {
            self.change(oid, |it| it.name.schema = Some(to.clone()));
        }
        let types: Vec<Name> = self.types().map(|it| it.name.clone()).filter(is_in).collect();
        for ty in &types {
            self.move_type(ty, Some(&to), None);
        }
        let functions: Vec<Name> = self.function_names().filter(|it| is_in(it)).cloned().collect();
        for before in functions {
            let after = Name { schema: Some(to.clone()), ..before.clone() };
            self.rename_functions(&before, &after);
        }
        if let Some(created) = self.schema(from) {
            self.remove_schema(from);
            self.put_schema(to, created);
        }
    }
}

fn columns(exprs: &[Expr]) -> Vec<Ident> {
    exprs.iter().flat_map(|it| &it.columns).map(kept).collect()
}

fn put_name(names: &mut Vec<Ident>, name: &Ident) {
    if !names.contains(name) {
        names.push(kept(name));
    }
}

fn rename(names: &mut [Ident], from: &Ident, to: &Ident) {
    names.iter_mut().filter(|it| *it == from).for_each(|it| *it = kept(to));
}
