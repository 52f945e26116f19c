//! Objects that are neither relations nor types: schemas, extensions, publications, privileges, comments.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstChildren, AstNode};

use super::constant::is_string;
use super::name::{column_path, ident_of, idents, name, name_of, names};
use super::{Origin, alter::settings, statement};
use crate::sql::statement::{
    AlterObject, Grant, Ident, Name, ObjectKind, PublicationChange, PublicationMembers, RelationRef,
    RoleAction, RoleOption, Statement,
};

/// `CREATE SCHEMA` with what it makes inside.
pub(super) fn create_schema(node: &ast::CreateSchema, origin: &Origin) -> Option<Statement> {
    let elements = node.schema_elements().map(|it| statement(it.syntax(), origin));
    Some(Statement::CreateSchema {
        name: node.schema_name().and_then(|it| name(&it)).map(|it| it.name),
        if_not_exists: node.if_not_exists().is_some(),
        elements: elements.collect::<Option<_>>()?,
    })
}

/// `CREATE EXTENSION`.
pub(super) fn create_extension(node: &ast::CreateExtension) -> Option<Statement> {
    Some(Statement::CreateExtension {
        name: ident_of(node.extension())?,
        if_not_exists: node.if_not_exists().is_some(),
        schema: node.extension_schema().and_then(|it| ident_of(it.schema_ref())),
        cascade: node.cascade_token().is_some(),
        version: node.extension_version_clause().is_some(),
    })
}

/// `ALTER EXTENSION`.
pub(super) fn alter_extension(node: &ast::AlterExtension) -> Option<Statement> {
    Some(Statement::AlterExtension {
        name: ident_of(node.extension_ref())?,
        update: matches!(node.action(), Some(ast::AlterExtensionAction::AlterExtensionUpdate(_))),
    })
}

/// `CREATE PUBLICATION`.
pub(super) fn create_publication(node: &ast::CreatePublication) -> Option<Statement> {
    let members = match node.publication_for_clause() {
        Some(ast::PublicationForClause::ForAllPublicationObjects(_)) => PublicationMembers::AllTables,
        Some(ast::PublicationForClause::ForPublicationObjects(it)) => members(it.publication_objects()),
        None => PublicationMembers::Some { tables: Vec::new(), schemas: Vec::new(), listed: Vec::new() },
    };
    Some(Statement::CreatePublication { name: ident_of(node.publication())?, members })
}

/// `TABLE a, b` names the kind once: what follows without a kind is another table.
fn members(nodes: AstChildren<ast::PublicationObject>) -> PublicationMembers {
    let (mut tables, mut schemas, mut listed) = (Vec::new(), Vec::new(), Vec::new());
    let mut in_schemas = false;
    for node in nodes {
        match node {
            ast::PublicationObject::PublicationObjectTable(it) => {
                let Some(name) = name_of(it.table_name_ref()) else { continue };
                if in_schemas && it.table_token().is_none() {
                    schemas.push(name.name);
                } else {
                    in_schemas = false;
                    if it.column_ref_list().is_some() {
                        listed.push(name.clone());
                    }
                    tables.push(RelationRef { name, only: it.only_token().is_some() });
                }
            }
            ast::PublicationObject::PublicationObjectTablesInSchema(it) => {
                in_schemas = true;
                schemas.extend(ident_of(it.schema_ref()));
            }
            ast::PublicationObject::PublicationObjectCurrentSchema(_) => {}
        }
    }
    PublicationMembers::Some { tables, schemas, listed }
}

/// `ALTER PUBLICATION`.
pub(super) fn alter_publication(node: &ast::AlterPublication) -> Option<Statement> {
    use ast::AlterPublicationAction as Node;
    let change = match node.action()? {
        Node::AddPublicationObjects(it) => PublicationChange::Add(members(it.publication_objects())),
        Node::SetPublicationObjects(it) => PublicationChange::Set(members(it.publication_objects())),
        Node::SetAllPublicationObjectList(_) => PublicationChange::Set(PublicationMembers::AllTables),
        Node::DropPublicationObjects(it) => PublicationChange::Drop(members(it.publication_objects())),
        Node::SetOptions(_) => PublicationChange::Options,
        Node::PublicationRenameTo(it) => PublicationChange::RenameTo(ident_of(it.publication())?),
        Node::OwnerTo(_) => PublicationChange::OwnerTo,
    };
    Some(Statement::AlterPublication { name: ident_of(node.publication_ref())?, change })
}

