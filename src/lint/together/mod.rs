//! What statements do together that none of them does alone: in one file, or in all the files of one deploy.
//!
//! Sources: manual, 13.3 Explicit Locking; ALTER TABLE, Notes; ANALYZE; `ATController` in `src/backend/commands/tablecmds.c`.

mod deploy;
mod facts;

use std::sync::Arc;

use rustc_hash::FxHashMap;

use deploy::Deploy;
use facts::{can_be_combined, has_word, is_empty, writes_nothing};

use super::{
    Change, Input, Options,
    replay::{Ran, Said},
};
use crate::{
    catalog::{Catalog, Oid},
    effect::{Blocks, Effect, Manner, Outcome, Relation, Role, Target, WorkSet},
    finding::Span,
    rule::RuleSet,
    sql::{
        Statement,
        statement::{Alter, AlterAction, CreateIndex, DropRelation, Ident, Name, RelationKind},
    },
};

const OFTEN: &str = "deploy-locks-table-often";
const BUDGET: &str = "deploy-locks-table-too-long";
const TWICE: &str = "alters-could-be-one";
const MISSED: &str = "index-is-missed-meanwhile";
const UNFILLED: &str = "new-column-is-never-filled";
const MOVED: &str = "column-moves-in-one-step";
const SEVERAL: &str = "transaction-locks-several-tables";
const NO_STATISTICS: &str = "statistics-are-missing";

/// What came before a statement, as far as it matters to what follows.
#[derive(Clone, Debug)]
pub(super) struct Together {
    asked: Vec<&'static str>,
    lock_budget: usize,
    /// The statement before, if it is an ALTER TABLE that can do more.
    alter: Option<Altered>,
    dropped: Vec<DroppedIndex>,
    /// Columns that the file has added to tables in use, and that are NULL in every row.
    empty: Vec<(Oid, Ident)>,
    /// Columns that the deploy has added to tables in use.
    added: Vec<(Oid, Ident)>,
    /// Of these, those that an UPDATE has filled, and the text of that.
    filled: Vec<(Oid, Ident, String)>,
    /// The files of the deploy that lock a table.
    locked: FxHashMap<Name, Vec<String>>,
    /// For how long.
    deploy: Deploy,
    /// The last transaction of which it was said that it locks several tables.
    told: Option<u32>,
    /// What ANALYZE has to see yet: the statement's place, its table, and what is to be said.
    unseen: Vec<(usize, Relation, String)>,
}

#[derive(Clone, Debug)]
struct Altered {
    table: Name,
    transaction: u32,
    works: bool,
    sets_not_null: bool,
}

#[derive(Clone, Debug)]
struct DroppedIndex {
    name: Name,
    table: Oid,
    column: Ident,
    transaction: u32,
}

/// A statement, and where it stands.
pub(super) struct Now<'n> {
    pub(super) statement: &'n Statement,
    pub(super) outcome: &'n Outcome,
    pub(super) span: Span,
    /// Its place in the file.
    pub(super) place: usize,
    pub(super) input: &'n Input,
    /// What there is before it.
    pub(super) catalog: &'n Catalog,
}

impl Now<'_> {
    fn said(&self, rule: &'static str, relation: Option<&Relation>, detail: String) -> Said {
        Said { rule, at: self.span, detail, relation: relation.cloned() }
    }

    fn transaction(&self) -> u32 {
        self.catalog.session.transaction
    }

    /// The table in use that the statement is about, and its number.
    fn table(&self) -> Option<(&Relation, Option<Oid>)> {
        let effect = self.outcome.effects.iter().find(|it| it.role == Role::Subject && it.lock.is_some())?;
        let relation = effect.relation.as_ref()?;
        let is_table = matches!(relation.kind, RelationKind::Table | RelationKind::PartitionedTable);
        let oid = self.catalog.find(&relation.name).map(|it| it.oid);
        (is_table && relation.target == Target::Existing).then_some((relation, oid))
    }
}

impl Together {
    pub(super) fn new(rules: &RuleSet, options: &Options) -> Self {
        let all = [OFTEN, BUDGET, TWICE, MISSED, UNFILLED, MOVED, SEVERAL, NO_STATISTICS];
        Self {
            asked: all.into_iter().filter(|it| rules.is_on(it)).collect(),
            lock_budget: options.lock_budget,
            alter: None,
            dropped: Vec::new(),
            empty: Vec::new(),
            added: Vec::new(),
            filled: Vec::new(),
            locked: FxHashMap::default(),
            deploy: Deploy::new(Arc::clone(&options.traffic)),
            told: None,
            unseen: Vec::new(),
        }
    }

