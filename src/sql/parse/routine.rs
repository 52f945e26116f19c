//! `CREATE FUNCTION`, `CREATE PROCEDURE` and `DO`.

use squawk_syntax::ast;

use super::name::name_of;
use super::session::parameter;
use super::ty::func_type;
use super::{Origin, body};
use crate::sql::statement::{Body, CreateFunction, Ident, Name, Statement, Volatility};

/// `CREATE FUNCTION`.
pub(super) fn create_function(node: &ast::CreateFunction, origin: &Origin) -> Option<Statement> {
    let mut function = empty(name_of(node.name())?, node.or_replace(), node.param_list());
    function.returns = node.ret_type().and_then(|it| it.func_type()).and_then(|it| func_type(&it));
    add_options(&mut function, node.option_list());
    let code = body::Code { plpgsql: &|| node.plpgsql(), sql: &|| node.sql_body(), inline: node.body() };
    function.body = code.body(function.language.as_ref(), origin);
    Some(Statement::CreateFunction(function))
}

/// `CREATE PROCEDURE`.
pub(super) fn create_procedure(node: &ast::CreateProcedure, origin: &Origin) -> Option<Statement> {
    let mut function = empty(name_of(node.name())?, node.or_replace(), node.param_list());
    function.procedure = true;
    add_options(&mut function, node.option_list());
    let code = body::Code { plpgsql: &|| node.plpgsql(), sql: &|| node.sql_body(), inline: node.body() };
    function.body = code.body(function.language.as_ref(), origin);
    Some(Statement::CreateFunction(function))
}

/// `DO`.
pub(super) fn do_block(node: &ast::Do, origin: &Origin) -> Statement {
    let language = node.do_language().and_then(|it| it.language_name()).map(|it| Ident::from(it.name));
    let language = language.unwrap_or_else(|| Ident::new_static("plpgsql"));
    let code = body::Code { plpgsql: &|| node.plpgsql(), sql: &|| None, inline: None };
    Statement::Do(code.body(Some(&language), origin))
}

fn empty(
    name: Name,
    or_replace: Option<ast::OrReplace>,
    parameters: Option<ast::ParamList>,
) -> CreateFunction {
    let takes = |it: &ast::Param| !matches!(it.mode(), Some(ast::ParamMode::ParamOut(_)));
    CreateFunction {
        name,
        or_replace: or_replace.is_some(),
        procedure: false,
        n_arguments: parameters.map_or(0, |it| it.params().filter(takes).count()),
        returns: None,
        language: None,
        volatility: Volatility::default(),
        security_definer: false,
        sets_search_path: false,
        body: Body::default(),
    }
}

fn add_options(function: &mut CreateFunction, list: Option<ast::FuncOptionList>) {
    use ast::FuncOption as Node;
    let Some(list) = list else { return };
    for option in list.options() {
        match option {
            Node::LanguageFuncOption(it) => {
                function.language = it.language_name().map(|it| it.name.into());
            }
            Node::VolatilityFuncOption(it) => {
                function.volatility = match it {
                    ast::VolatilityFuncOption::Immutable(_) => Volatility::Immutable,
                    ast::VolatilityFuncOption::Stable(_) => Volatility::Stable,
                    ast::VolatilityFuncOption::Volatile(_) => Volatility::Volatile,
                }
            }
            Node::SecurityDefinerFuncOption(_) => function.security_definer = true,
            Node::SetFuncOption(it) => {
                let setting = it.set_config_param().and_then(|it| parameter(&it.config_parameter_ref()?));
                function.sets_search_path |= setting.as_deref() == Some("search_path");
            }
            Node::AsFuncOption(_)
            | Node::CalledOnNullInputFuncOption(_)
            | Node::CostFuncOption(_)
            | Node::LeakproofFuncOption(_)
            | Node::NotLeakproofFuncOption(_)
            | Node::ParallelFuncOption(_)
            | Node::ResetFuncOption(_)
            | Node::ReturnsNullOnNullInputFuncOption(_)
            | Node::RowsFuncOption(_)
            | Node::SecurityInvokerFuncOption(_)
            | Node::StrictFuncOption(_)
            | Node::SupportFuncOption(_)
            | Node::TransformFuncOption(_)
            | Node::WindowFuncOption(_) => {}
        }
    }
}
