//! The relations that are reached from a relation: its indexes, its partitions, what its foreign keys refer to and what refers to it.

use rustc_hash::FxHashSet;

use super::{Effects, Known};
use crate::{
    catalog::{ConstraintKind, Oid},
    sql::statement::RelationKind,
};

impl<'a> Effects<'a> {
    /// The relations of these numbers.
    pub(crate) fn all(&self, oids: &[Oid]) -> Vec<Known<'a>> {
        oids.iter().filter_map(|oid| self.catalog.relation(*oid)).map(|it| self.entry(it)).collect()
    }

    /// The indexes of `known`.
    pub(crate) fn indexes(&self, known: &Known<'a>) -> Vec<Known<'a>> {
        known.entry.map_or_else(Vec::new, |it| self.all(&it.indexes))
    }

    /// The parents of `known`: its partitioned table, or the tables that it inherits from.
    pub(crate) fn parents(&self, known: &Known<'a>) -> Vec<Known<'a>> {
        known.entry.map_or_else(Vec::new, |it| self.all(&it.parents))
    }

    /// The partitions or inheritance children of `known`, and theirs, in depth-first order.
    pub(crate) fn descendants(&self, known: &Known<'a>) -> Vec<Known<'a>> {
        let mut found = Vec::new();
        // A table with two parents of the same family is reached twice.
        let mut seen = FxHashSet::default();
        let mut waiting: Vec<Oid> =
            known.entry.map_or_else(Vec::new, |it| it.children.iter().rev().copied().collect());
        while let Some(oid) = waiting.pop() {
            let Some(entry) = self.catalog.relation(oid).filter(|_| seen.insert(oid)) else { continue };
            found.push(self.entry(entry));
            waiting.extend(entry.children.iter().rev());
        }
        found
    }

    /// The partitions of `known`, and theirs; none for a table with inheritance children.
    pub(crate) fn partitions(&self, known: &Known<'a>) -> Vec<Known<'a>> {
        let is_partitioned = known.relation.kind == RelationKind::PartitionedTable;
        if is_partitioned { self.descendants(known) } else { Vec::new() }
    }

    /// The tables that foreign keys of `known` refer to, itself left out, each once.
    pub(crate) fn referenced(&self, known: &Known<'a>) -> Vec<Known<'a>> {
        let Some(entry) = known.entry else { return Vec::new() };
        let mut oids = Vec::new();
        for constraint in &entry.constraints {
            if let ConstraintKind::ForeignKey { referenced, .. } = constraint.kind
                && referenced != entry.oid
                && !oids.contains(&referenced)
            {
                oids.push(referenced);
            }
        }
        self.all(&oids)
    }

    /// The tables whose foreign keys refer to `known`, itself left out, each once.
    pub(crate) fn referencing(&self, known: &Known<'a>) -> Vec<Known<'a>> {
        let Some(entry) = known.entry else { return Vec::new() };
        let oids: Vec<Oid> = entry.referenced_by.iter().copied().filter(|it| *it != entry.oid).collect();
        self.all(&oids)
    }

    /// The DEFAULT partition of a partitioned table.
    pub(crate) fn default_partition(&self, known: &Known<'a>) -> Option<Known<'a>> {
        use crate::sql::statement::PartitionBound;
        let children = self.all(&known.entry?.children);
        children.into_iter().find(|it| it.entry.is_some_and(|it| it.bound == Some(PartitionBound::Default)))
    }
}
