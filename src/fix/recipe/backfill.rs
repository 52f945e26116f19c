//! Rows that are written in batches: by ranges of the primary key, each batch a transaction of its own.
//!
//! What a batch did stays done, so the whole may run again after a break. It must therefore not matter whether a row is written twice.

use super::At;
use crate::{
    catalog::ConstraintKind,
    fix::{
        rewrite::{Named, Phase, Rewrite, Step},
        tokens::{Tokens, quoted},
    },
    sql::{
        Statement,
        statement::{Ident, Name},
    },
};

/// How many rows a batch has: they are locked for some milliseconds.
const BATCH: u32 = 1000;

/// An UPDATE of every row.
pub(super) fn update(at: &At<'_>) -> Result<Rewrite, String> {
    let Statement::Update(update) = at.statement()? else {
        return Err("the rows are not written by an UPDATE".to_owned());
    };
    if update.table.only {
        return Err("it says ONLY".to_owned());
    }
    let tokens = at.tokens();
    let (target, parts) = (Target::of(&tokens)?, Parts::of(&tokens)?);
    let keys = keys(at, &update.table.name)?;
    if let Some(key) = keys.iter().find(|it| update.columns.contains(it)) {
        return Err(format!("it changes {key}, by which batches are made"));
    }
    for column in &update.columns {
        if parts.n_named(&tokens, column) != 1 {
            return Err(format!("it reads {column}, which it sets: a second run would not do the same"));
        }
    }
    let rows = Rows {
        table: target.table,
        shown: target.shown,
        keys,
        update: tokens.text(0, parts.set_end),
        condition: parts.condition(&tokens),
    };
    let names = update.columns.iter().map(ToString::to_string).collect::<Vec<_>>();
    at.unnamed_in_later_files(&names)?;
    let steps = vec![Step::alone(Phase::Backfill, rows.batches(at.layout.newline()))];
    Ok(Rewrite::Moves { steps, names, named: Named::Follows })
}

/// The table of an UPDATE, as written.
struct Target<'t> {
    table: &'t str,
    /// What its columns are qualified with.
    shown: &'t str,
}

impl<'t> Target<'t> {
    fn of(tokens: &Tokens<'t>) -> Result<Self, String> {
        let end = tokens.after_name(1);
        let table = tokens.text(1, end);
        let own = tokens.word(end - 1);
        let next = if tokens.word(end) == "*" { end + 1 } else { end };
        match () {
            () if !tokens.are(0, &["update"]) => Err("it does not begin with UPDATE".to_owned()),
            () if tokens.are(next, &["set"]) => Ok(Self { table, shown: own }),
            () if tokens.are(next, &["as"]) => Ok(Self { table, shown: tokens.word(next + 1) }),
            () => Ok(Self { table, shown: tokens.word(next) }),
        }
    }
}

/// Where an UPDATE's clauses are, by their tokens.
struct Parts {
    set: usize,
    set_end: usize,
    end: usize,
}

impl Parts {
    fn of(tokens: &Tokens<'_>) -> Result<Self, String> {
        for word in ["select", "from", "returning", "current"] {
            if tokens.find(0, word).is_some() {
                return Err(format!("with {} it depends on more than the row", word.to_uppercase()));
            }
        }
        let set = tokens.find(0, "set").ok_or("its text is not understood")?;
        let end = tokens.len();
        Ok(Self { set, set_end: tokens.find(set, "where").unwrap_or(end), end })
    }

    /// How often SET names a column.
    fn n_named(&self, tokens: &Tokens<'_>, column: &Ident) -> usize {
        (self.set..self.set_end).filter(|it| tokens.is_name(*it, column)).count()
    }

    /// The WHERE clause, without its keyword.
    fn condition<'t>(&self, tokens: &Tokens<'t>) -> Option<&'t str> {
        (self.set_end < self.end).then(|| tokens.text(self.set_end + 1, self.end))
    }
}

/// The columns of a table's primary key.
pub(super) fn keys(at: &At<'_>, table: &Name) -> Result<Vec<Ident>, String> {
    let catalog = (at.catalog)();
    let found = catalog.find(table);
    let key = found.and_then(|it| {
        it.constraints.iter().find_map(|it| match &it.kind {
            ConstraintKind::PrimaryKey { columns, .. } => Some(columns.clone()),
            _ => None,
        })
    });
    key.ok_or_else(|| {
        if found.is_some_and(|it| it.complete) {
            "the table has no primary key to make batches by".to_owned()
        } else {
            "the table's primary key, by which batches are made, is not known: give --schema".to_owned()
        }
    })
}

/// Rows to write.
pub(super) struct Rows<'t> {
    /// The table as written.
    pub(super) table: &'t str,
    /// What its columns are qualified with in `update`.
    pub(super) shown: &'t str,
    /// The columns of its primary key.
    pub(super) keys: Vec<Ident>,
    /// `UPDATE … SET …`
    pub(super) update: &'t str,
    /// Which rows, if not all.
    pub(super) condition: Option<&'t str>,
}

impl Rows<'_> {
    /// The code that writes them, without a semicolon.
    ///
    /// Its variables are called like no column: PL/pgSQL would not know which is meant.
    pub(super) fn batches(&self, newline: &str) -> String {
        let table = self.table;
        let variables = |which: &str| match self.keys.len() {
            1 => vec![format!("{which}_key_of_batch")],
            n => (1..=n).map(|n| format!("{which}_key_{n}_of_batch")).collect(),
        };
        let (first, last) = (variables("first"), variables("last"));
        let names: Vec<String> = self.keys.iter().map(|it| quoted(it)).collect();
        let plain = names.join(", ");
        let own: Vec<String> = names.iter().map(|it| format!("{}.{it}", self.shown)).collect();
        let row = |parts: &[String]| {
            if parts.len() == 1 { parts.concat() } else { format!("({})", parts.join(", ")) }
        };
        let down: Vec<String> = names.iter().map(|it| format!("{it} DESC")).collect();
        let declared = first.iter().zip(&names).chain(last.iter().zip(&names));
        let declared: Vec<String> =
            declared.map(|(variable, name)| format!("    {variable} {table}.{name}%TYPE;\n")).collect();
        let declared = declared.concat();
        let also = self.condition.map_or_else(String::new, |it| format!("({it})\n            AND "));
        let code = format!(
            "DO $backfill$\n\
             DECLARE\n\
             {declared}\
             BEGIN\n    \
                 SELECT {plain} INTO {into_first} FROM {table} ORDER BY {plain} LIMIT 1;\n    \
                 WHILE {one} IS NOT NULL LOOP\n        \
                     SELECT {plain} INTO {into_last}\n        \
                     FROM (SELECT {plain} FROM {table} WHERE {row} >= {from} ORDER BY {plain} LIMIT {BATCH}) AS batch\n        \
                     ORDER BY {down} LIMIT 1;\n        \
                     {update}\n        \
                     WHERE {also}{own} >= {from} AND {own} <= {to};\n        \
                     COMMIT;\n        \
                     SELECT {plain} INTO {into_first} FROM {table} WHERE {row} > {to} ORDER BY {plain} LIMIT 1;\n    \
                 END LOOP;\n\
             END\n\
             $backfill$",
            into_first = first.join(", "),
            into_last = last.join(", "),
            one = first.first().map_or("", String::as_str),
            row = row(&names),
            own = row(&own),
            from = row(&first),
            to = row(&last),
            down = down.join(", "),
            update = self.update,
        );
        if newline == "\n" { code } else { code.replace("\r\n", "\n").replace('\n', newline) }
    }
}
