//! Types and domains.

use super::naming::{first_free, kept};
use crate::{
    catalog::{Catalog, DomainConstraint, Type, TypeKind},
    sql::statement::{
        self, AlterDomain, AlterType, DomainConstraintKind, Ident, Name, Persistence, TypeDefinition,
        TypeName,
    },
};

impl Catalog {
    pub(super) fn create_type(&mut self, name: &Name, definition: &TypeDefinition) {
        let kind = match definition {
            TypeDefinition::Enum(labels) => TypeKind::Enum { labels: labels.clone(), added: Vec::new() },
            TypeDefinition::Composite(_) => TypeKind::Composite,
            TypeDefinition::Range { .. } => TypeKind::Range,
            TypeDefinition::Base => TypeKind::Base,
        };
        let name = self.new_name(name, Persistence::Permanent);
        let created = Some(self.now());
        self.put_type(Type { name, kind, created });
    }

    pub(super) fn alter_type(&mut self, name: &Name, action: &AlterType) {
        let now = self.session.transaction;
        match action {
            AlterType::AddValue { label, if_not_exists } => {
                self.labelled_in = Some(now);
                self.change_type(name, |it| {
                    if matches!(it.kind, TypeKind::Unknown) {
                        it.kind = TypeKind::Enum { labels: Vec::new(), added: Vec::new() };
                    }
                    let is_heard_of = it.created.is_none();
                    if let TypeKind::Enum { labels, added } = &mut it.kind
                        && !labels.contains(label)
                    {
                        labels.push(label.clone());
                        // With IF NOT EXISTS, a type that was there before may have the value already.
                        if !(is_heard_of && *if_not_exists) {
                            added.push((label.clone(), now));
                        }
                    }
                });
            }
            AlterType::RenameValue { from, to } => self.change_type(name, |it| {
                if let TypeKind::Enum { labels, added } = &mut it.kind {
                    let added = added.iter_mut().map(|(label, _)| label);
                    labels.iter_mut().chain(added).filter(|it| *it == from).for_each(|it| it.clone_from(to));
                }
            }),
            AlterType::RenameTo(to) => self.move_type(name, None, Some(to)),
            AlterType::SetSchema(schema) => self.move_type(name, Some(schema), None),
            AlterType::Attributes(_)
            | AlterType::RenameAttribute { .. }
            | AlterType::OwnerTo
            | AlterType::Options => {}
        }
    }

    pub(super) fn create_domain(
        &mut self,
        name: &Name,
        base: &TypeName,
        has_default: bool,
        constraints: &[statement::DomainConstraint],
    ) {
        let name = self.new_name(name, Persistence::Permanent);
        let mut checks: Vec<DomainConstraint> = Vec::new();
        for constraint in constraints.iter().filter(|it| is_check(it)) {
            checks.push(domain_constraint(&name, &checks, constraint));
        }
        let not_null = constraints.iter().any(|it| it.kind == DomainConstraintKind::NotNull);
        let kind =
            TypeKind::Domain { base: self.resolve_type(base), constraints: checks, not_null, has_default };
        let created = Some(self.now());
        self.put_type(Type { name, kind, created });
    }

    pub(super) fn alter_domain(&mut self, name: &Name, action: &AlterDomain) {
        match action {
            AlterDomain::RenameTo(to) => self.move_type(name, None, Some(to)),
            AlterDomain::SetSchema(schema) => self.move_type(name, Some(schema), None),
            AlterDomain::AddConstraint(constraint) if is_check(constraint) => {
                let others = match self.find_type(name).map(|it| &it.kind) {
                    Some(TypeKind::Domain { constraints, .. }) => constraints.clone(),
                    _ => Vec::new(),
                };
                let added = domain_constraint(name, &others, constraint);
                self.change_domain(name, |checks, _, _| checks.push(added));
            }
            _ => self.change_domain(name, |checks, not_null, has_default| match action {
                AlterDomain::SetDefault(_) => *has_default = true,
                AlterDomain::DropDefault => *has_default = false,
                AlterDomain::SetNotNull | AlterDomain::AddConstraint(_) => *not_null = true,
                AlterDomain::DropNotNull => *not_null = false,
                AlterDomain::DropConstraint { name, .. } => checks.retain(|it| it.name != *name),
                AlterDomain::ValidateConstraint { name } => {
                    checks.iter_mut().filter(|it| it.name == *name).for_each(|it| it.valid = true);
                }
                AlterDomain::RenameConstraint { from, to } => {
                    checks.iter_mut().filter(|it| it.name == *from).for_each(|it| it.name = kept(to));
                }
                _ => {}
            }),
        }
    }

    /// Changes a domain; of one never heard of, nothing can be said, since its base type is not known.
    fn change_domain(
        &mut self,
        name: &Name,
        change: impl FnOnce(&mut Vec<DomainConstraint>, &mut bool, &mut bool),
    ) {
        self.change_type(name, |it| {
            if let TypeKind::Domain { constraints, not_null, has_default, .. } = &mut it.kind {
                change(constraints, not_null, has_default);
            }
        });
    }

    fn change_type(&mut self, name: &Name, change: impl FnOnce(&mut Type)) {
        let mut ty = match self.find_type(name) {
            Some(known) => Type::clone(known),
            None => Type {
                name: self.new_name(name, Persistence::Permanent),
                kind: TypeKind::Unknown,
                created: None,
            },
        };
        change(&mut ty);
        self.put_type(ty);
    }

    /// Renames a type or moves it, also where columns name it.
    pub(super) fn move_type(&mut self, name: &Name, schema: Option<&Ident>, to: Option<&Ident>) {
        let Some(ty) = self.find_type(name).map(|it| Type::clone(it)) else { return };
        let before = ty.name.clone();
        let after = Name {
            schema: schema.or(before.schema.as_ref()).cloned(),
            name: to.map_or_else(|| before.name.clone(), kept),
        };
        self.remove_type(&before);
        self.put_type(Type { name: after.clone(), ..ty });
        let is_it = |ty: &TypeName| ty.name == before;
        let tables: Vec<_> = self
            .may_mention(&before.name)
            .filter(|it| it.columns.iter().any(|it| it.ty.as_ref().is_some_and(is_it)))
            .map(|it| it.oid)
            .collect();
        for table in tables {
            self.change(table, |it| {
                for ty in it.columns.iter_mut().filter_map(|it| it.ty.as_mut()).filter(|it| is_it(it)) {
                    ty.name = after.clone();
                }
            });
        }
    }
}

fn is_check(constraint: &statement::DomainConstraint) -> bool {
    matches!(constraint.kind, DomainConstraintKind::Check(_))
}

fn domain_constraint(
    domain: &Name,
    others: &[DomainConstraint],
    constraint: &statement::DomainConstraint,
) -> DomainConstraint {
    let choose =
        || first_free(&domain.name, None, "check", |it| others.iter().any(|other| other.name == *it));
    let name = constraint.name.as_ref().map_or_else(choose, kept);
    DomainConstraint { name, valid: !constraint.not_valid }
}
