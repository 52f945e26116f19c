//! Types under the names that `pg_type` has for them.
//!
//! `pg_catalog` comes first in every search path, so a type written with that schema is the built-in one and loses the schema.
//! The one exception is `"char"`, the one-byte type: it keeps `pg_catalog`, for `char` alone is `bpchar`.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::name::{leaf, name};
use crate::sql::statement::{Ident, Name, TypeName};

/// A type as it is written.
pub(super) fn type_name(ty: &ast::Type) -> Option<TypeName> {
    Some(match ty {
        ast::Type::ArrayType(it) => {
            let element = type_name(&it.ty()?)?;
            let bounds = it.array_bounds().count().max(1);
            let array_dimensions = u8::try_from(bounds).unwrap_or(u8::MAX);
            TypeName { array_dimensions, ..element }
        }
        ast::Type::BitType(it) => builtin("bit", or_one(numbers(it.arg_list()))),
        ast::Type::BitVaryingType(it) => builtin("varbit", numbers(it.arg_list())),
        ast::Type::CharacterType(it) => builtin("bpchar", or_one(numbers(it.arg_list()))),
        ast::Type::VarcharType(it) => builtin("varchar", numbers(it.arg_list())),
        ast::Type::DoubleType(_) => TypeName::plain("float8"),
        ast::Type::IntervalType(it) => {
            let seconds = match it.interval_qualifier() {
                Some(ast::IntervalQualifier::IntervalSecond(it)) => it.literal(),
                _ => None,
            };
            let precision = precision(it.literal().or(seconds));
            match it.interval_qualifier() {
                Some(fields) => with_fields(fields.syntax(), precision),
                None => builtin("interval", precision),
            }
        }
        ast::Type::TimeType(it) => {
            let zoned = matches!(it.timezone(), Some(ast::Timezone::WithTimezone(_)));
            builtin(if zoned { "timetz" } else { "time" }, precision(it.literal()))
        }
        ast::Type::TimestampType(it) => {
            let zoned = matches!(it.timezone(), Some(ast::Timezone::WithTimezone(_)));
            builtin(if zoned { "timestamptz" } else { "timestamp" }, precision(it.literal()))
        }
        ast::Type::PathType(it) => named(it)?,
    })
}

/// [`type_name`] of a child that may be missing.
pub(super) fn type_of(ty: Option<ast::Type>) -> Option<TypeName> {
    type_name(&ty?)
}

/// What a function returns. `table.column%TYPE` is kept as it is written.
pub(super) fn func_type(ty: &ast::FuncType) -> Option<TypeName> {
    match ty {
        ast::FuncType::Type(it) => type_name(it),
        ast::FuncType::PercentType(it) => {
            Some(TypeName::plain(it.syntax().text().to_string().to_ascii_lowercase()))
        }
    }
}

fn named(ty: &ast::PathType) -> Option<TypeName> {
    let path = ty.path_ref()?;
    let mut found = name(path.syntax())?;
    let modifiers = numbers(ty.arg_list());
    let quoted = path.segment()?.syntax().first_token()?.text().starts_with('"');
    match found.schema.as_deref() {
        Some("pg_catalog") if found.name != "char" => found.schema = None,
        None if quoted && found.name == "char" => found.schema = Some(Ident::new_static("pg_catalog")),
        None if !quoted => {
            if found.name == "float" {
                let single = modifiers.first().is_some_and(|it| *it <= 24);
                return Some(TypeName::plain(if single { "float4" } else { "float8" }));
            }
            if let Some(internal) = internal_name(&found.name) {
                found.name = Ident::new_static(internal);
            }
        }
        _ => {}
    }
    Some(TypeName { name: found, modifiers, array_dimensions: 0 })
}

/// The name behind SQL's own spellings, and the usual name of each `serial`.
fn internal_name(written: &str) -> Option<&'static str> {
    Some(match written {
        "int" | "integer" => "int4",
        "bigint" => "int8",
        "smallint" => "int2",
        "real" => "float4",
        "decimal" | "dec" => "numeric",
        "boolean" => "bool",
        "serial4" => "serial",
        "serial8" => "bigserial",
        "serial2" => "smallserial",
        _ => return None,
    })
}

fn builtin(name: &'static str, modifiers: Vec<i32>) -> TypeName {
    TypeName { name: Name { schema: None, name: Ident::new_static(name) }, modifiers, array_dimensions: 0 }
}

fn or_one(modifiers: Vec<i32>) -> Vec<i32> {
    if modifiers.is_empty() { vec![1] } else { modifiers }
}

/// The numbers in parentheses. Extensions have modifiers that are words, which no lock depends on.
fn numbers(args: Option<ast::ArgList>) -> Vec<i32> {
    let Some(args) = args else { return Vec::new() };
    args.args().filter_map(|it| number(&it.expr()?)).collect()
}

fn number(expr: &ast::Expr) -> Option<i32> {
    match expr {
        ast::Expr::Literal(it) => it.integer_value()?.try_into().ok(),
        ast::Expr::PrefixExpr(it) => {
            let value = number(&it.expr()?)?;
            matches!(it.op()?, ast::PrefixOp::Minus(_)).then(|| -value).or(Some(value))
        }
        _ => None,
    }
}

fn precision(literal: Option<ast::Literal>) -> Vec<i32> {
    literal.and_then(|it| number(&ast::Expr::Literal(it))).into_iter().collect()
}

/// The type of `OF type` and `ALTER TYPE`, where it is a plain name.
pub(super) fn type_path(ty: Option<ast::Type>) -> Option<Name> {
    match ty? {
        ast::Type::PathType(it) => name(it.path_ref()?.syntax()),
        other => leaf(other.syntax()).map(|name| Name { schema: None, name }),
    }
}

/// `interval` with fields. They are part of the type, since values lose what is finer than the last; nothing is finer than a second.
fn with_fields(fields: &SyntaxNode, precision: Vec<i32>) -> TypeName {
    let text = fields.text().to_string().to_ascii_lowercase();
    let is_name = |it: &&str| !it.is_empty() && *it != "to";
    let last = text.split(|it: char| !it.is_ascii_alphabetic()).rfind(is_name).unwrap_or_default();
    if last == "second" {
        TypeName { modifiers: precision, ..TypeName::plain("interval") }
    } else {
        TypeName::plain(format!("interval {last}"))
    }
}
