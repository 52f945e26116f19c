//! What a history makes, without judging it: the catalog up to a place, and the schema in it, to compare.

use std::{collections::BTreeSet, ops::Range};

use super::readings::Readings;
use crate::{
    catalog::{Catalog, Constraint, ConstraintKind, Relation, Session},
    lint::Options,
    sql::split,
};

/// An empty catalog with the session that files begin in.
pub(super) fn empty(options: &Options) -> Catalog {
    let settings = options.settings.iter().map(|(name, value)| (name.as_str().into(), vec![value.clone()]));
    let mut catalog = Catalog::new();
    catalog.session = Session::with_defaults(settings);
    catalog
}

/// Applies what of a file's text starts in `part`.
pub(super) fn apply(catalog: &mut Catalog, text: &str, part: Range<usize>, major: u16, readings: &Readings) {
    for piece in split::split(text).pieces {
        if part.contains(&piece.span.start)
            && let Some(statement) = readings.read(&piece.text_for_parser(text))
        {
            catalog.apply(&statement, major);
        }
    }
}

/// What is in a catalog, a line a thing, as far as a rewrite could change it.
pub(super) fn lines(catalog: &Catalog) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for relation in catalog.relations() {
        let name = &relation.name;
        lines.insert(format!("{:?} {name}", relation.kind));
        // The catalog knows an index's columns by how it was made.
        let columns = relation.columns.iter().filter(|_| relation.index.is_none());
        for column in columns {
            let ty = column.ty.as_ref().map(ToString::to_string).unwrap_or_default();
            let (not_null, fill) = (column.not_null == Some(true), column.fill);
            lines.insert(format!("column {name}.{} {ty}, not null {not_null}, {fill:?}", column.name));
        }
        for constraint in &relation.constraints {
            lines.insert(format!("constraint {name}.{}", shown(catalog, constraint)));
        }
        lines.extend(index(catalog, relation));
        let full = |oid| catalog.relation(oid).map(|it| it.name.to_string()).unwrap_or_default();
        lines.extend(relation.parents.iter().map(|it| format!("{name} belongs to {}", full(*it))));
        lines.extend(relation.triggers.iter().map(|it| format!("trigger {name}.{}", it.name)));
    }
    lines
}

fn shown(catalog: &Catalog, constraint: &Constraint) -> String {
    let what = match &constraint.kind {
        ConstraintKind::Check { text, .. } => format!("check {text}"),
        ConstraintKind::NotNull { column } => format!("not null {column}"),
        ConstraintKind::Unique { columns, .. } => format!("unique {columns:?}"),
        ConstraintKind::PrimaryKey { columns, .. } => format!("primary key {columns:?}"),
        ConstraintKind::Exclude { columns, .. } => format!("exclude {columns:?}"),
        ConstraintKind::ForeignKey { columns, referenced, referenced_columns, .. } => {
            let referenced = catalog.relation(*referenced).map(|it| it.name.to_string()).unwrap_or_default();
            format!("foreign key {columns:?} to {referenced} {referenced_columns:?}")
        }
    };
    format!("{} {what}, valid {}", constraint.name, constraint.valid)
}

fn index(catalog: &Catalog, relation: &Relation) -> Option<String> {
    let index = relation.index.as_ref()?;
    let table = catalog.relation(index.table)?;
    let (unique, valid, partial) = (index.unique, index.valid, index.partial);
    let columns = &index.columns;
    let name = &relation.name;
    Some(format!(
        "index {name} on {} {columns:?}, unique {unique}, valid {valid}, partial {partial}",
        table.name
    ))
}
