//! `ADD COLUMN`.
//!
//! Since 11 a default that is not volatile is stored once in the catalog (`pg_attribute.attmissingval`) and no row is written.
//! Source: `ATExecAddColumn` in `src/backend/commands/tablecmds.c`; `transformColumnDefinition` and `transformAlterTableStmt` in
//! `src/backend/parser/parse_utilcmd.c`; manual, ALTER TABLE, Notes. Observed by `fixtures/effects/add-column*.sql`.

use super::{super::volatility, Altered, constraints};
use crate::{
    effect::{Action, Effect, Harm, Lock, Manner, Reason, Role, Work, predict::Effects},
    sql::statement::{ColumnConstraintKind, ColumnDef, ExprShape, RelationKind},
};

/// Why every row is written when the column is added.
fn rewrite_reason(column: &ColumnDef, effects: &Effects<'_>) -> Option<Reason> {
    let ty = column.ty.as_ref()?;
    if ty.serial_base().is_some() {
        return Some(Reason::Serial);
    }
    for constraint in &column.constraints {
        match &constraint.kind {
            ColumnConstraintKind::Identity => return Some(Reason::Identity),
            // Without a keyword it is VIRTUAL, which only 18 and later know.
            ColumnConstraintKind::Generated { stored: Some(true), .. } => {
                return Some(Reason::StoredGenerated);
            }
            ColumnConstraintKind::Default(expr) if volatility::is_volatile(expr, effects.catalog) => {
                return Some(Reason::VolatileDefault);
            }
            _ => {}
        }
    }
    // A domain's constraints are tested on every row even when the column is NULL everywhere.
    (volatility::domain_has_constraints(ty, effects.catalog) == Some(true))
        .then_some(Reason::ConstrainedDomain)
}

/// Adds what ADD COLUMN does.
pub(super) fn predict(
    column: &ColumnDef,
    if_not_exists: bool,
    altered: &Altered<'_, '_>,
    effects: &mut Effects<'_>,
) {
    let base = altered
        .on_table(Action::AddColumn)
        .object(column.name.clone())
        .manner_if(if_not_exists, Manner::IfNotExists);
    let is_there = altered.table.entry.is_some_and(|it| it.column(&column.name).is_some());
    let exists = is_there && !altered.drops_column(&column.name);
    if exists && if_not_exists {
        effects.push(base);
        return;
    }
    let facts = Facts::of(column);
    if refuse(&facts, exists, altered, effects) {
        return;
    }
    lock_sequence_of_default(column, effects);
    let rewrite = rewrite_reason(column, effects);
    add_rows_work(&base, rewrite, &facts, altered, effects);
    if facts.is_required() && rewrite.is_none() && !is_emptied(altered, effects) {
        let required = base.clone().because(Reason::RequiredColumn);
        effects.push(required.harm(Harm::MayFail).harm(Harm::BreaksWriters));
    }
    add_inline_constraints(column, rewrite.is_some(), &facts, altered, effects);
}

/// Whether the transaction emptied the table before, so that no row is without a value for a new column.
fn is_emptied(altered: &Altered<'_, '_>, effects: &Effects<'_>) -> bool {
    let emptied = altered.table.entry.filter(|it| it.created.or(it.presumed) != it.empty_since);
    emptied.is_some_and(|it| effects.catalog.is_empty(it))
}

/// What must fail, told by its SQLSTATE.
fn refuse(facts: &Facts, exists: bool, altered: &Altered<'_, '_>, effects: &mut Effects<'_>) -> bool {
    let Some(entry) = altered.table.entry else { return false };
    let is_partitioned = entry.kind == RelationKind::PartitionedTable;
    let (because, sqlstate, detail) = if exists {
        (Reason::Duplicate, "42701", "the column exists")
    } else if entry.is_partition() {
        (Reason::Partitioned, "42809", "a partition gets its columns from its parent")
    } else if facts.identity && is_partitioned && effects.major < 17 {
        (
            Reason::Partitioned,
            "42P16",
            "a partitioned table cannot get an identity column before PostgreSQL 17",
        )
    } else if facts.identity && !is_partitioned && !altered.children.is_empty() {
        (Reason::Partitioned, "42P16", "a table with inheritance children cannot get an identity column")
    } else if facts.primary_key && altered.keeps_primary_key() {
        (Reason::Duplicate, "42P16", "the table has a primary key")
    } else if facts.unique && is_partitioned {
        (Reason::Partitioned, "0A000", "a unique constraint must hold the partition key")
    } else if facts.virtual_generated && effects.major < 18 {
        (Reason::Version, "42601", "a generated column needs STORED before PostgreSQL 18")
    } else {
        return false;
    };
    effects.fails(Action::AddColumn, Some(&altered.table), because, sqlstate, detail);
    true
}