    /// Forgets what is of the file before.
    pub(super) fn start_file(&mut self, input: &Input) {
        self.alter = None;
        self.dropped.clear();
        self.empty.clear();
        self.unseen.clear();
        // Only what is new since the merge is deployed together.
        if !matches!(input.change, Change::New { .. }) {
            self.added.clear();
            self.filled.clear();
        }
    }

    /// What is to be said of a statement that is about to run.
    pub(super) fn see(&mut self, now: &Now<'_>) -> Vec<Said> {
        let mut said = Vec::new();
        self.fill(now);
        match now.statement {
            Statement::Alter(it)
                if matches!(it.kind, RelationKind::Table | RelationKind::PartitionedTable) =>
            {
                said.extend(self.alter(it, now));
            }
            other => {
                self.alter = None;
                match other {
                    Statement::DropRelation(it) => self.drop_indexes(it, now),
                    Statement::CreateIndex(it) => said.extend(self.create_index(it, now)),
                    Statement::CreateStatistics { name, .. } => {
                        let name = name.as_ref().map_or("the statistics", |it| it.name.as_str());
                        self.wait_for_analyze(format!("{name} are empty"), now);
                    }
                    Statement::Analyze { tables } | Statement::Vacuum { tables, analyze: true, .. } => {
                        self.analyze(tables, now.catalog);
                    }
                    _ => {}
                }
            }
        }
        said.extend(self.lock(now));
        said.retain(|it| self.asked.contains(&it.rule));
        said
    }

    /// What ANALYZE has not seen at the end of the file.
    pub(super) fn end_file(&mut self) -> Vec<(usize, Relation, String)> {
        let unseen = std::mem::take(&mut self.unseen);
        if self.asked.contains(&NO_STATISTICS) { unseen } else { Vec::new() }
    }

    /// What is to be said of a file whose statements have run: by then it is known how long their locks are held.
    pub(super) fn deploy(&mut self, input: &Input, statements: &mut [Ran]) {
        if self.asked.contains(&BUDGET) {
            self.deploy.add(input, statements);
        }
    }

    fn alter(&mut self, alter: &Alter, now: &Now<'_>) -> Vec<Said> {
        let before = self.alter.take();
        let Some((table, oid)) = now.table() else { return Vec::new() };
        let mut said = Vec::new();
        let drops_constraint =
            alter.actions.iter().any(|it| matches!(it, AlterAction::DropConstraint { .. }));
        if can_be_combined(alter) {
            let works = now.outcome.effects.iter().any(|it| it.work != WorkSet::NONE);
            let again = before.filter(|it| {
                // In one statement the CHECK would be dropped first, and prove nothing.
                it.table == table.name && !(it.sets_not_null && drops_constraint)
            });
            if let Some(before) = again {
                let is_other = before.transaction != now.transaction();
                let cost = if before.works && works {
                    Some("goes through its rows twice")
                } else {
                    is_other.then_some("waits for its lock twice")
                };
                said.extend(cost.map(|cost| now.said(TWICE, Some(table), cost.to_owned())));
            }
            let sets_not_null = alter.actions.iter().any(|it| matches!(it, AlterAction::SetNotNull { .. }));
            let transaction = now.transaction();
            self.alter = Some(Altered { table: table.name.clone(), transaction, works, sets_not_null });
        }
        if let Some(oid) = oid {
            for action in &alter.actions {
                said.extend(self.action(action, oid, table, now));
            }
        }
        said
    }

    fn action(&mut self, action: &AlterAction, oid: Oid, table: &Relation, now: &Now<'_>) -> Option<Said> {
        match action {
            AlterAction::AddColumn { column, if_not_exists } => {
                let name = (oid, column.name.clone());
                self.added.push(name.clone());
                if !if_not_exists && is_empty(column, now.catalog) {
                    self.empty.push(name);
                }
                None
            }
            AlterAction::SetType { column, .. } => {
                self.empty.retain(|it| it.0 != oid || it.1 != *column);
                // It would have been built anew under the lock: that is why it was dropped.
                self.dropped.retain(|it| it.table != oid);
                None
            }
            AlterAction::SetNotNull { column } => {
                let is_empty = self.empty.iter().any(|it| it.0 == oid && it.1 == *column);
                is_empty.then(|| now.said(UNFILLED, Some(table), column.to_string()))
            }
            AlterAction::DropColumn { column, .. } => {
                let to = self
                    .filled
                    .iter()
                    .find(|(of, to, text)| *of == oid && to != column && has_word(text, column));
                to.map(|(_, to, _)| now.said(MOVED, Some(table), format!("{to} takes the place of {column}")))
            }
            _ => None,
        }
    }

