//! From each statement of the grammar to the function that reads it. One that is not listed is reported as unreadable, never skipped.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode, Stmt};

use super::name::{ident_of, name_of, names};
use super::query::query;
use super::{
    Origin, alter, attached, drop, maintain, object, relation, routine, rows, session, table, types,
};
use crate::sql::statement::{ObjectKind, RelationKind, RoleAction, Statement, Transaction};

/// Reads the statement that `node` is. `None` if its form is not known.
#[expect(clippy::too_many_lines, reason = "one line a statement")]
pub(super) fn statement(node: &SyntaxNode, origin: &Origin) -> Option<Statement> {
    let statement = match Stmt::cast(node.clone())? {
        // Relations.
        Stmt::CreateTable(it) => table::create_table(&it)?,
        Stmt::CreateForeignTable(it) => table::create_foreign_table(&it)?,
        Stmt::CreateTableAs(it) => table::create_table_as(&it)?,
        Stmt::SelectInto(it) => table::select_into(&it)?,
        Stmt::CreateMaterializedView(it) => table::create_materialized_view(&it)?,
        Stmt::CreateIndex(it) => relation::create_index(&it)?,
        Stmt::CreateView(it) => relation::create_view(&it)?,
        Stmt::CreateSequence(it) => relation::create_sequence(&it)?,
        Stmt::CreateStatistics(it) => attached::create_statistics(&it),
        Stmt::AlterTable(it) => alter::alter_table(&it)?,
        Stmt::AlterForeignTable(it) => alter::alter_foreign_table(&it)?,
        Stmt::AlterIndex(it) => relation::alter_index(&it)?,
        Stmt::AlterView(it) => relation::alter_view(&it)?,
        Stmt::AlterMaterializedView(it) => relation::alter_materialized_view(&it)?,
        Stmt::AlterSequence(it) => relation::alter_sequence(&it)?,
        Stmt::DropIndex(it) => drop::index(&it),
        Stmt::DropTable(it) => {
            drop::relations(RelationKind::Table, it.table_name_refs(), it.if_exists(), it.drop_behavior())
        }
        Stmt::DropForeignTable(it) => drop::relations(
            RelationKind::ForeignTable,
            it.table_name_refs(),
            it.if_exists(),
            it.drop_behavior(),
        ),
        Stmt::DropView(it) => {
            drop::relations(RelationKind::View, it.view_refs(), it.if_exists(), it.drop_behavior())
        }
        Stmt::DropMaterializedView(it) => drop::relations(
            RelationKind::MaterializedView,
            it.view_refs(),
            it.if_exists(),
            it.drop_behavior(),
        ),
        Stmt::DropSequence(it) => {
            drop::relations(RelationKind::Sequence, it.sequence_refs(), it.if_exists(), it.drop_behavior())
        }
        Stmt::Truncate(it) => maintain::truncate(&it)?,
        Stmt::Reindex(it) => maintain::reindex(&it)?,
        Stmt::Cluster(it) => maintain::cluster(&it),
        Stmt::Vacuum(it) => maintain::vacuum(&it),
        Stmt::Analyze(it) => maintain::analyze(&it),
        Stmt::Refresh(it) => maintain::refresh(&it)?,
        Stmt::Lock(it) => maintain::lock(&it)?,
        Stmt::Repack(it) => maintain::repack(&it),

        // What hangs on a relation.
        Stmt::CreateTrigger(it) => attached::create_trigger(&it)?,
        Stmt::AlterTrigger(it) => attached::alter_trigger(&it)?,
        Stmt::DropTrigger(it) => drop::trigger(&it)?,
        Stmt::CreateRule(it) => attached::create_rule(&it, origin)?,
        Stmt::AlterRule(it) => attached::alter_rule(&it)?,
        Stmt::DropRule(it) => drop::rule(&it)?,
        Stmt::CreatePolicy(it) => attached::create_policy(&it)?,
        Stmt::AlterPolicy(it) => attached::alter_policy(&it)?,
        Stmt::DropPolicy(it) => drop::policy(&it)?,

        // Types.
        Stmt::CreateType(it) => types::create_type(&it)?,
        Stmt::AlterType(it) => types::alter_type(&it)?,
        Stmt::CreateDomain(it) => types::create_domain(&it)?,
        Stmt::AlterDomain(it) => types::alter_domain(&it)?,

        // Rows.
        it @ (Stmt::Select(_)
        | Stmt::Values(_)
        | Stmt::Table(_)
        | Stmt::ParenSelect(_)
        | Stmt::CompoundSelect(_)) => {
            Statement::Select(query(&ast::SelectVariant::cast(it.syntax().clone())?, &[]))
        }
        Stmt::Insert(it) => rows::insert(&it, &[])?,
        Stmt::Update(it) => rows::update(&it, &[])?,
        Stmt::Delete(it) => rows::delete(&it, &[])?,
        Stmt::Merge(it) => rows::merge(&it, &[])?,
        Stmt::Copy(it) => rows::copy(&it, origin),
        Stmt::Call(it) => Statement::Call { function: name_of(it.procedure_name_ref())? },
        Stmt::Explain(it) => rows::explain(&it, origin)?,
        Stmt::Prepare(it) => rows::prepare(&it, origin)?,
        Stmt::Declare(it) => rows::declare(&it),

        // Code.
        Stmt::Do(it) => routine::do_block(&it, origin),
        Stmt::CreateFunction(it) => routine::create_function(&it)?,
        Stmt::CreateProcedure(it) => routine::create_procedure(&it)?,

        // Transaction and session.
        Stmt::Begin(_) => Statement::Transaction(Transaction::Begin),
        Stmt::Commit(it) => session::commit(&it),
        Stmt::Rollback(it) => session::rollback(&it)?,
        Stmt::SavepointCreate(it) => {
            Statement::Transaction(Transaction::Savepoint(ident_of(it.savepoint())?))
        }
        Stmt::ReleaseSavepoint(it) => {
            Statement::Transaction(Transaction::Release(ident_of(it.savepoint_ref())?))
        }
        Stmt::PrepareTransaction(_) => Statement::Transaction(Transaction::Prepare),
        Stmt::SetTransaction(_) => Statement::Transaction(Transaction::SetModes),
        Stmt::Set(it) => session::set(&it)?,
        Stmt::Reset(it) => session::reset(&it)?,
        Stmt::SetConstraints(_) => Statement::SetConstraints,
        Stmt::SetRole(it) => session::set_role(&it),
        Stmt::SetSessionAuth(it) => session::set_session_authorization(&it),
        Stmt::ResetRole(_) | Stmt::ResetSessionAuth(_) => Statement::SetRole { role: None },
        Stmt::Discard(it) => {
            Statement::Discard { all: matches!(it.discard_target(), Some(ast::DiscardTarget::DiscardAll(_))) }
        }

        other => return objects(other, origin),
    };
    Some(statement)
}

