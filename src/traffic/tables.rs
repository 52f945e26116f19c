//! What is known of each table: measured by a snapshot, declared by the user, or nothing.

use std::{borrow::Cow, collections::BTreeMap, iter::successors};

use globset::GlobSet;
use rustc_hash::FxHashMap;

use super::{
    Calibration, Heat,
    calibration::SETTINGS,
    hash,
    snapshot::{Column, Snapshot, Table},
    words::{grouped, in_bytes, rate},
};
use crate::{
    effect::{Blocks, Relation},
    sql::statement::Name,
};

/// How deep partitions are nested at most: a file that is wrong could name a table as its own parent.
const MAX_DEPTH: usize = 16;

/// A snapshot of less than so many seconds says little.
const FEW_SECONDS: f64 = 10.0;

/// What is busy and large changes in a month.
const OLD_DAYS: i64 = 30;

/// From where on a table is hot or warm, and how long a lock may be held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// From so many statements a second on, a table is hot.
    pub hot_per_s: f64,
    /// From so many statements a second on, a table is warm.
    pub warm_per_s: f64,
    /// How long a hot table, or one of which nothing is known, may be locked, in milliseconds.
    pub hot_ms: u64,
    /// The same for a warm table.
    pub warm_ms: u64,
    /// The same for a cold table.
    pub cold_ms: u64,
    /// How long all statements of one deploy together may lock a hot table, or one of which nothing is known, in milliseconds.
    pub deploy_hot_ms: u64,
    /// The same for a warm table.
    pub deploy_warm_ms: u64,
    /// The same for a cold table.
    pub deploy_cold_ms: u64,
}

/// Ten times what one lock may take. Whoever waits for one of them is late by that one only, and is served before the next; but ten
/// pauses in a row are felt as one, and fill what clients retry in: most give up after 10 to 30 s.
const DEPLOY: u64 = 10;

impl Default for Limits {
    fn default() -> Self {
        let (hot_ms, warm_ms, cold_ms) = (1_000, 5_000, 30_000);
        Self {
            hot_per_s: 50.0,
            warm_per_s: 1.0,
            hot_ms,
            warm_ms,
            cold_ms,
            deploy_hot_ms: DEPLOY * hot_ms,
            deploy_warm_ms: DEPLOY * warm_ms,
            deploy_cold_ms: DEPLOY * cold_ms,
        }
    }
}

/// What the user says of some tables.
#[derive(Clone, Debug)]
pub struct Declared {
    /// The tables, as `schema.name`.
    pub tables: GlobSet,
    /// How much they are used.
    pub heat: Heat,
    /// Why it is so.
    pub reason: String,
    /// Where it is declared: `lockkeeper.toml:12`.
    pub place: String,
}

/// What is known of tables.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    tables: FxHashMap<Name, Table>,
    /// Whether the names of those, and of indexes, are hashes.
    is_hashed: bool,
    /// The tables of indexes.
    indexes: FxHashMap<Name, Name>,
    declared: Vec<Declared>,
    limits: Limits,
    /// The longest transaction that was seen, in milliseconds.
    longest_ms: u64,
    /// How many connections can wait before nobody gets one.
    pool: Option<u64>,
    /// The day of the snapshot, and that it is old if it is.
    taken_on: String,
    is_old: bool,
    calibration: Option<Calibration>,
    /// The settings of the snapshot's server.
    settings: BTreeMap<String, String>,
}

impl Traffic {
    /// Nothing but what the user declares; the last declaration that matches a table decides.
    pub fn declared(declared: Vec<Declared>, limits: Limits, pool: Option<u64>) -> Self {
        Self { declared, limits, pool, ..Self::default() }
    }

