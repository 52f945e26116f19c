//! The list of effects that a prediction fills, and relations as a prediction sees them.

use std::sync::Arc;

use crate::{
    catalog::{self, Catalog},
    effect::{
        Action, Effect, Harm, HarmSet, IndexKey, Lock, Manner, MannerSet, Reason, Relation, Role, Target,
        Work, WorkSet,
    },
    sql::statement::{Ident, Name, RelationKind},
};

/// What a prediction reads, and the effects found so far.
pub(crate) struct Effects<'a> {
    /// What exists before the statement.
    pub(crate) catalog: &'a Catalog,
    /// The server's major version.
    pub(crate) major: u16,
    found: Vec<Effect>,
}

/// A relation as a prediction sees it: what the catalog has of it, if anything.
#[derive(Clone, Debug)]
pub(crate) struct Known<'a> {
    /// Its name, kind and target.
    pub(crate) relation: Relation,
    /// What the catalog has; `None` for a relation never heard of.
    pub(crate) entry: Option<&'a Arc<catalog::Relation>>,
}

impl Known<'_> {
    /// Whether the history made it, so that it is there and what it is called it is. Others are only heard of.
    pub(crate) fn is_made(&self) -> bool {
        self.entry.is_some_and(|it| it.complete || it.created.is_some())
    }

    /// Whether the catalog has all of it, so that what is not there does not exist.
    pub(crate) fn is_complete(&self) -> bool {
        self.entry.is_some_and(|it| it.complete)
    }
}

impl<'a> Effects<'a> {
    pub(crate) fn new(catalog: &'a Catalog, major: u16) -> Self {
        Self { catalog, major, found: Vec::new() }
    }

    pub(crate) fn finish(self) -> Vec<Effect> {
        self.found
    }

    /// How many effects there are so far.
    pub(crate) fn len(&self) -> usize {
        self.found.len()
    }

    /// The effects found so far.
    pub(crate) fn found(&mut self) -> &mut [Effect] {
        &mut self.found
    }

    pub(crate) fn push(&mut self, effect: Effect) {
        self.found.push(effect);
    }

    /// The relation that `name` means; one never heard of is taken for a `kind` that was there before.
    pub(crate) fn known(&self, name: &Name, kind: RelationKind) -> Known<'a> {
        self.catalog.find(name).map_or_else(|| self.unknown(name, kind), |it| self.entry(it))
    }

    fn unknown(&self, name: &Name, kind: RelationKind) -> Known<'a> {
        let mut relation = Relation::new(self.catalog.qualify(name), kind, Target::Existing);
        relation.known_as = self.catalog.name_before(&relation.name).map(Box::new);
        Known { relation, entry: None }
    }

    /// A relation of the catalog.
    pub(crate) fn entry(&self, entry: &'a Arc<catalog::Relation>) -> Known<'a> {
        let target = self.target(entry.created.or(entry.presumed));
        let mut relation = Relation::new(entry.name.clone(), entry.kind, target);
        relation.known_as = self.catalog.known_as(entry).map(Box::new);
        Known { relation, entry: Some(entry) }
    }

    /// The relation behind a composite type.
    pub(crate) fn composite(&self, name: &Name) -> Known<'a> {
        let mut known = self.known(name, RelationKind::CompositeType);
        if let (None, Some(ty)) = (known.entry, self.catalog.find_type(name)) {
            known.relation.name = ty.name.clone();
            known.relation.target = self.target(ty.created);
        }
        known
    }

    /// Whether what was made then is new to this file or transaction.
    pub(crate) fn target(&self, created: Option<catalog::Created>) -> Target {
        let session = &self.catalog.session;
        let is_new =
            created.is_some_and(|it| it.transaction == session.transaction || it.file == session.file);
        if is_new { Target::New } else { Target::Existing }
    }

    /// Adds a lock on `known` for `action`, without work.
    pub(crate) fn lock(&mut self, action: Action, known: &Known<'_>, role: Role, lock: Lock) {
        self.push(Effect::on(action, known, lock).role(role));
    }

    /// Adds that the statement is certain to fail, with the SQLSTATE and why.
    pub(crate) fn fails(
        &mut self,
        action: Action,
        known: Option<&Known<'_>>,
        because: Reason,
        sqlstate: &'static str,
        detail: impl Into<String>,
    ) {
        let mut effect = Effect::of(action).because(because).harm(Harm::Fails).detail(detail);
        effect.relation = known.map(|it| it.relation.clone());
        effect.sqlstate = Some(sqlstate);
        self.push(effect);
    }
}

impl Effect {
    /// An effect that concerns no relation.
    pub(crate) fn of(action: Action) -> Self {
        Self {
            action,
            because: None,
            relation: None,
            role: Role::Subject,
            lock: None,
            work: WorkSet::NONE,
            harms: HarmSet::NONE,
            manners: MannerSet::NONE,
            object: None,
            detail: None,
            sqlstate: None,
            key: None,
        }
    }

    /// Code is run whose statements cannot be seen, and why or what.
    pub(crate) fn unseen(action: Action, detail: &str) -> Self {
        Self::of(action).because(Reason::Dynamic).detail(detail)
    }

    /// A lock on a relation.
    pub(crate) fn on(action: Action, known: &Known<'_>, lock: Lock) -> Self {
        Self { relation: Some(known.relation.clone()), lock: Some(lock), ..Self::of(action) }
    }

    pub(crate) fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    pub(crate) fn work(mut self, work: &[Work]) -> Self {
        self.work = work.iter().fold(self.work, |set, it| set.with(*it));
        self
    }

    pub(crate) fn key(mut self, key: IndexKey) -> Self {
        self.key = Some(Box::new(key));
        self
    }

    pub(crate) fn because(mut self, reason: Reason) -> Self {
        self.because = Some(reason);
        self
    }

    pub(crate) fn harm(mut self, harm: Harm) -> Self {
        self.harms = self.harms.with(harm);
        self
    }

    pub(crate) fn manner_if(mut self, condition: bool, manner: Manner) -> Self {
        self.manners = self.manners.with_if(condition, manner);
        self
    }

    pub(crate) fn object(mut self, object: impl Into<Ident>) -> Self {
        self.object = Some(object.into());
        self
    }

    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}
