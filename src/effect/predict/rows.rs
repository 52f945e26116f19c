//! Statements that read or write rows: SELECT, INSERT, UPDATE, DELETE, MERGE, COPY, and those that plan or run one of them.
//!
//! Source: manual, 13.3.1 Table-Level Locks; `transformStmt` and its kin in `src/backend/parser/analyze.c`, `PrepareQuery` in
//! `src/backend/commands/prepare.c`, `DoCopy` in `src/backend/commands/copy.c`. Observed by `fixtures/effects/dml.sql`.

use super::{
    Effects, Known,
    foreign_keys::Change,
    reads::{Touch, is_system},
};
use crate::{
    catalog::Fill,
    effect::{Action, Lock, Manner, Reason, Role, Work},
    sql::statement::{
        CreateTableAs, Delete, Expr, ExprShape, Ident, Insert, Merge, Name, Query, RelationKind, Statement,
        Update,
    },
};

/// How far a statement gets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Names are looked up: PREPARE.
    Analyzed,
    /// It is planned: EXPLAIN.
    Planned,
    /// It is run.
    Run,
}

/// Adds what a statement on rows does; nothing for any other.
pub(super) fn predict(statement: &Statement, depth: Depth, effects: &mut Effects<'_>) {
    match statement {
        Statement::Select(it) => select(it, Action::Select, depth, effects),
        Statement::DeclareCursor { query, .. } => select(query, Action::Select, depth, effects),
        Statement::Insert(it) => insert(it, depth, effects),
        Statement::Update(it) => update(it, depth, effects),
        Statement::Delete(it) => delete(it, depth, effects),
        Statement::Merge(it) => merge(it, depth, effects),
        Statement::Copy { table, from, query } => copy(table.as_ref(), *from, query.as_ref(), effects),
        Statement::CreateTableAs(CreateTableAs { query, .. }) if depth != Depth::Run => {
            select(query, Action::CreateTableAs, depth, effects);
        }
        Statement::Explain { analyze, statement } => {
            let inner = if *analyze { depth } else { depth.min(Depth::Planned) };
            predict(statement, inner, effects);
        }
        Statement::Prepare { statement } => predict(statement, Depth::Analyzed, effects),
        _ => {}
    }
}

impl Depth {
    fn min(self, other: Self) -> Self {
        if self == Self::Run { other } else { self }
    }
}

fn select(query: &Query, action: Action, depth: Depth, effects: &mut Effects<'_>) {
    reads(query, action, depth, effects);
}

/// What a statement reads besides its target, and what its common table expressions write.
fn reads(query: &Query, action: Action, depth: Depth, effects: &mut Effects<'_>) {
    if depth == Depth::Analyzed {
        effects.analyzed(query, action);
    } else {
        effects.query(query, Touch::read(action));
    }
    if depth == Depth::Run {
        for sequence in &query.sequences {
            let known = effects.known(sequence, RelationKind::Sequence);
            effects.lock(action, &known, Role::Sequence, Lock::RowExclusive);
        }
        for (table, column) in &query.serial_columns {
            let Some(entry) = effects.known(table, RelationKind::Table).entry else { continue };
            for sequence in effects.all(&entry.sequences) {
                let owner = sequence.entry.and_then(|it| it.owned_by.as_ref());
                if owner.is_some_and(|(_, owner)| owner == column) {
                    effects.lock(action, &sequence, Role::Sequence, Lock::RowExclusive);
                }
            }
        }
    }
    for written in &query.writes {
        predict(written, depth, effects);
    }
}