/// `DEFAULT nextval('s')` draws numbers from an existing sequence.
fn lock_sequence_of_default(column: &ColumnDef, effects: &mut Effects<'_>) {
    for constraint in &column.constraints {
        if let ColumnConstraintKind::Default(expr) = &constraint.kind
            && let ExprShape::NextVal(name) = &expr.shape
        {
            let sequence = effects.known(name, RelationKind::Sequence);
            effects.lock(Action::AddColumn, &sequence, Role::Sequence, Lock::RowExclusive);
        }
    }
}

/// What of a column definition decides the work.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a clause of its own in SQL")]
struct Facts {
    has_value: bool,
    has_default_clause: bool,
    not_null: bool,
    virtual_generated: bool,
    identity: bool,
    unique: bool,
    primary_key: bool,
    check: bool,
}

impl Facts {
    fn of(column: &ColumnDef) -> Self {
        let mut facts = Self::default();
        for constraint in &column.constraints {
            match &constraint.kind {
                ColumnConstraintKind::Default(expr) => {
                    facts.has_default_clause = true;
                    facts.has_value = expr.shape != ExprShape::Null;
                }
                ColumnConstraintKind::NotNull => facts.not_null = true,
                ColumnConstraintKind::PrimaryKey => {
                    facts.not_null = true;
                    facts.primary_key = true;
                    facts.unique = true;
                }
                ColumnConstraintKind::Unique => facts.unique = true,
                ColumnConstraintKind::Generated { stored, .. } => {
                    facts.has_value = true;
                    facts.virtual_generated = *stored != Some(true);
                }
                ColumnConstraintKind::Identity => {
                    facts.has_value = true;
                    facts.identity = true;
                }
                ColumnConstraintKind::Check(_) => facts.check |= !constraint.options.not_enforced,
                _ => {}
            }
        }
        facts
    }

    /// NOT NULL, and nothing gives existing rows a value.
    fn is_required(&self) -> bool {
        self.not_null && !self.has_value
    }
}

/// The rewrite or the scan of the table and of each child.
fn add_rows_work(
    base: &Effect,
    rewrite: Option<Reason>,
    facts: &Facts,
    altered: &Altered<'_, '_>,
    effects: &mut Effects<'_>,
) {
    if let Some(reason) = rewrite {
        let effect = base.clone().because(reason);
        let members: Vec<_> = altered.family().map(|(member, role)| (member.clone(), role)).collect();
        for (member, role) in members {
            super::rewrite(&effect, &member, role, effects);
        }
        return;
    }
    if facts.check {
        let effect = base.clone().because(Reason::ColumnCheck).harm(Harm::MayFail);
        altered.spread(&effect.work(&[Work::Scan]), effects);
    } else if facts.is_required() || facts.virtual_generated && facts.not_null {
        altered.spread(&base.clone().because(Reason::RequiredColumn).work(&[Work::Scan]), effects);
    } else {
        altered.spread(base, effects);
    }
}

/// UNIQUE, PRIMARY KEY and REFERENCES that come with the column.
fn add_inline_constraints(
    column: &ColumnDef,
    rewritten: bool,
    facts: &Facts,
    altered: &Altered<'_, '_>,
    effects: &mut Effects<'_>,
) {
    for constraint in &column.constraints {
        match &constraint.kind {
            ColumnConstraintKind::Unique | ColumnConstraintKind::PrimaryKey => {
                let effect = altered
                    .on_table(Action::AddColumn)
                    .object(column.name.clone())
                    .because(Reason::ColumnUnique)
                    .harm(Harm::MayFail)
                    .manner_if(true, Manner::Unique);
                // Inheritance children get the column only.
                effects.push(effect.work(&[Work::Scan, Work::BuildIndex]));
            }
            ColumnConstraintKind::References { table, .. } => {
                let key = constraints::ForeignKey {
                    action: Action::AddColumn,
                    because: Some(Reason::ColumnReferences),
                    object: column.name.clone(),
                    // Without a default the column is NULL everywhere, and there is nothing to test.
                    validates: facts.has_default_clause || rewritten,
                    not_valid: false,
                };
                constraints::add_foreign_key(&key, table, altered, effects);
            }
            _ => {}
        }
    }
}
