//! `CREATE FUNCTION`, `CREATE PROCEDURE` and `DO`.

use squawk_syntax::SourceFile;
use squawk_syntax::ast::{self, AstNode};

use super::Origin;
use super::body::Code;
use super::name::name_of;
use super::session::parameter;
use super::ty::func_type;
use crate::sql::statement::{Body, CreateFunction, Ident, LazyBody, Name, Statement, Volatility};

/// `CREATE FUNCTION`.
pub(super) fn create_function(node: &ast::CreateFunction) -> Option<Statement> {
    let mut function = empty(name_of(node.name())?, node.or_replace(), node.param_list());
    function.returns = node.ret_type().and_then(|it| it.func_type()).and_then(|it| func_type(&it));
    add_options(&mut function, node.option_list());
    function.body = LazyBody::new(node.syntax().text().to_string(), body_of);
    Some(Statement::CreateFunction(function))
}

/// `CREATE PROCEDURE`.
pub(super) fn create_procedure(node: &ast::CreateProcedure) -> Option<Statement> {
    let mut function = empty(name_of(node.name())?, node.or_replace(), node.param_list());
    function.procedure = true;
    add_options(&mut function, node.option_list());
    function.body = LazyBody::new(node.syntax().text().to_string(), body_of);
    Some(Statement::CreateFunction(function))
}

/// The code of the one statement in `text`, which makes a function. Where its statements stand in there is of no use.
fn body_of(text: &str) -> Body {
    match SourceFile::parse(text).tree().stmts().next() {
        Some(ast::Stmt::CreateFunction(node)) => {
            let code = Code { plpgsql: &|| node.plpgsql(), sql: &|| node.sql_body(), inline: node.body() };
            code.body(language(node.option_list()).as_ref(), &Origin::default())
        }
        Some(ast::Stmt::CreateProcedure(node)) => {
            let code = Code { plpgsql: &|| node.plpgsql(), sql: &|| node.sql_body(), inline: node.body() };
            code.body(language(node.option_list()).as_ref(), &Origin::default())
        }
        _ => Body { unreadable: Some("the function cannot be read again".to_owned()), ..Body::default() },
    }
}

fn language(list: Option<ast::FuncOptionList>) -> Option<Ident> {
    let language = list?.options().filter_map(|it| match it {
        ast::FuncOption::LanguageFuncOption(it) => it.language_name(),
        _ => None,
    });
    language.last().map(|it| it.name.into())
}

/// `DO`.
pub(super) fn do_block(node: &ast::Do, origin: &Origin) -> Statement {
    let language = node.do_language().and_then(|it| it.language_name()).map(|it| Ident::from(it.name));
    let language = language.unwrap_or_else(|| Ident::new_static("plpgsql"));
    let code = Code { plpgsql: &|| node.plpgsql(), sql: &|| None, inline: None };
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
        body: LazyBody::default(),
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