fn insert(insert: &Insert, depth: Depth, effects: &mut Effects<'_>) {
    let target = effects.known(&insert.table, RelationKind::Table);
    let copies_all = insert.query.as_ref().is_some_and(|it| !it.relations.is_empty() && !it.has_where);
    let every_row = (copies_all && insert.n_rows.is_none()).then_some(Reason::EveryRow);
    let written = Written {
        action: Action::Insert,
        depth,
        every_row,
        counted: insert.query.as_ref().is_none_or(|it| it.relations.is_empty() && it.functions.is_empty()),
        // `infer_arbiter_indexes` in `src/backend/optimizer/util/plancat.c`.
        opens_indexes: insert.updates_on_conflict || insert.names_conflict,
        only: false,
        nesting: MAX_NESTING,
    };
    if depth == Depth::Run {
        let gives_all = insert.columns.is_empty() && insert.query.is_some();
        if !gives_all {
            use_sequences(&target, &insert.columns, effects);
        }
    }
    write(&target, written, Change::Insert(&insert.columns), effects);
    for query in insert.query.iter().chain([&insert.with]) {
        reads(query, Action::Insert, depth, effects);
    }
}

/// Columns that are not given take their number from their sequence, which `nextval` locks ROW EXCLUSIVE (`nextval_internal` and
/// `lock_and_open_sequence` in `src/backend/commands/sequence.c`).
fn use_sequences(target: &Known<'_>, given: &[Ident], effects: &mut Effects<'_>) {
    let Some(entry) = target.entry else { return };
    let fills = |column: &Ident| {
        let fill = entry.column(column).map(|it| it.fill);
        matches!(fill, Some(Fill::Default | Fill::Identity)) && !given.contains(column)
    };
    for sequence in effects.all(&entry.sequences) {
        let owner = sequence.entry.and_then(|it| it.owned_by.as_ref());
        if owner.is_some_and(|(_, column)| fills(column)) {
            effects.lock(Action::Insert, &sequence, Role::Sequence, Lock::RowExclusive);
        }
    }
    for column in entry.columns.iter().filter(|it| fills(&it.name)) {
        if let Some(sequence) = &column.sequence {
            let known = effects.known(sequence, RelationKind::Sequence);
            effects.lock(Action::Insert, &known, Role::Sequence, Lock::RowExclusive);
        }
    }
}

fn update(update: &Update, depth: Depth, effects: &mut Effects<'_>) {
    let target = effects.known(&update.table.name, RelationKind::Table);
    let written = Written {
        action: Action::Update,
        depth,
        every_row: every_row(update.predicate.as_ref()),
        counted: false,
        opens_indexes: true,
        only: update.table.only,
        nesting: MAX_NESTING,
    };
    write(&target, written, Change::Update(&update.columns), effects);
    reads(&update.reads, Action::Update, depth, effects);
}

fn delete(delete: &Delete, depth: Depth, effects: &mut Effects<'_>) {
    let target = effects.known(&delete.table.name, RelationKind::Table);
    let written = Written {
        action: Action::Delete,
        depth,
        every_row: every_row(delete.predicate.as_ref()),
        counted: false,
        opens_indexes: true,
        only: delete.table.only,
        nesting: MAX_NESTING,
    };
    write(&target, written, Change::Delete, effects);
    reads(&delete.reads, Action::Delete, depth, effects);
}

fn every_row(predicate: Option<&Expr>) -> Option<Reason> {
    predicate.is_none_or(|it| it.shape == ExprShape::True).then_some(Reason::EveryRow)
}

/// Which columns a MERGE sets is not known here; a branch that inserts is taken to give them all.
fn merge(merge: &Merge, depth: Depth, effects: &mut Effects<'_>) {
    let target = effects.known(&merge.table.name, RelationKind::Table);
    let written = Written {
        action: Action::Merge,
        depth,
        every_row: None,
        counted: false,
        opens_indexes: true,
        only: merge.table.only,
        nesting: MAX_NESTING,
    };
    let change = if merge.inserts { Change::Insert(&[]) } else { Change::Update(&[]) };
    if effects.major < 15 {
        let detail = "MERGE needs PostgreSQL 15";
        effects.fails(Action::Merge, Some(&target), Reason::Version, "42601", detail);
        return;
    }
    write(&target, written, change, effects);
    reads(&merge.reads, Action::Merge, depth, effects);
}

