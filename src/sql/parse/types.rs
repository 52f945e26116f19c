//! Types and domains.

use squawk_syntax::ast;

use super::alter::cascades;
use super::expr::expr;
use super::name::{ident_of, name_of};
use super::ty::{type_name, type_of};
use crate::sql::statement::{
    AlterAction, AlterDomain, AlterType, ColumnDef, DomainConstraint, DomainConstraintKind, Statement,
    TypeDefinition, TypeName,
};

/// `CREATE TYPE`.
pub(super) fn create_type(node: &ast::CreateType) -> Option<Statement> {
    let definition = match node.kind() {
        Some(ast::CreateTypeKind::EnumType(it)) => TypeDefinition::Enum(
            it.variant_list()?.variants().filter_map(|it| it.literal()?.string_value()).collect(),
        ),
        Some(ast::CreateTypeKind::CompositeType(it)) => TypeDefinition::Composite(
            it.composite_field_list()?.composite_field_defs().filter_map(|it| field(&it)).collect(),
        ),
        Some(ast::CreateTypeKind::RangeType(it)) => {
            TypeDefinition::Range { subtype: subtype(it.attribute_list()) }
        }
        Some(ast::CreateTypeKind::BaseType(_)) | None => TypeDefinition::Base,
    };
    Some(Statement::CreateType { name: name_of(node.type_name())?, definition })
}

fn field(node: &ast::CompositeFieldDef) -> Option<ColumnDef> {
    Some(ColumnDef {
        name: ident_of(node.name())?,
        ty: type_of(node.ty()),
        collation: node.collate().and_then(|it| name_of(it.collation_ref())),
        constraints: Vec::new(),
    })
}

/// `SUBTYPE = type`.
fn subtype(list: Option<ast::AttributeList>) -> Option<TypeName> {
    let option = list?.attribute_options().find(|it| ident_of(it.name()).as_deref() == Some("subtype"))?;
    type_of(option.attribute_value()?.ty())
}

/// `ALTER TYPE`.
pub(super) fn alter_type(node: &ast::AlterType) -> Option<Statement> {
    use ast::AlterTypeAction as Node;
    let action = match node.action()? {
        Node::AddValue(it) => AlterType::AddValue {
            label: it.literal()?.string_value()?,
            if_not_exists: it.if_not_exists().is_some(),
        },
        Node::RenameValue(it) => {
            AlterType::RenameValue { from: it.from()?.string_value()?, to: it.to()?.string_value()? }
        }
        Node::AlterTypeAttributeActionList(it) => {
            AlterType::Attributes(it.actions().map(|it| attribute(&it)).collect::<Option<_>>()?)
        }
        Node::RenameAttribute(it) => AlterType::RenameAttribute {
            from: ident_of(it.composite_field_ref())?,
            to: ident_of(it.composite_field())?,
        },
        Node::TypeRenameTo(it) => AlterType::RenameTo(ident_of(it.type_name())?),
        Node::SetSchema(it) => AlterType::SetSchema(ident_of(it.schema_ref())?),
        Node::OwnerTo(_) => AlterType::OwnerTo,
        Node::SetOptions(_) => AlterType::Options,
    };
    Some(Statement::AlterType { name: name_of(node.type_name_ref())?, action })
}

fn attribute(node: &ast::AlterTypeAttributeAction) -> Option<AlterAction> {
    Some(match node {
        ast::AlterTypeAttributeAction::AddAttribute(it) => AlterAction::AddColumn {
            column: ColumnDef {
                name: ident_of(it.composite_field())?,
                ty: type_of(it.ty()),
                collation: it.collate().and_then(|it| name_of(it.collation_ref())),
                constraints: Vec::new(),
            },
            if_not_exists: false,
        },
        ast::AlterTypeAttributeAction::DropAttribute(it) => AlterAction::DropColumn {
            column: ident_of(it.composite_field_ref())?,
            if_exists: it.if_exists().is_some(),
            cascade: cascades(it.drop_behavior()),
        },
        ast::AlterTypeAttributeAction::AlterAttribute(it) => AlterAction::SetType {
            column: ident_of(it.composite_field_ref())?,
            ty: type_name(&it.ty()?)?,
            collation: it.collate().and_then(|it| name_of(it.collation_ref())),
            using: None,
        },
    })
}

/// `CREATE DOMAIN`.
pub(super) fn create_domain(node: &ast::CreateDomain) -> Option<Statement> {
    let mut default = None;
    let mut constraints = Vec::new();
    for qualifier in node.domain_qualifiers() {
        match qualifier {
            ast::DomainQualifier::Constraint(ast::Constraint::DefaultConstraint(it)) => {
                default = Some(expr(&it.expr()?));
            }
            ast::DomainQualifier::Constraint(it) => constraints.extend(domain_constraint(&it)),
            ast::DomainQualifier::Collate(_) => {}
        }
    }
    Some(Statement::CreateDomain {
        name: name_of(node.domain())?,
        base: type_name(&node.ty()?)?,
        default,
        constraints,
    })
}

fn domain_constraint(node: &ast::Constraint) -> Option<DomainConstraint> {
    let kind = match node {
        ast::Constraint::CheckConstraint(it) => DomainConstraintKind::Check(expr(&it.expr()?)),
        ast::Constraint::NotNullConstraint(_) => DomainConstraintKind::NotNull,
        ast::Constraint::NullConstraint(_) => DomainConstraintKind::Null,
        ast::Constraint::DefaultConstraint(_)
        | ast::Constraint::ExcludeConstraint(_)
        | ast::Constraint::ForeignKeyConstraint(_)
        | ast::Constraint::GeneratedConstraint(_)
        | ast::Constraint::PrimaryKeyConstraint(_)
        | ast::Constraint::ReferencesConstraint(_)
        | ast::Constraint::UniqueConstraint(_) => return None,
    };
    Some(DomainConstraint { name: ident_of(node.constraint_name()), kind, not_valid: node.is_not_valid() })
}

/// `ALTER DOMAIN`.
pub(super) fn alter_domain(node: &ast::AlterDomain) -> Option<Statement> {
    use ast::AlterDomainAction as Node;
    let action = match node.action()? {
        Node::SetDefault(it) => AlterDomain::SetDefault(expr(&it.expr()?)),
        Node::DropDefault(_) => AlterDomain::DropDefault,
        Node::SetNotNull(_) => AlterDomain::SetNotNull,
        Node::DropNotNull(_) => AlterDomain::DropNotNull,
        Node::AddConstraint(it) => AlterDomain::AddConstraint(domain_constraint(&it.constraint()?)?),
        Node::DropConstraint(it) => AlterDomain::DropConstraint {
            name: ident_of(it.constraint_name_ref())?,
            if_exists: it.if_exists().is_some(),
            cascade: cascades(it.drop_behavior()),
        },
        Node::ValidateConstraint(it) => {
            AlterDomain::ValidateConstraint { name: ident_of(it.constraint_name_ref())? }
        }
        Node::RenameConstraint(it) => AlterDomain::RenameConstraint {
            from: ident_of(it.constraint_name_ref())?,
            to: ident_of(it.constraint_name())?,
        },
        Node::DomainRenameTo(it) => AlterDomain::RenameTo(ident_of(it.domain())?),
        Node::SetSchema(it) => AlterDomain::SetSchema(ident_of(it.schema_ref())?),
        Node::OwnerTo(_) => AlterDomain::OwnerTo,
    };
    Some(Statement::AlterDomain { name: name_of(node.domain_ref())?, action })
}