/// What an `ALTER` of an object does, told from its action's node: all objects share these forms.
pub(super) fn change<N: AstNode>(action: Option<N>) -> AlterObject {
    use squawk_syntax::SyntaxKind as Kind;
    let Some(action) = action else { return AlterObject::Other };
    let node = action.syntax();
    match node.kind() {
        Kind::OWNER_TO => AlterObject::OwnerTo,
        Kind::SET_SCHEMA => name(node).map_or(AlterObject::Other, |it| AlterObject::SetSchema(it.name)),
        Kind::AGGREGATE_RENAME_TO
        | Kind::COLLATION_RENAME_TO
        | Kind::CONVERSION_RENAME_TO
        | Kind::DATABASE_RENAME_TO
        | Kind::EVENT_TRIGGER_RENAME_TO
        | Kind::FOREIGN_DATA_WRAPPER_RENAME_TO
        | Kind::FUNCTION_RENAME_TO
        | Kind::LANGUAGE_RENAME_TO
        | Kind::OP_CLASS_RENAME_TO
        | Kind::OP_FAMILY_RENAME_TO
        | Kind::PROCEDURE_RENAME_TO
        | Kind::PROPERTY_GRAPH_RENAME_TO
        | Kind::ROUTINE_RENAME_TO
        | Kind::SCHEMA_RENAME_TO
        | Kind::SERVER_RENAME_TO
        | Kind::STATISTICS_RENAME_TO
        | Kind::TABLESPACE_RENAME_TO
        | Kind::TEXT_SEARCH_CONFIGURATION_RENAME_TO
        | Kind::TEXT_SEARCH_DICTIONARY_RENAME_TO
        | Kind::TEXT_SEARCH_PARSER_RENAME_TO
        | Kind::TEXT_SEARCH_TEMPLATE_RENAME_TO => {
            name(node).map_or(AlterObject::Other, |it| AlterObject::RenameTo(it.name))
        }
        Kind::SET_TABLESPACE => AlterObject::SetTablespace,
        _ => AlterObject::Other,
    }
}

/// `ALTER` of an object that is neither relation, type nor domain.
pub(super) fn altered<N: AstNode, A: AstNode>(
    kind: ObjectKind,
    named: Option<N>,
    action: Option<A>,
) -> Option<Statement> {
    Some(Statement::AlterObject { kind, name: name_of(named)?, action: change(action) })
}

/// `GRANT` and `REVOKE`.
pub(super) fn grant(
    revoke: bool,
    privileges: Option<ast::Privileges>,
    on: Option<ast::OnPrivilegeObjectsClause>,
    roles: Option<ast::RoleRefList>,
    with: Option<ast::GrantWithClause>,
) -> Statement {
    let mut grant = Grant {
        revoke,
        on: ObjectKind::Role,
        names: Vec::new(),
        all_in_schemas: Vec::new(),
        all_privileges: matches!(privileges, Some(ast::Privileges::AllPrivileges(_))),
        public: has_public(roles),
        grant_option: with.is_some_and(|it| it.grant_option().is_some()),
    };
    if let Some(objects) = on.and_then(|it| it.privilege_objects()) {
        grant_on(&mut grant, &objects);
    }
    Statement::Grant(grant)
}

/// Whether one of the roles is `PUBLIC`.
pub(super) fn has_public(roles: Option<ast::RoleRefList>) -> bool {
    roles.is_some_and(|it| it.role_refs().any(|it| ident_of(Some(it)).as_deref() == Some("public")))
}

/// `ALTER DEFAULT PRIVILEGES`.
pub(super) fn default_privileges(node: &ast::AlterDefaultPrivileges) -> Option<Statement> {
    let (revoke, roles) = match node.action()? {
        ast::AlterDefaultPrivilegesAction::GrantDefaultPrivileges(it) => (false, it.role_ref_list()),
        ast::AlterDefaultPrivilegesAction::RevokeDefaultPrivileges(it) => (true, it.role_ref_list()),
    };
    Some(Statement::AlterDefaultPrivileges { revoke, public: has_public(roles) })
}

