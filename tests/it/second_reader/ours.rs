//! The facts of our own statement.

use lockkeeper::sql::Statement;
use lockkeeper::sql::statement::{
    AlterAction, ColumnConstraint, ColumnConstraintKind, ColumnDef, ConstraintOptions, CreateIndex,
    CreateTable, Expr, KeyActions, Persistence, Query, RelationKind, TableConstraint, TableConstraintKind,
    TypeName,
};

use super::Facts;

/// The facts of a statement.
pub(super) fn facts(statement: &Statement) -> Facts {
    let mut facts = Facts::default();
    facts.ours(statement);
    facts
}

fn list(columns: &[impl AsRef<str>]) -> String {
    columns.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(",")
}

fn type_text(ty: Option<&TypeName>) -> String {
    ty.map(ToString::to_string).unwrap_or_default()
}

fn persistence(facts: &mut Facts, persistence: Persistence) {
    facts.flag(persistence == Persistence::Temporary, "temporary");
    facts.flag(persistence == Persistence::Unlogged, "unlogged");
}

impl Facts {
    fn ours(&mut self, statement: &Statement) {
        match statement {
            Statement::CreateTable(it) => self.table(it),
            Statement::CreateTableAs(it) => {
                self.say(format!("create-table-as {}", it.name));
                persistence(self, it.persistence);
                self.flag(it.if_not_exists, "if-not-exists");
                self.query(&it.query);
            }
            Statement::CreateView(it) => {
                self.say(format!("create-view {}", it.name));
                self.query(&it.query);
            }
            Statement::CreateMaterializedView(it) => {
                self.say(format!("create-materialized-view {}", it.name));
                self.query(&it.query);
            }
            Statement::CreateIndex(it) => self.index(it),
            Statement::Alter(it) => {
                self.say(format!("alter {}", it.name));
                self.flag(it.only, "only");
                self.flag(it.if_exists, "if-exists");
                for action in &it.actions {
                    self.action(action);
                }
            }
            Statement::DropRelation(it) => {
                let kind = match it.kind {
                    RelationKind::Index => "index",
                    RelationKind::View => "view",
                    RelationKind::MaterializedView => "materialized view",
                    RelationKind::Sequence => "sequence",
                    _ => "table",
                };
                self.dropped(kind, it.names.iter().map(ToString::to_string), it.if_exists, it.cascade);
            }
            Statement::DropObject(it) => {
                let kind = format!("{:?}", it.kind).to_lowercase();
                self.dropped(&kind, it.names.iter().map(ToString::to_string), it.if_exists, it.cascade);
            }
            Statement::Truncate { tables, cascade, restart_identity } => {
                self.say("truncate");
                for table in tables {
                    self.say(format!("table {} {}", table.name, if table.only { "only" } else { "" }));
                }
                self.flag(*cascade, "cascade");
                self.flag(*restart_identity, "restart-identity");
            }
            _ => self.rows(statement),
        }
    }

    fn rows(&mut self, statement: &Statement) {
        match statement {
            Statement::Select(it) => {
                self.say("select");
                self.query(it);
            }
            Statement::Insert(it) => {
                self.relations.push(it.table.to_string());
                self.say(format!("insert {} ({})", it.table, list(&it.columns)));
                self.flag(it.on_conflict, "on-conflict");
                self.flag(it.updates_on_conflict, "updates-on-conflict");
                if let Some(n_rows) = it.n_rows {
                    self.say(format!("rows {n_rows}"));
                }
                self.query(&it.with);
                it.query.iter().for_each(|it| self.query(it));
            }
            Statement::Update(it) => {
                self.relations.push(it.table.name.to_string());
                self.say(format!("update {} ({})", it.table.name, list(&it.columns)));
                self.flag(it.predicate.is_some(), "where");
                self.query(&it.reads);
            }
            Statement::Delete(it) => {
                self.relations.push(it.table.name.to_string());
                self.say(format!("delete {}", it.table.name));
                self.flag(it.predicate.is_some(), "where");
                self.query(&it.reads);
            }
            other => self.say(format!("{:?}", other.kind())),
        }
    }

    fn dropped(&mut self, kind: &str, names: impl Iterator<Item = String>, if_exists: bool, cascade: bool) {
        self.say(format!("drop {kind}"));
        names.for_each(|it| self.say(format!("name {it}")));
        self.flag(if_exists, "if-exists");
        self.flag(cascade, "cascade");
    }

    fn table(&mut self, table: &CreateTable) {
        self.say(format!("create-table {}", table.name));
        persistence(self, table.persistence);
        self.flag(table.if_not_exists, "if-not-exists");
        for column in &table.columns {
            self.column(column);
        }
        for constraint in &table.constraints {
            self.table_constraint(constraint);
        }
        for parent in &table.inherits {
            self.say(format!("inherits {parent}"));
        }
        if let Some(of) = &table.partition_of {
            self.say(format!("partition-of {}", of.parent));
        }
        self.flag(table.partition_by.is_some(), "partitioned");
    }

    fn column(&mut self, column: &ColumnDef) {
        self.say(format!("column {} {}", column.name, type_text(column.ty.as_ref())));
        for constraint in &column.constraints {
            self.column_constraint(constraint);
        }
    }