/// Statements about objects that are neither relations nor types.
#[expect(clippy::too_many_lines, reason = "one line a statement")]
fn objects(node: Stmt, origin: &Origin) -> Option<Statement> {
    let statement = match node {
        Stmt::CreateSchema(it) => object::create_schema(&it, origin)?,
        Stmt::CreateExtension(it) => object::create_extension(&it)?,
        Stmt::AlterExtension(it) => object::alter_extension(&it)?,
        Stmt::CreatePublication(it) => object::create_publication(&it)?,
        Stmt::AlterPublication(it) => object::alter_publication(&it)?,
        Stmt::CreateSubscription(it) => object::create_subscription(&it)?,
        Stmt::AlterSubscription(it) => {
            Statement::AlterSubscription { name: ident_of(it.subscription_ref())? }
        }
        Stmt::CreateDatabase(it) => Statement::CreateDatabase { name: ident_of(it.database())? },
        Stmt::AlterDatabase(it) => Statement::AlterDatabase {
            name: ident_of(it.database_ref())?,
            action: object::change(it.action()),
        },
        Stmt::Grant(it) => object::grant(
            false,
            it.privileges(),
            it.on_privilege_objects_clause(),
            it.role_ref_list(),
            it.grant_with_clause(),
        ),
        Stmt::Revoke(it) => {
            object::grant(true, it.privileges(), it.on_privilege_objects_clause(), it.role_ref_list(), None)
        }
        Stmt::AlterDefaultPrivileges(it) => object::default_privileges(&it)?,
        Stmt::CommentOn(it) => object::comment(it.comment_object().as_ref().map(AstNode::syntax))?,
        Stmt::SecurityLabel(it) => object::comment(it.security_label_object().as_ref().map(AstNode::syntax))?,
        Stmt::AlterSystem(it) => Statement::AlterSystem {
            setting: match it.action()? {
                ast::AlterSystemAction::ResetConfigParam(it) => {
                    it.config_parameter_ref().and_then(|it| session::parameter(&it))
                }
                ast::AlterSystemAction::SetConfigParam(it) => {
                    it.config_parameter_ref().and_then(|it| session::parameter(&it))
                }
            },
        },
        Stmt::CreateRole(it) => object::role(RoleAction::Create, ident_of(it.role()), it.role_option_list()),
        Stmt::CreateUser(it) => object::role(RoleAction::Create, ident_of(it.role()), it.role_option_list()),
        Stmt::CreateGroup(it) => object::role(RoleAction::Create, ident_of(it.role()), it.role_option_list()),
        Stmt::AlterGroup(_) => object::alter_role(None, None, false),
        Stmt::AlterRole(it) => {
            let name = ident_of(it.role_ref());
            match it.action() {
                Some(ast::AlterRoleAction::RoleOptionList(it)) => object::alter_role(name, Some(it), false),
                Some(ast::AlterRoleAction::SetConfigParam(_) | ast::AlterRoleAction::ResetConfigParam(_)) => {
                    object::alter_role(name, None, true)
                }
                Some(ast::AlterRoleAction::RoleRenameTo(_)) | None => object::alter_role(name, None, false),
            }
        }
        Stmt::AlterUser(it) => {
            let name = ident_of(it.role_ref());
            match it.action() {
                Some(ast::AlterUserAction::RoleOptionList(it)) => object::alter_role(name, Some(it), false),
                Some(ast::AlterUserAction::SetConfigParam(_) | ast::AlterUserAction::ResetConfigParam(_)) => {
                    object::alter_role(name, None, true)
                }
                Some(ast::AlterUserAction::RoleRenameTo(_)) | None => object::alter_role(name, None, false),
            }
        }
        Stmt::DropOwned(it) => Statement::DropOwned { cascade: alter::cascades(it.drop_behavior()) },
        Stmt::Reassign(_) => Statement::ReassignOwned,

        Stmt::AlterAggregate(it) => object::altered(ObjectKind::Aggregate, it.aggregate(), it.action())?,
        Stmt::AlterCollation(it) => object::altered(ObjectKind::Collation, it.collation_ref(), it.action())?,
        Stmt::AlterConversion(it) => {
            object::altered(ObjectKind::Conversion, it.conversion_ref(), it.action())?
        }
        Stmt::AlterEventTrigger(it) => {
            object::altered(ObjectKind::EventTrigger, it.event_trigger_ref(), it.action())?
        }
        Stmt::AlterForeignDataWrapper(it) => {
            object::altered(ObjectKind::ForeignDataWrapper, it.foreign_data_wrapper_ref(), it.action())?
        }
        Stmt::AlterFunction(it) => object::altered(ObjectKind::Function, it.function_sig(), it.action())?,
        Stmt::AlterRoutine(it) => object::altered(ObjectKind::Function, it.routine_sig(), it.action())?,
        Stmt::AlterProcedure(it) => object::altered(ObjectKind::Procedure, it.procedure_sig(), it.action())?,
        Stmt::AlterLanguage(it) => object::altered(ObjectKind::Language, it.language_ref(), it.action())?,
        Stmt::AlterLargeObject(_) => Statement::Other(ObjectKind::LargeObject),
        Stmt::AlterOperator(_) => Statement::Other(ObjectKind::Operator),
        Stmt::AlterOperatorClass(it) => {
            object::altered(ObjectKind::OperatorClass, it.op_class_ref(), it.action())?
        }
        Stmt::AlterOperatorFamily(it) => {
            object::altered(ObjectKind::OperatorFamily, it.op_family_ref(), it.action())?
        }
        Stmt::AlterPropertyGraph(it) => {
            object::altered(ObjectKind::PropertyGraph, it.property_graph_ref(), it.action())?
        }
        Stmt::AlterSchema(it) => object::altered(ObjectKind::Schema, it.schema_ref(), it.action())?,
        Stmt::AlterServer(it) => object::altered(ObjectKind::Server, it.server_ref(), it.actions().next())?,
        Stmt::AlterStatistics(it) => {
            object::altered(ObjectKind::Statistics, it.statistics_ref(), it.action())?
        }
        Stmt::AlterTablespace(it) => {
            object::altered(ObjectKind::Tablespace, it.tablespace_ref(), it.action())?
        }
        Stmt::AlterTextSearchConfiguration(it) => {
            object::altered(ObjectKind::TextSearch, it.text_search_configuration_ref(), it.action())?
        }
        Stmt::AlterTextSearchDictionary(it) => {
            object::altered(ObjectKind::TextSearch, it.text_search_dictionary_ref(), it.action())?
        }
        Stmt::AlterTextSearchParser(it) => {
            object::altered(ObjectKind::TextSearch, it.text_search_parser_ref(), it.action())?
        }
        Stmt::AlterTextSearchTemplate(it) => {
            object::altered(ObjectKind::TextSearch, it.text_search_template_ref(), it.action())?
        }
        other => return dropped(other),
    };
    Some(statement)
}

