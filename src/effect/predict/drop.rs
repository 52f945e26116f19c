//! `DROP TABLE`, `VIEW`, `MATERIALIZED VIEW`, `SEQUENCE`, `FOREIGN TABLE`: what goes, what is locked besides, and what is in the way.
//!
//! Everything that goes is locked ACCESS EXCLUSIVE, and so is the other side of every foreign key, the parent of a partition, and the
//! parent's DEFAULT partition, whose bound changes.
//! Source: `RemoveRelations` and `RangeVarCallbackForDropRelation` in `src/backend/commands/tablecmds.c`, `heap_drop_with_catalog` in
//! `src/backend/catalog/heap.c`, `RemoveConstraintById` in `src/backend/catalog/pg_constraint.c`, `RemoveTriggerById` in
//! `src/backend/commands/trigger.c`. Observed by `fixtures/effects/table.sql`.

use super::{Effects, Known};
use crate::{
    catalog::{ConstraintKind, Fill, Oid},
    effect::{Action, Effect, Harm, Lock, Manner, Reason, Role},
    sql::statement::{DropRelation, Name, RelationKind},
};

/// Adds what `drop` does; indexes are in another file.
pub(super) fn predict(drop: &DropRelation, effects: &mut Effects<'_>) {
    let action = action_of(drop.kind);
    let mut seeds = Vec::new();
    for name in &drop.names {
        match seed(name, drop, action, effects) {
            Seed::Found(known) => seeds.push(known),
            Seed::Absent => {}
            Seed::Refused => return,
        }
    }
    let dropped = Dropped { action, cascade: drop.cascade, if_exists: drop.if_exists };
    drop_all(&seeds, dropped, effects);
}

fn action_of(kind: RelationKind) -> Action {
    match kind {
        RelationKind::View => Action::DropView,
        RelationKind::MaterializedView => Action::DropMaterializedView,
        RelationKind::Sequence => Action::DropSequence,
        RelationKind::Index | RelationKind::PartitionedIndex => Action::DropIndex,
        RelationKind::Table
        | RelationKind::PartitionedTable
        | RelationKind::ForeignTable
        | RelationKind::CompositeType => Action::DropTable,
    }
}

/// What a name of a DROP means.
pub(super) enum Seed<'a> {
    /// Something that may go.
    Found(Known<'a>),
    /// Nothing, which IF EXISTS allows.
    Absent,
    /// Something else: the statement fails, and that was said.
    Refused,
}

/// The relation that a DROP names.
pub(super) fn seed<'a>(
    name: &Name,
    drop: &DropRelation,
    action: Action,
    effects: &mut Effects<'a>,
) -> Seed<'a> {
    let known = effects.known(name, drop.kind);
    let name = &known.relation.name;
    if known.entry.is_none() && effects.catalog.is_absent(name) {
        if drop.if_exists {
            return Seed::Absent;
        }
        // An index that is not there is an undefined object; a relation of another kind an undefined table.
        let sqlstate = if action == Action::DropIndex { "42704" } else { "42P01" };
        effects.fails(action, None, Reason::Missing, sqlstate, format!("{name} does not exist"));
        return Seed::Refused;
    }
    if known.is_made() && plain(known.relation.kind) != plain(drop.kind) {
        let detail = format!("{name} is not what the statement calls it");
        effects.fails(action, Some(&known), Reason::WrongKind, "42809", detail);
        return Seed::Refused;
    }
    Seed::Found(known)
}

/// The kind as DROP calls it.
fn plain(kind: RelationKind) -> RelationKind {
    match kind {
        RelationKind::PartitionedTable => RelationKind::Table,
        RelationKind::PartitionedIndex => RelationKind::Index,
        it => it,
    }
}

/// How relations are dropped.
#[derive(Clone, Copy)]
pub(super) struct Dropped {
    /// The statement's action.
    pub(super) action: Action,
    /// `CASCADE`.
    pub(super) cascade: bool,
    /// `IF EXISTS`.
    pub(super) if_exists: bool,
}

/// Adds what dropping `seeds` together does.
pub(super) fn drop_all<'a>(seeds: &[Known<'a>], dropped: Dropped, effects: &mut Effects<'a>) {
    let mut closure = Closure { gone: Vec::new(), obstacle: None };
    for seed in seeds {
        closure.add(seed.clone(), false);
    }
    closure.grow(dropped.cascade, effects);
    if let Some((seed, obstacle)) = closure.obstacle {
        let detail = format!("cannot drop {seed} because {obstacle} depends on it");
        let known = seeds.iter().find(|it| it.relation.name == seed).or(seeds.first());
        effects.fails(dropped.action, known, Reason::DependedOn, "2BP01", detail);
        return;
    }
    closure.report(seeds, dropped, effects);
}