    /// Whether the new columns are still NULL after a statement, and what fills them.
    fn fill(&mut self, now: &Now<'_>) {
        if self.added.is_empty() && self.empty.is_empty() {
            return;
        }
        if !writes_nothing(now.outcome.statement) {
            self.empty.clear();
        }
        if let Statement::Update(update) = now.statement
            && let Some(table) = now.catalog.find(&update.table.name).map(|it| it.oid)
        {
            let sets =
                self.added.iter().filter(|(of, column)| *of == table && update.columns.contains(column));
            let text = now.span.of(now.input.source.text()).to_lowercase();
            self.filled.extend(sets.map(|(of, column)| (*of, column.clone(), text.clone())));
        }
    }

    fn drop_indexes(&mut self, drop: &DropRelation, now: &Now<'_>) {
        if drop.kind != RelationKind::Index {
            return;
        }
        for index in drop.names.iter().filter_map(|it| now.catalog.find(it)) {
            if let Some(of) = &index.index
                && let Some(Some(column)) = of.columns.first()
            {
                let (name, column) = (index.name.clone(), column.clone());
                let transaction = now.transaction();
                self.dropped.push(DroppedIndex { name, table: of.table, column, transaction });
            }
        }
    }

    fn create_index(&mut self, create: &CreateIndex, now: &Now<'_>) -> Option<Said> {
        let (table, oid) = now.table()?;
        if !create.expressions.is_empty() {
            let name = create.name.as_deref().unwrap_or("the new index");
            self.wait_for_analyze(format!("the expressions of {name} have none"), now);
        }
        let first = create.columns.first()?.as_ref()?;
        let before = self
            .dropped
            .iter()
            .find(|it| Some(it.table) == oid && it.column == *first && it.transaction != now.transaction())?;
        Some(now.said(MISSED, Some(table), before.name.name.to_string()))
    }

    fn wait_for_analyze(&mut self, detail: String, now: &Now<'_>) {
        if let Some((table, _)) = now.table() {
            self.unseen.push((now.place, table.clone(), detail));
        }
    }

    fn analyze(&mut self, tables: &[Name], catalog: &Catalog) {
        let names: Vec<Name> = tables.iter().map(|it| catalog.qualify(it)).collect();
        self.unseen.retain(|it| !names.is_empty() && !names.contains(&it.1.name));
    }

    /// What is to be said of the locks that a statement waits for.
    fn lock(&mut self, now: &Now<'_>) -> Vec<Said> {
        let mut said = Vec::new();
        let is_strong = |it: &&Effect| {
            let is_new = !it.manners.contains(Manner::AlreadyHeld);
            let blocks = it.lock.is_some_and(|it| it.blocks() >= Blocks::Writes);
            it.role == Role::Subject && is_new && blocks && it.relation.as_ref().is_some_and(is_table_in_use)
        };
        let strong = now.outcome.effects.iter().filter(is_strong).filter_map(|it| it.relation.as_ref());
        for table in strong {
            if self.told != Some(now.transaction())
                && let Some(other) = other_held(table, now)
            {
                self.told = Some(now.transaction());
                let detail = format!("{}, after {other}", table.name);
                said.push(now.said(SEVERAL, Some(table), detail));
            }
            if matches!(now.input.change, Change::New { .. })
                && let Some(detail) = self.count(table, now.input)
            {
                said.push(now.said(OFTEN, Some(table), detail));
            }
        }
        said
    }

    /// Counts a file that locks a table, and tells of the first one that is too many.
    fn count(&mut self, table: &Relation, input: &Input) -> Option<String> {
        let path = input.source.path().display().to_string();
        let files = self.locked.entry(table.name.clone()).or_default();
        if files.last() == Some(&path) {
            return None;
        }
        files.push(path);
        if files.len() != self.lock_budget + 1 {
            return None;
        }
        let earlier: Vec<&str> = files.iter().take(self.lock_budget).map(|it| file_name(it)).collect();
        Some(format!("{} migrations lock {}: {} and this one", files.len(), table.name, earlier.join(", ")))
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_table_in_use(relation: &Relation) -> bool {
    relation.target == Target::Existing
        && matches!(relation.kind, RelationKind::Table | RelationKind::PartitionedTable)
}

/// Another table in use that an earlier statement of the transaction has locked as strongly.
fn other_held<'n>(table: &Relation, now: &Now<'n>) -> Option<&'n Name> {
    let held = now.catalog.session.held().iter().filter(|it| {
        it.since != now.span.start
            && it.lock.blocks() >= Blocks::Writes
            && is_table_in_use(&it.relation)
            && it.relation.name != table.name
    });
    held.map(|it| &it.relation.name).next()
}
