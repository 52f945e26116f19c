//! The names that PostgreSQL chooses for constraints, indexes and sequences that have none.
//!
//! Source: `makeObjectName`, `ChooseRelationName`, `ChooseIndexColumnNames` in `src/backend/commands/indexcmds.c`,
//! `ChooseConstraintName` in `src/backend/catalog/pg_constraint.c`, `FigureColname` in `src/backend/parser/parse_target.c`.

use crate::{
    catalog::{
        Catalog,
        model::{MAX_NAME_BYTES, clip},
    },
    sql::statement::{Expr, ExprShape, Ident, Name},
};

/// An identifier as the server keeps it: at most 63 bytes.
pub(super) fn kept(name: &Ident) -> Ident {
    if name.len() > MAX_NAME_BYTES { clip(name, MAX_NAME_BYTES).into() } else { name.clone() }
}

/// `name1_name2_label`, where the longer of the names is cut until all of it fits.
fn object_name(name1: &str, name2: Option<&str>, label: &str) -> Ident {
    let overhead = 1 + label.len() + usize::from(name2.is_some());
    let available = MAX_NAME_BYTES.saturating_sub(overhead);
    let (mut n1, mut n2) = (name1.len(), name2.map_or(0, str::len));
    while n1 + n2 > available {
        if n1 > n2 { n1 -= 1 } else { n2 -= 1 }
    }
    let name1 = clip(name1, n1);
    match name2 {
        Some(name2) => format!("{name1}_{}_{label}", clip(name2, n2)).into(),
        None => format!("{name1}_{label}").into(),
    }
}

/// The first of `label`, `label1`, `label2`, … that gives a free name.
pub(super) fn first_free(
    name1: &str,
    name2: Option<&str>,
    label: &str,
    is_taken: impl Fn(&Ident) -> bool,
) -> Ident {
    let mut name = object_name(name1, name2, label);
    for n in 1_u32.. {
        if !is_taken(&name) {
            break;
        }
        name = object_name(name1, name2, &format!("{label}{n}"));
    }
    name
}

/// Column names joined by `_`, as they stand in the middle of a chosen name.
pub(super) fn joined<'a>(columns: impl IntoIterator<Item = &'a Ident>) -> String {
    let mut joined = String::new();
    for column in columns {
        if !joined.is_empty() {
            joined.push('_');
        }
        joined.push_str(column);
        if joined.len() > MAX_NAME_BYTES {
            break;
        }
    }
    joined
}

/// The names of an index's own columns: each unlike all before it.
pub(super) fn index_column_names(wanted: impl IntoIterator<Item = Ident>) -> Vec<Ident> {
    let mut names: Vec<Ident> = Vec::new();
    for wanted in wanted {
        let mut name = kept(&wanted);
        for n in 1_u32.. {
            if !names.contains(&name) {
                break;
            }
            let n = n.to_string();
            name = format!("{}{n}", clip(&wanted, MAX_NAME_BYTES - n.len())).into();
        }
        names.push(name);
    }
    names
}

impl Catalog {
    /// A free name for an index or a sequence.
    pub(super) fn choose_relation_name(
        &self,
        schema: &Ident,
        name1: &str,
        name2: Option<&str>,
        label: &str,
    ) -> Ident {
        first_free(name1, name2, label, |it| self.has_relation(schema, it))
    }

    /// A free name for a constraint that an index of the same name belongs to.
    pub(super) fn choose_index_constraint_name(
        &self,
        schema: &Ident,
        table: &str,
        columns: Option<&str>,
        label: &str,
    ) -> Ident {
        first_free(table, columns, label, |it| {
            self.has_relation(schema, it) || self.has_constraint(&Name::qualified(schema.clone(), it.clone()))
        })
    }

    /// A free name for a CHECK, NOT NULL or FOREIGN KEY constraint.
    pub(super) fn choose_constraint_name(
        &self,
        schema: &Ident,
        table: &str,
        columns: Option<&str>,
        label: &str,
    ) -> Ident {
        first_free(table, columns, label, |it| {
            self.has_constraint(&Name::qualified(schema.clone(), it.clone()))
        })
    }

    fn has_relation(&self, schema: &Ident, name: &Ident) -> bool {
        self.find(&Name::qualified(schema.clone(), name.clone())).is_some()
    }
}

