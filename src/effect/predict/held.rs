//! The locks of earlier statements that are still held while a statement works.
//!
//! Source: manual, 13.3.1: a lock, once acquired, is held until the end of the transaction.

use crate::{
    catalog::{Catalog, Held, Session},
    effect::{Action, Blocks, Effect, Manner, Target, Work, WorkSet, predict::Known},
    sql::statement::RelationKind,
};

/// For each blocking lock that the transaction holds already, that it is held through the work of these effects.
///
/// Each lock is told once, of the first work under it.
/// None when the effects have no work, nor where the statement itself blocks as much on the same relation. `line` gives the line of a
/// byte offset.
pub fn held(effects: &[Effect], catalog: &Catalog, line: impl Fn(usize) -> u32) -> Vec<Effect> {
    let is_counted = effects.iter().any(|it| it.manners.contains(Manner::Counted));
    let grows = effects.iter().filter(|it| !is_counted || it.effort() != WorkSet::of(&[Work::WriteRows]));
    let grows = grows.filter(|it| !is_on_nothing(it, catalog));
    let work = grows.fold(WorkSet::NONE, |set, it| set.union(it.effort()));
    if work.is_empty() {
        return Vec::new();
    }
    let matters = |held: &&Held| {
        // Whoever waits for an index waits for its table, which is held as well.
        if held.told || matches!(held.relation.kind, RelationKind::Index | RelationKind::PartitionedIndex) {
            return false;
        }
        let blocks = held.lock.blocks();
        let again = effects.iter().any(|it| {
            it.relation.as_ref().is_some_and(|it| it.name == held.relation.name)
                && it.lock.is_some_and(|it| it.blocks() >= blocks)
                && !it.effort().is_empty()
        });
        blocks > Blocks::Nothing && held.relation.target == Target::Existing && !again
    };
    let held = catalog.session.held().iter().filter(matters);
    held.map(|it| {
        let known = Known { relation: it.relation.clone(), entry: None };
        let mut effect = Effect::on(Action::HoldLock, &known, it.lock);
        effect.work = work;
        effect.detail(format!("line {}", line(it.since)))
    })
    .collect()
}

/// Marks the work on tables that were there before and have no rows.
pub(super) fn mark_empty(effects: &mut [Effect], catalog: &Catalog) {
    for effect in effects.iter_mut().filter(|it| !it.work.is_empty()) {
        let is_there = effect.relation.as_ref().is_some_and(|it| it.target == Target::Existing);
        effect.manners = effect.manners.with_if(is_there && is_on_nothing(effect, catalog), Manner::Empty);
    }
}

/// Whether its work is to read or rewrite a table that has no rows. What writes rows is work all the same.
fn is_on_nothing(effect: &Effect, catalog: &Catalog) -> bool {
    let relation = effect.relation.as_ref().filter(|_| !effect.work.contains(Work::WriteRows));
    relation.and_then(|it| catalog.find(&it.name)).is_some_and(|it| catalog.is_empty(it))
}

/// Marks the locks that the transaction has already, so that nobody waits for them again.
pub(super) fn mark_held(effects: &mut [Effect], session: &Session) {
    for effect in effects {
        let (Some(relation), Some(lock)) = (&effect.relation, effect.lock) else { continue };
        let is_held = session.lock_on(&relation.name).is_some_and(|it| it >= lock);
        effect.manners = effect.manners.with_if(is_held, Manner::AlreadyHeld);
    }
}
