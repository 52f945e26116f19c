//! Names as PostgreSQL folds them.

use squawk_syntax::SyntaxKind;
use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstChildren, AstNode};

use crate::sql::statement::{Ident, Name, RelationRef};

/// The name that a node holds, however many wrappers are around it.
pub(super) fn name(node: &SyntaxNode) -> Option<Name> {
    let mut node = node.clone();
    loop {
        if matches!(node.kind(), SyntaxKind::PATH | SyntaxKind::PATH_REF) {
            return path(&node);
        }
        match node.first_child() {
            Some(child) => node = child,
            None => return Some(Name { schema: None, name: leaf(&node)? }),
        }
    }
}

/// The last part of the name that a node holds.
pub(super) fn ident(node: &SyntaxNode) -> Option<Ident> {
    name(node).map(|it| it.name)
}

/// [`name`] of a child that may be missing.
pub(super) fn name_of<N: AstNode>(node: Option<N>) -> Option<Name> {
    name(node?.syntax())
}

/// [`ident`] of a child that may be missing.
pub(super) fn ident_of<N: AstNode>(node: Option<N>) -> Option<Ident> {
    ident(node?.syntax())
}

/// The names of a list.
pub(super) fn names<N: AstNode>(nodes: AstChildren<N>) -> Vec<Name> {
    nodes.filter_map(|it| name(it.syntax())).collect()
}

/// The identifiers of a list.
pub(super) fn idents<N: AstNode>(nodes: AstChildren<N>) -> Vec<Ident> {
    nodes.filter_map(|it| ident(it.syntax())).collect()
}

/// `table.column` or `schema.table.column`, as in `OWNED BY`.
pub(super) fn column_path(path: &ast::PathRef) -> Option<(Name, Ident)> {
    let column = leaf(path.segment()?.syntax())?;
    Some((self::path(path.qualifier()?.syntax())?, column))
}

/// A table in a statement that may say `ONLY`.
pub(super) fn table_ref(node: &ast::TableRelationName) -> Option<RelationRef> {
    Some(RelationRef { name: name(node.syntax())?, only: node.only_token().is_some() })
}

/// A relation in a statement that may say `ONLY`.
pub(super) fn relation_ref(node: &ast::RelationName) -> Option<RelationRef> {
    Some(RelationRef { name: name(node.syntax())?, only: node.only_token().is_some() })
}

/// The last two parts of a dotted name. A database in front of them can only be the current one.
fn path(node: &SyntaxNode) -> Option<Name> {
    let mut children = node.children();
    let first = children.next()?;
    Some(match children.next() {
        None => Name { schema: None, name: leaf(&first)? },
        Some(last) => Name { schema: Some(leaf(&first.last_child()?)?), name: leaf(&last)? },
    })
}

/// The identifier of a node without children.
pub(super) fn leaf(node: &SyntaxNode) -> Option<Ident> {
    let token = node.first_token()?;
    let text = token.text();
    if text.starts_with(['u', 'U']) && text[1..].starts_with('&') {
        return Some(ast::normalize_name_node(node).into());
    }
    let Some(quoted) = text.strip_prefix('"') else { return Some(folded(text)) };
    let inner = quoted.strip_suffix('"').unwrap_or(quoted);
    Some(if inner.contains('"') { inner.replace("\"\"", "\"").into() } else { Ident::new(inner) })
}

/// An unquoted word in lower case. PostgreSQL leaves letters beyond ASCII alone in UTF-8 databases.
pub(super) fn folded(word: &str) -> Ident {
    if word.bytes().any(|it| it.is_ascii_uppercase()) {
        word.to_ascii_lowercase().into()
    } else {
        Ident::new(word)
    }
}

/// A name inside a string, as `nextval('schema."Name"')` has it.
pub(super) fn name_in_text(text: &str) -> Option<Name> {
    let mut parts: Vec<Ident> = Vec::new();
    let mut rest = text.trim();
    loop {
        let (part, after) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted_part(quoted)?
        } else {
            let end = rest.find('.').unwrap_or(rest.len());
            (folded(rest[..end].trim()), &rest[end..])
        };
        if part.is_empty() {
            return None;
        }
        parts.push(part);
        match after.trim_start().strip_prefix('.') {
            Some(next) => rest = next.trim_start(),
            None if after.trim().is_empty() => break,
            None => return None,
        }
    }
    let name = parts.pop()?;
    Some(Name { schema: parts.pop(), name })
}

/// Reads up to the closing quote; gives the part and what follows the quote.
fn quoted_part(text: &str) -> Option<(Ident, &str)> {
    let mut part = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"')?;
        part.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(next) => {
                part.push('"');
                rest = next;
            }
            None => return Some((part.into(), rest)),
        }
    }
}
