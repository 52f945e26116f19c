//! `CREATE TABLE … PARTITION OF` beside a DEFAULT partition: a validated CHECK there proves that none of its rows belongs to the new one,
//! which is made by itself and attached. That reads no rows and leaves the parent open.
//!
//! Source: manual, ALTER TABLE, ATTACH PARTITION; `check_default_partition_contents` in `src/backend/partitioning/partbounds.c`.

use super::At;
use crate::{
    catalog::{Catalog, Relation},
    fix::{
        rewrite::{Phase, Rewrite, Step, replace},
        tokens::{Tokens, quoted},
    },
    sql::{
        Statement,
        statement::{Name, PartitionBound},
    },
};

/// The recipe.
pub(super) fn create(at: &At<'_>) -> Result<Rewrite, String> {
    let Statement::CreateTable(create) = at.statement()? else {
        return Err("the partition is not made by CREATE TABLE".to_owned());
    };
    let of = create.partition_of.as_ref().ok_or("it makes no partition")?;
    let tokens = at.tokens();
    let end = tokens.after_name(2);
    let bound = tokens.after_name(end + 2);
    let has_form = tokens.are(0, &["create", "table"])
        && tokens.are(end, &["partition", "of"])
        && tokens.are(bound, &["for", "values"]);
    if !has_form {
        return Err("it says more of the partition than its bound".to_owned());
    }
    let (table, parent) = (tokens.text(2, end), tokens.text(end + 2, bound));
    let catalog = (at.catalog)();
    let (default, key) = default_and_key(&catalog, &of.parent)?;
    let condition = condition(&tokens, bound + 2, &quoted(&key))?;
    let name = format!("{}_without_{}", default.name.name, create.name.name);
    if name.len() > 63 || default.constraint(&name).is_some() {
        return Err(format!("the constraint that proves it cannot be called {name}"));
    }
    let names = [create.name.name.to_string()];
    at.unnamed_later(&names)?;
    at.unnamed_in_later_files(&names)?;
    let (name, head) = (quoted(&name), format!("ALTER TABLE {}", written(&default.name)));
    let add = format!("{head} ADD CONSTRAINT {name} CHECK (NOT ({condition})) NOT VALID");
    // COMMENTS and STATISTICS are not what a partition gets, and its identity comes with its parent.
    let compression = if at.major >= 14 { " INCLUDING COMPRESSION" } else { "" };
    let like = format!(
        "LIKE {parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING INDEXES INCLUDING STORAGE{compression}"
    );
    let after = vec![
        Step::new(Phase::Validate, format!("{head} VALIDATE CONSTRAINT {name}")),
        Step::new(Phase::Finish, format!("CREATE TABLE {table} ({like})")),
        Step::new(
            Phase::Finish,
            format!("ALTER TABLE {parent} ATTACH PARTITION {table} {}", tokens.text(bound, tokens.len())),
        ),
        Step::new(Phase::Finish, format!("{head} DROP CONSTRAINT {name}")),
    ];
    Ok(Rewrite::Stays { edits: vec![replace(at.span(), add)], after })
}

/// The DEFAULT partition of a table, and the only column of its key.
fn default_and_key<'c>(catalog: &'c Catalog, of: &Name) -> Result<(&'c Relation, String), String> {
    let table = catalog.find(of).ok_or("its parent is not known")?;
    let mut children = table.children.iter().filter_map(|it| catalog.relation(*it));
    let default = children.find(|it| it.bound == Some(PartitionBound::Default));
    let default = default.ok_or("its parent's DEFAULT partition is not known")?;
    if default.is_partitioned() {
        return Err("the DEFAULT partition has partitions of its own".to_owned());
    }
    match &table.partitioning {
        Some(key) if !key.has_expressions && key.columns.len() == 1 => Ok((default, key.columns.concat())),
        _ => Err("the partition key is not one column".to_owned()),
    }
}

/// What holds of the rows of a bound, of which the first token behind FOR VALUES is `n`.
fn condition(tokens: &Tokens<'_>, n: usize, column: &str) -> Result<String, String> {
    let is_open =
        |it: &str| ["null", "minvalue", "maxvalue"].iter().any(|word| it.eq_ignore_ascii_case(word));
    if (n..tokens.len()).any(|it| is_open(tokens.word(it))) {
        return Err("its bound has NULL or no end".to_owned());
    }
    let closes = |from| tokens.find(from, ")");
    let unclear = "its bound is not understood";
    match tokens.word(n).to_ascii_lowercase().as_str() {
        "in" => Ok(format!("{column} IN {}", tokens.text(n + 1, tokens.len()))),
        "from" => {
            let middle = closes(n).ok_or(unclear)?;
            let end = closes(middle + 1).ok_or(unclear)?;
            if !tokens.are(middle + 1, &["to", "("]) || end + 1 != tokens.len() {
                return Err(unclear.to_owned());
            }
            let (from, to) = (tokens.text(n + 2, middle), tokens.text(middle + 3, end));
            Ok(format!("{column} >= {from} AND {column} < {to}"))
        }
        _ => Err("its bound is neither a list nor a range".to_owned()),
    }
}

fn written(name: &Name) -> String {
    let schema = name.schema.as_ref().map(|it| format!("{}.", quoted(it)));
    format!("{}{}", schema.unwrap_or_default(), quoted(&name.name))
}