/// The name of an index column that is an expression.
pub(super) fn expression_name(expr: &Expr, major: u16) -> Ident {
    match &expr.shape {
        ExprShape::Column(column) | ExprShape::CastColumn(column, _) => return column.clone(),
        ExprShape::NextVal(_) => return Ident::new_static("nextval"),
        _ => {}
    }
    figured(&expr.text, expr, major).unwrap_or(Ident::new_static("expr"))
}

/// What an output column of this expression would be called, if the expression itself gives it a name.
fn figured(text: &str, expr: &Expr, major: u16) -> Option<Ident> {
    let text = without_parentheses(text.trim());
    if let Some((inner, _)) = split_at_top(text, "::") {
        // A cast has the name of what is cast, or else of the type.
        return figured(inner, expr, major).or_else(|| expr.casts.last().map(|it| it.name.name.clone()));
    }
    let lower = text.to_ascii_lowercase();
    if let Some((_, rest)) = split_at_top(&lower, " at time zone ")
        && !rest.contains(" and ")
    {
        return Some(Ident::new_static("timezone"));
    }
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '"' | '$')))
        .unwrap_or(text.len());
    let (head, tail) = text.split_at(end);
    let head = head.rsplit('.').next().unwrap_or(head);
    let name: Ident = if let Some(quoted) = head.strip_prefix('"') {
        quoted.trim_end_matches('"').into()
    } else {
        head.to_lowercase().into()
    };
    if name == "case" {
        return Some(name);
    }
    let tail = tail.trim_start();
    if tail.is_empty() && !head.starts_with(|c: char| c.is_ascii_digit()) && !head.is_empty() {
        return Some(name);
    }
    let is_call = tail.starts_with('(') && closes_at_end(tail);
    is_call.then(|| match name.as_str() {
        "cast" => expr.casts.last().map(|it| it.name.name.clone()),
        "extract" if major < 14 => Some(Ident::new_static("date_part")),
        "trim" => Some(Ident::new_static("btrim")),
        "" => None,
        _ => Some(name),
    })?
}

/// Whether the parenthesis that `text` begins with is closed by its last character.
fn closes_at_end(text: &str) -> bool {
    let mut depth = 0_i32;
    let mut in_string = false;
    for (at, c) in text.char_indices() {
        match c {
            '\'' => in_string = !in_string,
            '(' if !in_string => depth += 1,
            ')' if !in_string => {
                depth -= 1;
                if depth == 0 {
                    return at + 1 == text.len();
                }
            }
            _ => {}
        }
    }
    false
}

fn without_parentheses(mut text: &str) -> &str {
    while text.starts_with('(')
        && closes_at_end(text)
        && let Some(inner) = text.strip_prefix('(').and_then(|it| it.strip_suffix(')'))
    {
        text = inner.trim();
    }
    text
}

/// What is before and after the last `separator` that is in no parentheses and in no string, where nothing but a type follows it.
fn split_at_top<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    let (mut depth, mut in_string, mut found) = (0_i32, false, None);
    for (at, c) in text.char_indices() {
        match c {
            '\'' => in_string = !in_string,
            '(' | '[' if !in_string => depth += 1,
            ')' | ']' if !in_string => depth -= 1,
            _ if depth == 0 && !in_string => {
                let rest = text.get(at..).unwrap_or_default();
                if rest.starts_with(separator) {
                    found = Some((text.get(..at)?, rest.get(separator.len()..)?));
                }
            }
            _ => {}
        }
    }
    // `a::text || b` is an operator's result, which has no name.
    found.filter(|(before, after)| {
        let is_operator = |c: char| {
            matches!(c, '|' | '+' | '*' | '/' | '<' | '>' | '=' | '-' | '%' | '&' | '#' | '~' | '@')
        };
        !after.contains(is_operator) && !outside_parentheses(before).contains(is_operator)
    })
}

/// `text` without what is in parentheses or strings.
fn outside_parentheses(text: &str) -> String {
    let (mut depth, mut in_string) = (0_i32, false);
    text.chars()
        .filter(|c| {
            match c {
                '\'' => in_string = !in_string,
                '(' if !in_string => depth += 1,
                ')' if !in_string => depth -= 1,
                _ => return depth == 0 && !in_string,
            }
            false
        })
        .collect()
}