    fn column_constraint(&mut self, constraint: &ColumnConstraint) {
        let mut line = match &constraint.kind {
            ColumnConstraintKind::Null => "null".to_owned(),
            ColumnConstraintKind::NotNull => "not-null".to_owned(),
            ColumnConstraintKind::Default(it) => {
                self.expr(it);
                "default".to_owned()
            }
            ColumnConstraintKind::Check(it) => {
                self.expr(it);
                "check".to_owned()
            }
            ColumnConstraintKind::Generated { expr, .. } => {
                self.expr(expr);
                "generated".to_owned()
            }
            ColumnConstraintKind::Identity => "identity".to_owned(),
            ColumnConstraintKind::Unique => "unique".to_owned(),
            ColumnConstraintKind::PrimaryKey => "primary-key".to_owned(),
            ColumnConstraintKind::References { table, column, actions } => {
                format!(
                    "references {table} ({}){}",
                    column.as_deref().unwrap_or_default(),
                    key_actions(*actions)
                )
            }
        };
        line += &options(constraint.options);
        self.say(format!("  {} {line}", constraint.name.as_deref().unwrap_or("_")));
    }

    fn table_constraint(&mut self, constraint: &TableConstraint) {
        let mut line = match &constraint.kind {
            TableConstraintKind::Check(it) => {
                self.expr(it);
                "check".to_owned()
            }
            TableConstraintKind::NotNull { column } => format!("not-null {column}"),
            TableConstraintKind::Unique { columns, .. } => format!("unique ({})", list(columns)),
            TableConstraintKind::PrimaryKey { columns, .. } => format!("primary-key ({})", list(columns)),
            TableConstraintKind::UniqueUsingIndex { index } => format!("unique using {index}"),
            TableConstraintKind::PrimaryKeyUsingIndex { index } => format!("primary-key using {index}"),
            TableConstraintKind::Exclude { columns } => format!("exclude ({})", list(columns)),
            TableConstraintKind::ForeignKey { columns, table, referenced_columns, actions } => {
                format!(
                    "references ({}) {table} ({}){}",
                    list(columns),
                    list(referenced_columns),
                    key_actions(*actions)
                )
            }
        };
        line += &options(constraint.options);
        self.say(format!("constraint {} {line}", constraint.name.as_deref().unwrap_or("_")));
    }

    fn index(&mut self, index: &CreateIndex) {
        self.say(format!(
            "create-index {} on {} using {}",
            index.name.as_deref().unwrap_or_default(),
            index.table,
            index.method
        ));
        self.flag(index.unique, "unique");
        self.flag(index.concurrently, "concurrently");
        self.flag(index.if_not_exists, "if-not-exists");
        let columns: Vec<&str> =
            index.columns.iter().map(|it| it.as_deref().unwrap_or("expression")).collect();
        self.say(format!("columns {} include {}", list(&columns), list(&index.include)));
        self.flag(index.predicate.is_some(), "where");
        index.expressions.iter().chain(&index.predicate).for_each(|it| self.expr(it));
    }

    fn action(&mut self, action: &AlterAction) {
        match action {
            AlterAction::AddColumn { column, if_not_exists } => {
                self.say(format!("add-column {}", if *if_not_exists { "if-not-exists" } else { "" }));
                self.column(column);
            }
            AlterAction::DropColumn { column, if_exists, cascade } => {
                self.say(format!("drop-column {column} {if_exists} {cascade}"));
            }
            AlterAction::SetDefault { column, expr } => {
                self.expr(expr);
                self.say(format!("set-default {column}"));
            }
            AlterAction::SetType { column, ty, using, .. } => {
                self.say(format!("set-type {column} {ty} {}", if using.is_some() { "using" } else { "" }));
                if let Some(using) = using {
                    self.expr(using);
                }
            }
            AlterAction::AddConstraint(it) => self.table_constraint(it),
            AlterAction::DropConstraint { name, if_exists, cascade } => {
                self.say(format!("drop-constraint {name} {if_exists} {cascade}"));
            }
            AlterAction::SetNotNull { column } => self.say(format!("set-not-null {column}")),
            AlterAction::DropNotNull { column } => self.say(format!("drop-not-null {column}")),
            AlterAction::DropDefault { column } => self.say(format!("drop-default {column}")),
            AlterAction::AddIdentity { column } => self.say(format!("add-identity {column}")),
            AlterAction::RenameColumn { from, to } => self.say(format!("rename-column {from} {to}")),
            AlterAction::RenameConstraint { from, to } => self.say(format!("rename-constraint {from} {to}")),
            AlterAction::RenameTo { to } => self.say(format!("rename {to}")),
            AlterAction::ValidateConstraint { name } => self.say(format!("validate {name}")),
            other => self.say(format!("{other:?}").to_lowercase()),
        }
    }

    fn expr(&mut self, expr: &Expr) {
        self.relations.extend(expr.relations.iter().map(|it| it.name.to_string()));
        self.functions.extend(expr.functions.iter().map(ToString::to_string));
    }

    fn query(&mut self, query: &Query) {
        self.relations.extend(query.relations.iter().map(|it| it.name.to_string()));
        self.functions.extend(query.functions.iter().map(ToString::to_string));
        for write in &query.writes {
            let mut inner = Self::default();
            inner.ours(write);
            self.relations.extend(inner.relations);
            self.functions.extend(inner.functions);
        }
    }
}

fn key_actions(actions: KeyActions) -> String {
    format!(" {:?} {:?}", actions.on_delete, actions.on_update).to_lowercase()
}

fn options(options: ConstraintOptions) -> String {
    let mut text = String::new();
    for (on, name) in [
        (options.not_valid, " not-valid"),
        (options.not_enforced, " not-enforced"),
        (options.no_inherit, " no-inherit"),
        (options.deferrable, " deferrable"),
    ] {
        if on {
            text += name;
        }
    }
    text
}