    /// With what a snapshot of so many days ago says. An old one says the same, but people should know.
    #[must_use]
    pub fn with(mut self, snapshot: Snapshot, days: Option<i64>) -> Self {
        self.is_hashed = snapshot.hashed;
        self.longest_ms = snapshot.transactions.longest_ms;
        let max = snapshot.settings.get("max_connections").and_then(|it| it.parse::<u64>().ok());
        self.pool = self
            .pool
            .or_else(|| max.map(|it| it.saturating_sub(snapshot.transactions.n_sessions)))
            .filter(|it| *it > 0);
        self.settings = snapshot.settings;
        snapshot.taken_at.split('T').next().unwrap_or_default().clone_into(&mut self.taken_on);
        if let Some(days) = days.filter(|it| *it > OLD_DAYS) {
            self.is_old = true;
            self.taken_on = format!("{}, {days} days old", self.taken_on);
        }
        let sampled = snapshot.servers.iter().map(|it| it.seconds).min_by(f64::total_cmp);
        if let Some(seconds) = sampled.filter(|it| *it < FEW_SECONDS) {
            self.taken_on = format!("{}, sampled for {seconds} s only", self.taken_on);
        }
        for table in snapshot.tables {
            let Some(name) = name(&table.name) else { continue };
            for index in &table.indexes {
                let of = Name { schema: name.schema.clone(), name: index.name.as_str().into() };
                self.indexes.insert(of, name.clone());
            }
            self.tables.insert(name, table);
        }
        self
    }

    /// With what was measured of the time that work takes.
    #[must_use]
    pub fn calibrated(mut self, calibration: Option<Calibration>) -> Self {
        self.calibration = calibration;
        self
    }

    /// What was measured of the time that work takes.
    pub fn calibration(&self) -> Option<&Calibration> {
        self.calibration.as_ref()
    }

    /// The settings of the calibration that the snapshot's server has not, such as `shared_buffers = 128MB`.
    pub fn other_settings(&self) -> Vec<String> {
        let measured = self.calibration.iter().flat_map(|it| &it.settings);
        let others = measured.filter(|(name, value)| {
            SETTINGS.contains(&name.as_str()) && self.settings.get(*name).is_some_and(|it| it != *value)
        });
        others.map(|(name, value)| format!("{name} = {value}")).collect()
    }

    /// Whether text is compared by the rules of a language; `None` if that is not known.
    pub(super) fn is_collated(&self) -> Option<bool> {
        match self.settings.get("lc_collate")?.as_str() {
            "C" | "POSIX" => Some(false),
            // The C library compares it, but by no language's rules.
            other if other.starts_with("C.") => None,
            _ => Some(true),
        }
    }

    /// The columns of a table; of a partition those of its partitioned table.
    pub(super) fn columns<'t>(&'t self, table: &'t Table) -> &'t [Column] {
        let above = self.above(table).find(|it| !it.columns.is_empty());
        above.map_or(&[], |it| &it.columns)
    }

    /// A column of a table, or of its partitioned table; `name` is the table's as people write it.
    pub(super) fn column<'t>(&'t self, name: &Name, table: &'t Table, column: &str) -> Option<&'t Column> {
        let schema = name.schema.as_deref().filter(|_| self.is_hashed);
        let hashed = schema.map(|schema| hash::part(schema, &name.name, column));
        let column = hashed.as_deref().unwrap_or(column);
        self.columns(table).iter().find(|it| it.name == column)
    }

    /// The table, its parent, and so on.
    fn above<'t>(&'t self, table: &'t Table) -> impl Iterator<Item = &'t Table> {
        successors(Some(table), |it| self.tables.get(&self::name(it.parent.as_ref()?)?)).take(MAX_DEPTH)
    }

