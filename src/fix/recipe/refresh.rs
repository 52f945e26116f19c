//! `REFRESH MATERIALIZED VIEW CONCURRENTLY`, which a transaction block may hold, for a view that has the index it needs.
//!
//! Source: manual, REFRESH MATERIALIZED VIEW.

use super::At;
use crate::{
    catalog::Catalog,
    fix::rewrite::{Rewrite, insert},
    sql::{Statement, statement::Name},
};

/// The recipe.
pub(super) fn recipe(at: &At<'_>) -> Result<Rewrite, String> {
    let Statement::RefreshMaterializedView { name, with_data, .. } = at.statement()? else {
        return Err("it is not done by REFRESH MATERIALIZED VIEW".to_owned());
    };
    if !with_data {
        return Err("it says WITH NO DATA".to_owned());
    }
    if !has_index(&(at.catalog)(), name) {
        return Err(
            "no unique index on plain columns of all its rows is known, which CONCURRENTLY needs".to_owned()
        );
    }
    let tokens = at.tokens();
    let view = tokens.span(2).filter(|_| tokens.are(0, &["refresh", "materialized", "view"]));
    let edits = vec![insert(view.ok_or("its text is not understood")?.end, " CONCURRENTLY")];
    Ok(Rewrite::Stays { edits, after: Vec::new() })
}

fn has_index(catalog: &Catalog, name: &Name) -> bool {
    let Some(view) = catalog.find(name).filter(|it| it.populated) else { return false };
    let indexes = view.indexes.iter().filter_map(|it| catalog.relation(*it)?.index.as_ref());
    indexes
        .into_iter()
        .any(|it| it.unique && it.valid && !it.partial && it.columns.iter().all(Option::is_some))
}