/// `DROP` of objects, and the statements that nothing depends on.
fn dropped(node: Stmt) -> Option<Statement> {
    /// `DROP` of a list, or of a single object.
    macro_rules! drop_object {
        ($kind:ident, $it:ident . $list:ident) => {
            drop::objects(ObjectKind::$kind, names($it.$list()), $it.if_exists(), $it.drop_behavior())
        };
        ($kind:ident, $it:ident . $list:ident . $inner:ident) => {
            drop::objects(
                ObjectKind::$kind,
                $it.$list().map(|it| names(it.$inner())).unwrap_or_default(),
                $it.if_exists(),
                $it.drop_behavior(),
            )
        };
        (one $kind:ident, $it:ident . $single:ident) => {
            drop::objects(
                ObjectKind::$kind,
                name_of($it.$single()).into_iter().collect(),
                $it.if_exists(),
                $it.drop_behavior(),
            )
        };
    }
    Some(match node {
        Stmt::DropAccessMethod(it) => drop_object!(one AccessMethod, it.access_method_ref),
        Stmt::DropAggregate(it) => drop_object!(Aggregate, it.aggregates),
        Stmt::DropCast(it) => drop::objects(ObjectKind::Cast, Vec::new(), it.if_exists(), it.drop_behavior()),
        Stmt::DropCollation(it) => drop_object!(Collation, it.collation_refs),
        Stmt::DropConversion(it) => drop_object!(one Conversion, it.conversion_ref),
        Stmt::DropDatabase(it) => drop::objects(
            ObjectKind::Database,
            name_of(it.database_ref()).into_iter().collect(),
            it.if_exists(),
            None,
        ),
        Stmt::DropDomain(it) => drop_object!(Domain, it.domain_refs),
        Stmt::DropEventTrigger(it) => drop_object!(one EventTrigger, it.event_trigger_ref),
        Stmt::DropExtension(it) => drop_object!(Extension, it.extension_refs),
        Stmt::DropForeignDataWrapper(it) => drop_object!(ForeignDataWrapper, it.foreign_data_wrapper_refs),
        Stmt::DropFunction(it) => drop_object!(Function, it.function_sig_list.function_sigs),
        Stmt::DropRoutine(it) => drop_object!(Function, it.routine_sig_list.routine_sigs),
        Stmt::DropProcedure(it) => drop_object!(Procedure, it.procedure_sig_list.procedure_sigs),
        Stmt::DropGroup(it) => drop::objects(ObjectKind::Role, names(it.role_refs()), it.if_exists(), None),
        Stmt::DropRole(it) => drop::objects(ObjectKind::Role, names(it.role_refs()), it.if_exists(), None),
        Stmt::DropUser(it) => drop::objects(ObjectKind::Role, names(it.role_refs()), it.if_exists(), None),
        Stmt::DropLanguage(it) => drop_object!(one Language, it.language_ref),
        Stmt::DropOperator(it) => {
            drop::objects(ObjectKind::Operator, Vec::new(), it.if_exists(), it.drop_behavior())
        }
        Stmt::DropOperatorClass(it) => drop_object!(one OperatorClass, it.op_class_ref),
        Stmt::DropOperatorFamily(it) => drop_object!(one OperatorFamily, it.op_family_ref),
        Stmt::DropPropertyGraph(it) => drop_object!(one PropertyGraph, it.property_graph_ref),
        Stmt::DropPublication(it) => drop_object!(Publication, it.publication_refs),
        Stmt::DropSchema(it) => drop_object!(Schema, it.schema_refs),
        Stmt::DropServer(it) => drop_object!(Server, it.server_refs),
        Stmt::DropStatistics(it) => drop_object!(Statistics, it.statistics_refs),
        Stmt::DropSubscription(it) => drop_object!(one Subscription, it.subscription_ref),
        Stmt::DropTablespace(it) => drop::objects(
            ObjectKind::Tablespace,
            name_of(it.tablespace_ref()).into_iter().collect(),
            it.if_exists(),
            None,
        ),
        Stmt::DropTextSearchConfig(it) => drop_object!(one TextSearch, it.text_search_configuration_ref),
        Stmt::DropTextSearchDict(it) => drop_object!(one TextSearch, it.text_search_dictionary_ref),
        Stmt::DropTextSearchParser(it) => drop_object!(one TextSearch, it.text_search_parser_ref),
        Stmt::DropTextSearchTemplate(it) => drop_object!(one TextSearch, it.text_search_template_ref),
        Stmt::DropTransform(it) => {
            drop::objects(ObjectKind::Transform, Vec::new(), it.if_exists(), it.drop_behavior())
        }
        Stmt::DropType(it) => drop_object!(Type, it.type_name_refs),
        Stmt::DropUserMapping(it) => drop::objects(ObjectKind::UserMapping, Vec::new(), it.if_exists(), None),
        other => Statement::Other(harmless(&other)?),
    })
}

