//! Which tables certainly have no rows: those that the history made or emptied a moment ago, and did not fill.

use crate::{
    catalog::{Catalog, Relation},
    sql::statement::{Name, RelationKind, RelationRef, Statement},
};

impl Catalog {
    /// Whether a table has no rows: this file made it, or this transaction emptied it, and nothing seen filled it.
    ///
    /// What an earlier file made may have been filled by the application, and so may what was emptied once its lock is gone.
    pub fn is_empty(&self, table: &Relation) -> bool {
        let Some(since) = table.empty_since else { return false };
        let is_of_file = table.created.or(table.presumed) == Some(since) && since.file == self.session.file;
        (is_of_file || since.transaction == self.session.transaction)
            && table.children.iter().filter_map(|it| self.relation(*it)).all(|it| self.is_empty(it))
    }

    /// Takes note of rows that come.
    pub(super) fn fill(&mut self, statement: &Statement) {
        let table: Option<&Name> = match statement {
            Statement::Insert(insert) => Some(&insert.table),
            Statement::Merge(merge) if merge.inserts => Some(&merge.table.name),
            Statement::Copy { table, from: true, .. } => table.as_ref(),
            _ => None,
        };
        let Some(table) = table.and_then(|it| self.find(it)) else { return };
        // A row of a partitioned table is one of a partition.
        let mut filled = vec![table.oid];
        while let Some(oid) = filled.pop() {
            let Some(relation) = self.relation(oid) else { continue };
            filled.extend(&relation.children);
            if relation.empty_since.is_some() {
                self.change(oid, |it| it.empty_since = None);
            }
        }
    }

    /// TRUNCATE, which locks out everyone who could write a row, for as long as its transaction is open.
    pub(super) fn empty(&mut self, tables: &[RelationRef]) {
        if self.session.open.is_none() {
            return;
        }
        let now = self.now();
        for table in tables {
            let oid = self.find_or_hear_of(&table.name, RelationKind::Table);
            self.change(oid, |it| it.empty_since = Some(now));
        }
    }
}
