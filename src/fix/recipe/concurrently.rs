//! `CONCURRENTLY`, right behind the word that it belongs to. Everything else in the statement stays as it is.

use super::At;
use crate::{
    fix::{
        names::of_detached,
        rewrite::{Named, Phase, Rewrite, Step, edited, insert},
        tokens::quoted,
    },
    sql::{
        Statement,
        statement::{AlterAction, ReindexTarget},
    },
};

/// `CREATE INDEX`.
pub(super) fn create_index(at: &At<'_>) -> Result<Rewrite, String> {
    let Statement::CreateIndex(index) = at.statement()? else {
        return Err("the index is not built by CREATE INDEX".to_owned());
    };
    let catalog = (at.catalog)();
    if catalog.find(&index.table).is_some_and(|it| it.is_partitioned()) {
        return Err("a partitioned table's index is built on each partition first, then attached".to_owned());
    }
    behind(at, &["index"], index.name.iter().map(ToString::to_string).collect())
}

/// `DROP INDEX`, which drops one at a time then.
pub(super) fn drop_index(at: &At<'_>) -> Result<Rewrite, String> {
    let Statement::DropRelation(drop) = at.statement()? else {
        return Err("the index is not dropped by DROP INDEX".to_owned());
    };
    if drop.cascade {
        return Err("DROP INDEX CONCURRENTLY knows no CASCADE".to_owned());
    }
    let names = drop.names.iter().map(|it| it.name.to_string()).collect();
    if drop.names.len() == 1 {
        return behind(at, &["index"], names);
    }
    let tokens = at.tokens();
    let first = if tokens.are(2, &["if", "exists"]) { 4 } else { 2 };
    let condition = if drop.if_exists { "IF EXISTS " } else { "" };
    let parts = tokens.parts(first);
    let step = |(from, to): &(usize, usize)| {
        let to = if tokens.are(to - 1, &["restrict"]) { to - 1 } else { *to };
        Step::alone(Phase::Index, format!("DROP INDEX CONCURRENTLY {condition}{}", tokens.text(*from, to)))
    };
    Ok(Rewrite::Moves { steps: parts.iter().map(step).collect(), names, named: Named::Refused })
}

/// `REINDEX`.
pub(super) fn reindex(at: &At<'_>) -> Result<Rewrite, String> {
    let Statement::Reindex { target, .. } = at.statement()? else {
        return Err("the index is not built again by REINDEX".to_owned());
    };
    let (word, names) = match target {
        ReindexTarget::Index(name) => ("index", vec![name.name.to_string()]),
        ReindexTarget::Table(name) => ("table", vec![name.name.to_string()]),
        ReindexTarget::Schema(_) => ("schema", Vec::new()),
        ReindexTarget::Database(_) => ("database", Vec::new()),
        ReindexTarget::System(_) => {
            return Err("the system's indexes cannot be built concurrently".to_owned());
        }
    };
    behind(at, &[word], names)
}

/// `DETACH PARTITION`.
pub(super) fn detach(at: &At<'_>) -> Result<Rewrite, String> {
    let (alter, text) = at.alter()?;
    let [AlterAction::DetachPartition { partition, .. }] = alter.actions.as_slice() else {
        return Err("it is one of several actions of an ALTER TABLE".to_owned());
    };
    if at.major < 14 {
        return Err("DETACH PARTITION CONCURRENTLY needs PostgreSQL 14".to_owned());
    }
    let sql = format!("{} {} CONCURRENTLY", text.head, text.action(0));
    // It leaves a CHECK behind, which a plain DETACH does not.
    let left = quoted(&of_detached(at, &alter.name, partition)?);
    let (from, to) = *text.actions.first().ok_or("its text is not understood")?;
    let name = text.tokens.text(from + 2, to);
    let drop = format!("ALTER TABLE {name} DROP CONSTRAINT IF EXISTS {left}");
    let steps = vec![Step::alone(Phase::Index, sql), Step::new(Phase::Finish, drop)];
    Ok(Rewrite::Moves { steps, names: vec![partition.name.to_string()], named: Named::Refused })
}

/// The statement with `CONCURRENTLY` behind the first of these words.
fn behind(at: &At<'_>, words: &[&str], names: Vec<String>) -> Result<Rewrite, String> {
    let tokens = at.tokens();
    let word = words.iter().find_map(|it| tokens.span(tokens.find(1, it)?));
    let edits = [insert(word.ok_or("its text is not understood")?.end, " CONCURRENTLY")];
    Ok(Rewrite::Moves {
        steps: vec![Step::alone(Phase::Index, edited(at.layout.text, at.span(), &edits))],
        names,
        named: Named::Refused,
    })
}