fn grant_on(grant: &mut Grant, objects: &ast::PrivilegeObjects) {
    use ast::PrivilegeObjects as Node;
    let (kind, found) = match objects {
        Node::PrivilegeDefault(it) => (ObjectKind::Table, names(it.relation_name_refs())),
        Node::PrivilegeTable(it) => (ObjectKind::Table, names(it.relation_name_refs())),
        Node::PrivilegeSequence(it) => (ObjectKind::Sequence, names(it.sequence_refs())),
        Node::PrivilegeSchema(it) => (ObjectKind::Schema, names(it.schema_refs())),
        Node::PrivilegeDatabase(it) => (ObjectKind::Database, names(it.database_refs())),
        Node::PrivilegeDomain(it) => (ObjectKind::Domain, names(it.domain_refs())),
        Node::PrivilegeType(it) => (ObjectKind::Type, names(it.type_name_refs())),
        Node::PrivilegeLanguage(it) => (ObjectKind::Language, names(it.language_refs())),
        Node::PrivilegeTablespace(it) => (ObjectKind::Tablespace, names(it.tablespace_refs())),
        Node::PrivilegeForeignServer(it) => (ObjectKind::Server, names(it.server_refs())),
        Node::PrivilegeForeignDataWrapper(it) => {
            (ObjectKind::ForeignDataWrapper, names(it.foreign_data_wrapper_refs()))
        }
        Node::PrivilegePropertyGraph(it) => (ObjectKind::PropertyGraph, names(it.property_graph_refs())),
        Node::PrivilegeFunction(it) => (
            ObjectKind::Function,
            it.function_sig_list().map(|it| names(it.function_sigs())).unwrap_or_default(),
        ),
        Node::PrivilegeRoutine(it) => (
            ObjectKind::Function,
            it.routine_sig_list().map(|it| names(it.routine_sigs())).unwrap_or_default(),
        ),
        Node::PrivilegeProcedure(it) => (
            ObjectKind::Procedure,
            it.procedure_sig_list().map(|it| names(it.procedure_sigs())).unwrap_or_default(),
        ),
        Node::PrivilegeLargeObject(_) => (ObjectKind::LargeObject, Vec::new()),
        Node::PrivilegeParameter(_) => (ObjectKind::Other, Vec::new()),
        Node::PrivilegeAllTablesInSchema(it) => return grant_all(grant, ObjectKind::Table, it.schema_refs()),
        Node::PrivilegeAllSequencesInSchema(it) => {
            return grant_all(grant, ObjectKind::Sequence, it.schema_refs());
        }
        Node::PrivilegeAllFunctionsInSchema(it) => {
            return grant_all(grant, ObjectKind::Function, it.schema_refs());
        }
        Node::PrivilegeAllRoutinesInSchema(it) => {
            return grant_all(grant, ObjectKind::Function, it.schema_refs());
        }
        Node::PrivilegeAllProceduresInSchema(it) => {
            return grant_all(grant, ObjectKind::Procedure, it.schema_refs());
        }
    };
    grant.on = kind;
    grant.names = found;
}

fn grant_all(grant: &mut Grant, kind: ObjectKind, schemas: AstChildren<ast::SchemaRef>) {
    grant.on = kind;
    grant.all_in_schemas = idents(schemas);
}

/// `COMMENT ON`, and `SECURITY LABEL ON`, which takes the same lock. The object's node says all.
pub(super) fn comment(object: Option<&SyntaxNode>) -> Option<Statement> {
    let object = object?;
    let kind = object_kind(object);
    if kind == ObjectKind::Column {
        let column = ast::ObjectColumn::cast(object.clone())?;
        let (table, column) = column_path(&column.name()?.path_ref()?)?;
        return Some(Statement::Comment { kind, name: Some(Name::bare(column)), on_table: Some(table) });
    }
    let on_table = match kind {
        ObjectKind::Constraint => {
            ast::ObjectConstraint::cast(object.clone()).and_then(|it| name_of(it.table_name_ref()))
        }
        ObjectKind::Policy => {
            ast::ObjectPolicy::cast(object.clone()).and_then(|it| name_of(it.table_name_ref()))
        }
        ObjectKind::Rule => {
            ast::ObjectRule::cast(object.clone()).and_then(|it| name_of(it.relation_name_ref()))
        }
        ObjectKind::Trigger => {
            ast::ObjectTrigger::cast(object.clone()).and_then(|it| name_of(it.relation_name_ref()))
        }
        _ => None,
    };
    Some(Statement::Comment { kind, name: object.first_child().and_then(|it| name(&it)), on_table })
}