/// What a statement is about that locks no relation of the user's and changes nothing that the catalog holds.
fn harmless(node: &Stmt) -> Option<ObjectKind> {
    Some(match node {
        Stmt::CreateAccessMethod(_) => ObjectKind::AccessMethod,
        Stmt::CreateAggregate(_) => ObjectKind::Aggregate,
        Stmt::CreateCast(_) => ObjectKind::Cast,
        Stmt::CreateCollation(_) => ObjectKind::Collation,
        Stmt::CreateConversion(_) => ObjectKind::Conversion,
        Stmt::CreateEventTrigger(_) => ObjectKind::EventTrigger,
        Stmt::CreateForeignDataWrapper(_) => ObjectKind::ForeignDataWrapper,
        Stmt::CreateLanguage(_) => ObjectKind::Language,
        Stmt::CreateOperator(_) => ObjectKind::Operator,
        Stmt::CreateOperatorClass(_) => ObjectKind::OperatorClass,
        Stmt::CreateOperatorFamily(_) => ObjectKind::OperatorFamily,
        Stmt::CreatePropertyGraph(_) => ObjectKind::PropertyGraph,
        // Its tables are known to the foreign server only.
        Stmt::CreateServer(_) | Stmt::AlterServer(_) | Stmt::ImportForeignSchema(_) => ObjectKind::Server,
        Stmt::CreateTablespace(_) => ObjectKind::Tablespace,
        Stmt::CreateTextSearchConfiguration(_)
        | Stmt::CreateTextSearchDictionary(_)
        | Stmt::CreateTextSearchParser(_)
        | Stmt::CreateTextSearchTemplate(_) => ObjectKind::TextSearch,
        Stmt::CreateTransform(_) => ObjectKind::Transform,
        Stmt::CreateUserMapping(_) | Stmt::AlterUserMapping(_) => ObjectKind::UserMapping,
        Stmt::Checkpoint(_)
        | Stmt::Close(_)
        | Stmt::Deallocate(_)
        | Stmt::EmptyStmt(_)
        | Stmt::Execute(_)
        | Stmt::Fetch(_)
        | Stmt::Listen(_)
        | Stmt::Load(_)
        | Stmt::Move(_)
        | Stmt::Notify(_)
        | Stmt::Show(_)
        | Stmt::Unlisten(_) => ObjectKind::Other,
        _ => return None,
    })
}