/// What goes, found from what is named.
struct Closure<'a> {
    /// Each relation, and whether only CASCADE takes it.
    gone: Vec<(Known<'a>, bool)>,
    /// What is named, and what is in the way of it.
    obstacle: Option<(Name, String)>,
}

impl<'a> Closure<'a> {
    fn contains(&self, oid: Oid) -> bool {
        self.gone.iter().any(|(it, _)| it.entry.is_some_and(|it| it.oid == oid))
    }

    fn add(&mut self, known: Known<'a>, by_cascade: bool) {
        if known.entry.is_none_or(|it| !self.contains(it.oid)) {
            self.gone.push((known, by_cascade));
        }
    }

    /// Partitions and owned sequences go with their table; views and inheritance children only by CASCADE.
    fn grow(&mut self, cascade: bool, effects: &Effects<'a>) {
        let mut n_done = 0;
        while let Some((known, by_cascade)) = self.gone.get(n_done).cloned() {
            n_done += 1;
            let Some(entry) = known.entry else { continue };
            let children = if known.relation.kind == RelationKind::PartitionedIndex {
                Vec::new()
            } else {
                effects.all(&entry.children)
            };
            for child in children {
                let is_partition = child.entry.is_some_and(|it| it.is_partition());
                self.add(child, by_cascade || !is_partition);
            }
            for sequence in effects.all(&entry.sequences) {
                self.add(sequence, by_cascade);
            }
            if cascade {
                for view in effects.all(&entry.read_by) {
                    self.add(view, true);
                }
            }
        }
        if !cascade {
            self.find_obstacle(effects);
        }
    }

    /// Finds what depends on something that goes, without going itself.
    fn find_obstacle(&mut self, effects: &Effects<'a>) {
        for (known, by_cascade) in &self.gone {
            let Some(entry) = known.entry else { continue };
            let name = &known.relation.name;
            let other = effects
                .all(&entry.read_by)
                .into_iter()
                .find(|it| it.entry.is_some_and(|it| !self.contains(it.oid)))
                .map(|it| format!("view {}", it.relation.name))
                .or_else(|| self.foreign_key_to(known, effects))
                .or_else(|| self.default_from(known, effects))
                .or_else(|| by_cascade.then(|| format!("table {name}")));
            if let Some(other) = other {
                self.obstacle = Some((name.clone(), other));
                return;
            }
        }
    }

    fn foreign_key_to(&self, known: &Known<'a>, effects: &Effects<'a>) -> Option<String> {
        let referencing = referencing(known, effects);
        let other = referencing.iter().find(|it| it.entry.is_some_and(|it| !self.contains(it.oid)))?;
        Some(format!("a foreign key of table {}", other.relation.name))
    }

    /// A column's default, or its identity, needs the sequence that it owns; a default may name any other.
    fn default_from(&self, known: &Known<'a>, effects: &Effects<'a>) -> Option<String> {
        let users = users_of(known, effects);
        if let Some(table) = users.iter().find(|it| it.entry.is_some_and(|it| !self.contains(it.oid))) {
            return Some(format!("a default of table {}", table.relation.name));
        }
        let (table, column) = known.entry?.owned_by.as_ref()?;
        let owner = effects.catalog.relation(*table).filter(|it| !self.contains(it.oid))?;
        let fill = owner.column(column)?.fill;
        matches!(fill, Fill::Default | Fill::Identity)
            .then(|| format!("column {column} of table {}", owner.name))
    }