fn object_kind(node: &SyntaxNode) -> ObjectKind {
    use squawk_syntax::SyntaxKind as Kind;
    match node.kind() {
        Kind::OBJECT_ACCESS_METHOD => ObjectKind::AccessMethod,
        Kind::OBJECT_AGGREGATE => ObjectKind::Aggregate,
        Kind::OBJECT_CAST => ObjectKind::Cast,
        Kind::OBJECT_COLLATION => ObjectKind::Collation,
        Kind::OBJECT_COLUMN => ObjectKind::Column,
        Kind::OBJECT_CONSTRAINT => ObjectKind::Constraint,
        Kind::OBJECT_CONVERSION => ObjectKind::Conversion,
        Kind::OBJECT_DATABASE => ObjectKind::Database,
        Kind::OBJECT_DOMAIN => ObjectKind::Domain,
        Kind::OBJECT_EVENT_TRIGGER => ObjectKind::EventTrigger,
        Kind::OBJECT_EXTENSION => ObjectKind::Extension,
        Kind::OBJECT_FOREIGN_DATA_WRAPPER => ObjectKind::ForeignDataWrapper,
        Kind::OBJECT_FUNCTION | Kind::OBJECT_ROUTINE => ObjectKind::Function,
        Kind::OBJECT_INDEX => ObjectKind::Index,
        Kind::OBJECT_LANGUAGE => ObjectKind::Language,
        Kind::OBJECT_LARGE_OBJECT => ObjectKind::LargeObject,
        Kind::OBJECT_MATERIALIZED_VIEW => ObjectKind::MaterializedView,
        Kind::OBJECT_OPERATOR => ObjectKind::Operator,
        Kind::OBJECT_OPERATOR_CLASS => ObjectKind::OperatorClass,
        Kind::OBJECT_OPERATOR_FAMILY => ObjectKind::OperatorFamily,
        Kind::OBJECT_POLICY => ObjectKind::Policy,
        Kind::OBJECT_PROCEDURE => ObjectKind::Procedure,
        Kind::OBJECT_PROPERTY_GRAPH => ObjectKind::PropertyGraph,
        Kind::OBJECT_PUBLICATION => ObjectKind::Publication,
        Kind::OBJECT_ROLE => ObjectKind::Role,
        Kind::OBJECT_RULE => ObjectKind::Rule,
        Kind::OBJECT_SCHEMA => ObjectKind::Schema,
        Kind::OBJECT_SEQUENCE => ObjectKind::Sequence,
        Kind::OBJECT_SERVER => ObjectKind::Server,
        Kind::OBJECT_STATISTICS => ObjectKind::Statistics,
        Kind::OBJECT_SUBSCRIPTION => ObjectKind::Subscription,
        Kind::OBJECT_TABLE | Kind::OBJECT_FOREIGN_TABLE => ObjectKind::Table,
        Kind::OBJECT_TABLESPACE => ObjectKind::Tablespace,
        Kind::OBJECT_TEXT_SEARCH_CONFIG
        | Kind::OBJECT_TEXT_SEARCH_DICT
        | Kind::OBJECT_TEXT_SEARCH_PARSER
        | Kind::OBJECT_TEXT_SEARCH_TEMPLATE => ObjectKind::TextSearch,
        Kind::OBJECT_TRANSFORM => ObjectKind::Transform,
        Kind::OBJECT_TRIGGER => ObjectKind::Trigger,
        Kind::OBJECT_TYPE => ObjectKind::Type,
        Kind::OBJECT_VIEW => ObjectKind::View,
        _ => ObjectKind::Other,
    }
}

/// A statement about a role, from what all of them have.
pub(super) fn role(action: RoleAction, name: Option<Ident>, list: Option<ast::RoleOptionList>) -> Statement {
    let options = list.into_iter().flat_map(|it| it.role_options());
    Statement::Role { action, name, options: options.filter_map(|it| role_option(&it)).collect() }
}

fn role_option(node: &ast::RoleOption) -> Option<RoleOption> {
    match node {
        ast::RoleOption::RoleOptionPassword(it) => it.literal().and_then(|it| password(&it)),
        ast::RoleOption::RoleOptionEncryptedPassword(it) => it.literal().and_then(|it| password(&it)),
        ast::RoleOption::RoleOptionGeneric(it) => {
            let word = it.ident_token()?.text().to_ascii_lowercase();
            match word.as_str() {
                "superuser" => Some(RoleOption::Superuser),
                "bypassrls" => Some(RoleOption::BypassRowSecurity),
                _ => None,
            }
        }
        _ => None,
    }
}

/// `PASSWORD NULL` gives none.
fn password(literal: &ast::Literal) -> Option<RoleOption> {
    is_string(literal).then_some(RoleOption::Password)
}

/// `ALTER ROLE`, `ALTER USER`: its options, or the setting that it gives.
pub(super) fn alter_role(name: Option<Ident>, options: Option<ast::RoleOptionList>, sets: bool) -> Statement {
    role(if sets { RoleAction::SetSetting } else { RoleAction::Alter }, name, options)
}

/// `CREATE SUBSCRIPTION`.
pub(super) fn create_subscription(node: &ast::CreateSubscription) -> Option<Statement> {
    let options = settings(node.with_params().and_then(|it| it.attribute_list()));
    let is_off = |option: &str| {
        let value =
            options.iter().find(|(name, _)| name == option).map(|(_, value)| value.trim_matches('\''));
        value.is_some_and(|it| ["false", "off", "0"].iter().any(|off| it.eq_ignore_ascii_case(off)))
    };
    Some(Statement::CreateSubscription {
        name: ident_of(node.subscription())?,
        creates_slot: !is_off("create_slot") && !is_off("connect"),
    })
}