/// COPY of a table plans nothing, so that it takes no index; COPY of a query does.
fn copy(table: Option<&Name>, from: bool, query: Option<&Query>, effects: &mut Effects<'_>) {
    if let Some(query) = query {
        reads(query, Action::Copy, Depth::Run, effects);
    }
    let Some(table) = table.filter(|it| !is_system(it)) else { return };
    let target = effects.known(table, RelationKind::Table);
    if from {
        let written = Written {
            action: Action::Copy,
            depth: Depth::Run,
            every_row: None,
            counted: false,
            opens_indexes: false,
            only: false,
            nesting: MAX_NESTING,
        };
        write(&target, written, Change::Insert(&[]), effects);
    } else {
        effects.lock(Action::Copy, &target, Role::Read, Lock::AccessShare);
    }
}

/// Views over views are followed so far: a history that cannot be run could make one over itself.
const MAX_NESTING: u8 = 32;

/// How a target is written.
#[derive(Clone, Copy)]
struct Written {
    action: Action,
    depth: Depth,
    every_row: Option<Reason>,
    /// Whether the rows stand in the statement.
    counted: bool,
    /// Whether the planner opens the indexes. An INSERT's executor opens them too, and lets them go at the statement's end.
    opens_indexes: bool,
    only: bool,
    /// How many more views may be between here and the table.
    nesting: u8,
}

/// The target, through views, with its partitions and what its foreign keys do.
fn write<'a>(target: &Known<'a>, written: Written, change: Change<'_>, effects: &mut Effects<'a>) {
    if is_system(&target.relation.name) {
        return;
    }
    let touch = Touch::read(written.action).role(Role::Subject).lock(Lock::RowExclusive);
    let touch = if written.depth == Depth::Run { touch.work(&[Work::WriteRows]) } else { touch };
    let mut subject = touch.effect(target);
    subject.because = written.every_row;
    effects.push(subject.manner_if(written.counted, Manner::Counted));
    if target.relation.kind == RelationKind::View {
        write_through(target, written, change, effects);
        return;
    }
    if written.depth == Depth::Analyzed {
        return;
    }
    if written.opens_indexes && matches!(change, Change::Insert(_)) {
        // Only the indexes of the named table are searched for the one that ON CONFLICT means.
        for index in effects.indexes(target) {
            effects.lock(written.action, &index, Role::Index, Lock::RowExclusive);
        }
    }
    let routes = matches!(change, Change::Insert(_)) && written.action != Action::Merge;
    if routes {
        route(target, touch, written.depth, effects);
    } else {
        effects.touch_around(target, written.only, touch);
    }
    if written.depth == Depth::Run {
        effects.foreign_keys(written.action, target, change);
    }
}

/// Rows that come to a partitioned table go to a partition, any of them as far as is known here. A partition reads its bound from its parents
/// (`generate_partition_qual` in `src/backend/utils/cache/partcache.c`).
fn route<'a>(target: &Known<'a>, touch: Touch, depth: Depth, effects: &mut Effects<'a>) {
    if depth != Depth::Run {
        return;
    }
    if target.relation.kind == RelationKind::PartitionedTable {
        for partition in effects.descendants(target) {
            effects.push(touch.role(Role::Child).effect(&partition));
        }
    }
    if target.entry.is_some_and(|it| it.is_partition()) {
        for parent in effects.ancestors(target) {
            effects.lock(touch.action, &parent, Role::Parent, Lock::AccessShare);
        }
    }
}

/// A view of one relation passes the change on to it. One of several needs a trigger or rule, whose work is not known here.
fn write_through<'a>(view: &Known<'a>, written: Written, change: Change<'_>, effects: &mut Effects<'a>) {
    let Some(entry) = view.entry else { return };
    match effects.all(&entry.reads).as_slice() {
        [base] if entry.triggers.is_empty() && written.nesting > 0 => {
            write(base, Written { nesting: written.nesting - 1, ..written }, change, effects);
        }
        bases => {
            for base in bases {
                effects.read(base, false, Touch::read(written.action));
            }
        }
    }
}