    fn report(&self, seeds: &[Known<'a>], dropped: Dropped, effects: &mut Effects<'a>) {
        for (known, by_cascade) in &self.gone {
            let is_seed = seeds.iter().any(|it| it.relation.name == known.relation.name);
            effects.push(gone(known, is_seed, *by_cascade, dropped));
            for index in effects.indexes(known) {
                effects.lock(dropped.action, &index, Role::Index, Lock::AccessExclusive);
            }
        }
        for (known, _) in &self.gone {
            self.report_around(known, dropped, effects);
        }
    }

    /// What stays, but is locked because it was tied to what goes.
    fn report_around(&self, known: &Known<'a>, dropped: Dropped, effects: &mut Effects<'a>) {
        let stays = |it: &Known<'_>| it.entry.is_some_and(|it| !self.contains(it.oid));
        let lock =
            |known: &Known<'_>, role| Effect::on(dropped.action, known, Lock::AccessExclusive).role(role);
        for referenced in foreign_keys_of(known, effects) {
            for table in with_triggers(&referenced, effects).into_iter().filter(stays) {
                effects.push(lock(&table, Role::Referenced));
            }
        }
        for table in referencing(known, effects).into_iter().filter(stays) {
            effects.push(lock(&table, Role::Referencing).because(Reason::Cascade));
        }
        if known.entry.is_some_and(|it| it.is_partition()) {
            for parent in effects.parents(known).into_iter().filter(stays) {
                effects.push(lock(&parent, Role::Parent));
                if let Some(default) = effects.default_partition(&parent).filter(stays) {
                    effects.push(lock(&default, Role::DefaultPartition));
                }
            }
        }
        let owner = known.entry.and_then(|it| it.owned_by.as_ref()).map(|it| effects.all(&[it.0]));
        if known.relation.kind == RelationKind::Sequence && dropped.cascade {
            let mut tables = owner.unwrap_or_default();
            tables.extend(users_of(known, effects));
            for table in tables.into_iter().filter(stays) {
                effects.push(lock(&table, Role::Dependent).because(Reason::Cascade));
            }
        }
    }
}

/// The effect on something that goes.
fn gone(known: &Known<'_>, is_seed: bool, by_cascade: bool, dropped: Dropped) -> Effect {
    let role = match known.relation.kind {
        _ if is_seed => Role::Subject,
        RelationKind::Sequence => Role::Sequence,
        RelationKind::View | RelationKind::MaterializedView => Role::Dependent,
        _ => Role::Child,
    };
    let effect = Effect::on(dropped.action, known, Lock::AccessExclusive)
        .role(role)
        .object(known.relation.name.name.clone())
        .manner_if(dropped.cascade, Manner::Cascade)
        .manner_if(dropped.if_exists, Manner::IfExists);
    let effect = match known.relation.kind {
        RelationKind::Table | RelationKind::PartitionedTable => {
            effect.harm(Harm::LosesData).harm(Harm::BreaksReaders).harm(Harm::BreaksWriters)
        }
        RelationKind::Sequence if !is_seed => effect,
        RelationKind::Sequence => effect.harm(Harm::BreaksWriters),
        RelationKind::ForeignTable => effect.harm(Harm::BreaksReaders).harm(Harm::BreaksWriters),
        _ => effect.harm(Harm::BreaksReaders),
    };
    if by_cascade { effect.because(Reason::Cascade) } else { effect }
}

/// The tables with a default that takes numbers from the sequence.
fn users_of<'a>(sequence: &Known<'a>, effects: &Effects<'a>) -> Vec<Known<'a>> {
    if sequence.relation.kind != RelationKind::Sequence {
        return Vec::new();
    }
    let uses = |it: &Name| effects.catalog.find(it).is_some_and(|it| it.name == sequence.relation.name);
    let mut tables: Vec<Known<'a>> = effects
        .catalog
        .may_mention(&sequence.relation.name.name)
        .filter(|it| it.columns.iter().filter_map(|it| it.sequence.as_ref()).any(uses))
        .map(|it| effects.entry(it))
        .collect();
    tables.sort_by(|a, b| a.relation.name.cmp(&b.relation.name));
    tables
}

/// The tables that foreign keys of its own refer to. A partition's inherited ones are its parent's.
fn foreign_keys_of<'a>(known: &Known<'a>, effects: &Effects<'a>) -> Vec<Known<'a>> {
    let Some(entry) = known.entry else { return Vec::new() };
    let own = entry.constraints.iter().filter(|it| !it.inherited);
    let oids: Vec<Oid> = own
        .filter_map(|it| match it.kind {
            ConstraintKind::ForeignKey { referenced, .. } => Some(referenced),
            _ => None,
        })
        .collect();
    effects.all(&oids)
}

/// The tables that have a foreign key's triggers: for a partitioned one its partitions, too, and before 15 those only.
fn with_triggers<'a>(referenced: &Known<'a>, effects: &Effects<'a>) -> Vec<Known<'a>> {
    if referenced.relation.kind != RelationKind::PartitionedTable {
        return vec![referenced.clone()];
    }
    let mut tables = effects.descendants(referenced);
    if effects.major >= 15 {
        tables.push(referenced.clone());
    }
    tables
}

/// The tables whose foreign keys refer to it, or to the partitioned tables above it: those need its rows as well.
fn referencing<'a>(known: &Known<'a>, effects: &Effects<'a>) -> Vec<Known<'a>> {
    let mut tables = effects.referencing(known);
    if known.entry.is_some_and(|it| it.is_partition()) {
        for ancestor in effects.ancestors(known) {
            tables.extend(effects.referencing(&ancestor));
        }
    }
    tables
}
