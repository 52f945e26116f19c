//! Views: what they read, in both directions.

use crate::{
    catalog::{Catalog, Oid, Relation},
    sql::statement::{CreateView, Ident, Persistence, Query, RelationKind},
};

impl Catalog {
    pub(super) fn create_view(&mut self, create: &CreateView) {
        let persistence = if create.temporary { Persistence::Temporary } else { Persistence::Permanent };
        let name = self.new_name(&create.name, persistence);
        let may_be_there = create.or_replace && !self.is_free(&name);
        let replaced =
            self.find(&name).filter(|it| create.or_replace && it.kind == RelationKind::View).map(|it| it.oid);
        let oid = if let Some(oid) = replaced {
            oid
        } else {
            let relation = self.new_relation(name, RelationKind::View, persistence);
            let oid = relation.oid;
            // Its columns would take an evaluation of the query, and with OR REPLACE it may have been there.
            let created = relation.created.filter(|_| !may_be_there);
            self.put(Relation { complete: false, created, ..relation });
            oid
        };
        self.set_reads(oid, &create.query);
    }

    /// Drops the views that read a column. One that reads a column of this name from elsewhere is taken for one of them.
    pub(super) fn drop_views_of(&mut self, table: Oid, column: &Ident) {
        let readers = self.relation(table).map(|it| it.read_by.clone()).unwrap_or_default();
        for view in readers {
            if self.relation(view).is_some_and(|it| it.reads_columns.contains(column)) {
                self.drop_relation(view);
            }
        }
    }

    /// Says what a view reads, in the place of what it read before.
    pub(super) fn set_reads(&mut self, view: Oid, query: &Query) {
        let before = self.relation(view).map(|it| it.reads.clone()).unwrap_or_default();
        for read in before {
            self.change(read, |it| it.read_by.retain(|it| *it != view));
        }
        let mut reads: Vec<Oid> = Vec::new();
        for read in &query.relations {
            let oid = self.find_or_hear_of(&read.name, RelationKind::Table);
            if oid != view && !reads.contains(&oid) {
                reads.push(oid);
            }
        }
        let mut columns = query.columns.clone();
        for read in &reads {
            if query.has_star
                && let Some(relation) = self.relation(*read)
            {
                columns.extend(relation.columns.iter().map(|it| it.name.clone()));
            }
            self.change(*read, |it| it.read_by.push(view));
        }
        self.change(view, |it| {
            it.reads = reads;
            it.reads_columns = columns;
            it.names_columns.clone_from(&query.columns);
        });
    }
}