    /// Whether anything is known of any table.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.declared.is_empty()
    }

    /// The snapshot in a few words, such as `snapshot of 2026-11-19`; `None` if there is none.
    pub fn snapshot(&self) -> Option<String> {
        (!self.taken_on.is_empty()).then(|| format!("snapshot of {}", self.taken_on))
    }

    /// Whether no snapshot says anything of any table.
    pub fn has_no_table(&self) -> bool {
        self.tables.is_empty()
    }

    /// Whether the snapshot is so old that what is busy may have changed.
    pub fn is_old(&self) -> bool {
        self.is_old
    }

    /// How many tables of the snapshot are of each heat, hottest first. What is declared of names does not count for hashes.
    pub fn counts(&self) -> [(Heat, usize); 3] {
        let heats = self
            .tables
            .iter()
            .map(|(name, it)| self.declaration(name).map_or_else(|| self.by_rate(it), |it| it.heat))
            .collect::<Vec<_>>();
        [Heat::Hot, Heat::Warm, Heat::Cold].map(|heat| (heat, heats.iter().filter(|it| **it == heat).count()))
    }

    /// The pool's size, if there is one.
    pub fn pool(&self) -> Option<u64> {
        self.pool
    }

    /// How long a lock on a table may be held.
    pub fn budget_ms(&self, heat: Heat) -> u64 {
        match heat {
            Heat::Hot | Heat::Unknown => self.limits.hot_ms,
            Heat::Warm => self.limits.warm_ms,
            Heat::Cold => self.limits.cold_ms,
        }
    }

    /// How long all locks of one deploy on a table may be held together.
    pub fn deploy_budget_ms(&self, heat: Heat) -> u64 {
        match heat {
            Heat::Hot | Heat::Unknown => self.limits.deploy_hot_ms,
            Heat::Warm => self.limits.deploy_warm_ms,
            Heat::Cold => self.limits.deploy_cold_ms,
        }
    }

    /// What was measured of the table, or of the table that an index is of.
    pub fn table(&self, relation: &Relation) -> Option<&Table> {
        names(relation).find_map(|it| self.by_name(it))
    }

    fn by_name(&self, name: &Name) -> Option<&Table> {
        self.measured(name).or_else(|| self.tables.get(self.table_of(name)?))
    }

    fn measured(&self, name: &Name) -> Option<&Table> {
        self.tables.get(&*self.key(name))
    }

    /// The table of an index, as the snapshot calls it.
    pub(super) fn table_of(&self, name: &Name) -> Option<&Name> {
        self.indexes.get(&*self.key(name))
    }

    /// What the snapshot calls a table or an index.
    pub(super) fn key<'n>(&self, name: &'n Name) -> Cow<'n, Name> {
        let schema = name.schema.as_deref().filter(|_| self.is_hashed);
        let hashed = schema.and_then(|schema| self::name(&hash::table(schema, &name.name)));
        hashed.map_or(Cow::Borrowed(name), Cow::Owned)
    }

    /// How much a relation is used: an index like its table, and a table that took the name of another like the hotter of both, since the
    /// application goes by names.
    pub fn heat(&self, relation: &Relation) -> Heat {
        names(relation).filter_map(|it| self.heat_by_name(it)).max().unwrap_or_default()
    }

    fn heat_by_name(&self, name: &Name) -> Option<Heat> {
        if let Some(declared) = self.declaration(name) {
            return Some(declared.heat);
        }
        // Whoever reads a partitioned table locks its partitions.
        self.above(self.by_name(name)?).map(|it| self.by_rate(it)).max()
    }

    /// Whether more may want the relation than were seen at it: those whom somebody declares, and those who come for the partitioned table,
    /// of which all lock its partitions though they may read none of them.
    pub fn has_unseen_users(&self, relation: &Relation, blocks: Blocks) -> bool {
        let seen = names(relation).filter_map(|it| Some(self.by_rate(self.by_name(it)?)));
        let seen = seen.max().unwrap_or_default();
        let is_declared = names(relation).any(|it| self.declaration(it).is_some());
        (is_declared || blocks == Blocks::Everything) && self.heat(relation) > seen
    }

    fn by_rate(&self, table: &Table) -> Heat {
        match table.reads_per_s + table.writes_per_s {
            rate if rate >= self.limits.hot_per_s => Heat::Hot,
            rate if rate >= self.limits.warm_per_s => Heat::Warm,
            _ => Heat::Cold,
        }
    }

    fn declaration(&self, name: &Name) -> Option<&Declared> {
        let name = self.table_of(name).unwrap_or(name).to_string();
        self.declared.iter().rev().find(|it| it.tables.is_match(&name))
    }

    /// Why a relation is taken for what it is: one line. `None` where nothing at all is known of any table.
    pub fn evidence(&self, relation: &Relation) -> Option<String> {
        if self.is_empty() || !relation.kind.has_rows() {
            return None;
        }
        let heat = self.heat(relation).name();
        // Of two names that of which it is so hot; of equals the first.
        let measured = names(relation).filter_map(|it| Some((it, self.measured(it)?)));
        let (known_as, measured) = measured
            .rev()
            .max_by_key(|(name, _)| self.heat_by_name(name))
            .map_or((&relation.name, None), |(name, table)| (name, Some(table)));
        let name = if *known_as == relation.name {
            known_as.to_string()
        } else {
            format!("{}, {known_as} before,", relation.name)
        };
        let declaration = names(relation).find_map(|it| self.declaration(it));
        let measured = measured.map(|it| {
            let rows =
                it.rows.map_or_else(|| "never analyzed".to_owned(), |it| format!("{} rows", grouped(it)));
            let size = in_bytes(it.bytes());
            let taken_on = &self.taken_on;
            let (reads, writes) = (rate(it.reads_per_s), rate(it.writes_per_s));
            format!("{reads} reads/s, {writes} rows written/s, {size}, {rows} (snapshot of {taken_on})")
        });
        Some(match (declaration, measured) {
            (Some(it), Some(measured)) => {
                format!("{name} is {heat}, as {} declares ({}); measured: {measured}", it.place, it.reason)
            }
            (Some(it), None) => format!("{name} is {heat}, as {} declares: {}", it.place, it.reason),
            (None, Some(measured)) => format!("{name} is {heat}: {measured}"),
            (None, None) if self.tables.is_empty() => return None,
            (None, None) => format!("{name} is unknown: no snapshot has it, and nobody declares it"),
        })
    }

    /// How many statements come each second that a lock of this kind on the relation makes wait.
    pub fn per_s(&self, relation: &Relation, blocks: Blocks) -> Option<f64> {
        let rates = names(relation).filter_map(|it| self.by_name(it)).map(|table| match blocks {
            Blocks::Nothing => 0.0,
            Blocks::Writes => table.writes_per_s,
            Blocks::Everything => table.reads_per_s + table.writes_per_s,
        });
        rates.max_by(f64::total_cmp)
    }

    /// How long a lock on the relation may be waited for: as long as the longest transaction that was seen, or until `lock_timeout_ms`.
    pub fn wait_ms(&self, relation: &Relation, lock_timeout_ms: Option<u64>) -> u64 {
        let seen = self.table(relation).and_then(|it| it.longest_transaction_ms).unwrap_or(self.longest_ms);
        lock_timeout_ms.map_or(seen, |it| it.min(seen))
    }
}

/// The names under which a relation may be known, the best first.
fn names(relation: &Relation) -> impl DoubleEndedIterator<Item = &Name> {
    relation.known_as.as_deref().into_iter().chain([&relation.name])
}

/// `schema.name` as SQL writes it, with quotes where it needs them.
pub(super) fn name(text: &str) -> Option<Name> {
    let (mut parts, mut part, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(next) = chars.next() {
        match next {
            '"' if is_quoted && chars.next_if_eq(&'"').is_some() => part.push('"'),
            '"' => is_quoted = !is_quoted,
            '.' if !is_quoted => parts.push(std::mem::take(&mut part)),
            _ => part.push(next),
        }
    }
    let schema = parts.pop();
    (parts.is_empty() && !is_quoted && !part.is_empty())
        .then(|| Name { schema: schema.map(Into::into), name: part.into() })
}
