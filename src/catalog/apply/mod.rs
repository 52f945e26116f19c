//! How each statement changes the catalog.
//!
//! A statement is taken to succeed. Where a server would refuse it, the catalog becomes what its author meant: a history is often
//! seen in part, and `CREATE TABLE` of a name that is taken then says more about the table than what is left of the old one.

mod alter;
mod column;
mod constraint;
mod create;
mod drop;
mod index;
mod inherit;
mod naming;
mod object;
mod rows;
mod transaction;
mod types;
mod view;

use super::{Catalog, Created, Oid, Relation};
use crate::sql::statement::{Ident, Name, Persistence, Query, RelationKind, Statement};

impl Catalog {
    /// Makes the catalog what it is after `statement` on a server of the `major` version.
    ///
    /// Outside a transaction the statement is one of its own. Statements inside code (DO, functions) are the caller's to apply.
    pub fn apply(&mut self, statement: &Statement, major: u16) {
        self.major = major;
        self.apply_inside(statement);
        if self.session.open.is_none() && !matches!(statement, Statement::Transaction(_)) {
            self.session.transaction += 1;
            self.forget_journal();
        }
    }

    fn apply_inside(&mut self, statement: &Statement) {
        use Statement as S;
        match statement {
            S::CreateTable(create) => self.create_table(create),
            S::CreateTableAs(create) => self.create_table_as(create, RelationKind::Table),
            S::CreateMaterializedView(create) => self.create_table_as(create, RelationKind::MaterializedView),
            S::CreateIndex(create) => self.create_index(create),
            S::CreateView(create) => self.create_view(create),
            S::CreateSequence(create) => self.create_sequence(create),
            S::Alter(alter) => self.alter(alter),
            S::Insert(_) | S::Merge(_) | S::Copy { .. } => self.fill(statement),
            S::Truncate { tables, .. } => self.empty(tables),
            S::AttachIndex { parent, child } => self.attach_index_by_name(parent, child),
            S::DropRelation(drop) => self.drop_relations(drop),
            S::RefreshMaterializedView { name, with_data, .. } => {
                let oid = self.find_or_hear_of(name, RelationKind::MaterializedView);
                self.change(oid, |it| it.populated = *with_data);
            }
            S::CreateTrigger(_)
            | S::DropTrigger { .. }
            | S::AlterTrigger { .. }
            | S::CreateStatistics { .. }
            | S::CreateRule { .. }
            | S::AlterRule { .. }
            | S::DropRule { .. }
            | S::CreatePolicy { .. }
            | S::AlterPolicy { .. }
            | S::DropPolicy { .. } => self.change_attachment(statement),
            S::CreateType { name, definition } => self.create_type(name, definition),
            S::AlterType { name, action } => self.alter_type(name, action),
            S::CreateDomain { name, base, default, constraints } => {
                self.create_domain(name, base, default.is_some(), constraints);
            }
            S::AlterDomain { name, action } => self.alter_domain(name, action),
            S::CreateSchema { name, if_not_exists, elements } => {
                self.create_schema(name.as_ref(), *if_not_exists, elements);
            }
            S::CreateFunction(create) => self.create_function(create),
            S::CreatePublication { name, members } => self.create_publication(name, members),
            S::AlterPublication { name, change } => self.alter_publication(name, change),
            S::AlterObject { kind, name, action } => self.alter_object(*kind, name, action),
            S::DropObject(drop) => self.drop_objects(drop),
            S::DropOwned { .. } => self.know_in_part(),
            S::Explain { analyze: true, statement } => self.apply_inside(statement),
            S::Select(query) => self.set_config(query),
            S::Transaction(transaction) => self.transaction(transaction),
            S::Set(set) => self.session.set(set),
            S::Reset { setting } => self.session.reset(setting.as_ref()),
            S::SetRole { role } => self.session.set_role(role.as_ref()),
            S::Discard { all: true } => self.reconnect(),
            _ => {}
        }
    }

    fn set_config(&mut self, query: &Query) {
        for set in &query.set_config {
            self.session.set_config(set);
        }
    }

    /// The place of what is made now.
    fn now(&self) -> Created {
        Created { file: self.session.file, transaction: self.session.transaction }
    }

    /// The schema and name of a relation to be made.
    fn new_name(&self, name: &Name, persistence: Persistence) -> Name {
        let schema = match &name.schema {
            Some(schema) => schema.clone(),
            None if persistence == Persistence::Temporary => super::store::TEMPORARY,
            None => self.session.creation_schema(),
        };
        Name { schema: Some(schema), name: naming::kept(&name.name) }
    }

    /// A relation that is made now, and is all known. What has its name is dropped; see the module's comment.
    fn new_relation(&mut self, name: Name, kind: RelationKind, persistence: Persistence) -> Relation {
        if let Some(old) = self.find(&name).map(|it| it.oid) {
            self.drop_relation(old);
        }
        let created = Some(self.now());
        let oid = self.next_oid();
        let is_temporary = name.schema.as_ref() == Some(&super::store::TEMPORARY);
        let persistence = if is_temporary { Persistence::Temporary } else { persistence };
        Relation { complete: true, created, persistence, ..Relation::heard_of(oid, name, kind) }
    }

    /// Whether `IF NOT EXISTS` certainly makes a new relation of this name: nothing can have it.
    fn is_free(&self, name: &Name) -> bool {
        self.find(name).is_none()
            && (self.is_absent(name) || name.schema.as_ref().is_some_and(|it| self.schema(it).is_some()))
    }

    fn schema_and_name(&self, oid: Oid) -> Option<(Ident, Ident)> {
        let name = &self.relation(oid)?.name;
        Some((name.schema.clone()?, name.name.clone()))
    }
}
