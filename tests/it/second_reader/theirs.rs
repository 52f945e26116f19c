//! The facts of a statement as `sqlparser` reads it. `None` for what it cannot tell or tells too loosely.

use std::ops::ControlFlow;

use sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, ColumnDef, ColumnOption,
    ConstraintCharacteristics, CreateIndex, CreateTable, DataType, DeferrableInitial, Delete, Expr,
    FromTable, Function, Ident, IndexColumn, Insert, ObjectName, ObjectNamePart, OnConflictAction, OnInsert,
    Query, ReferentialAction, RenameTableNameKind, SetExpr, Statement, TableConstraint, TableFactor,
    TableObject, Update, Visit, Visitor,
};

use super::Facts;

/// The facts of a statement, and the names of its common table expressions, wherever they are in scope.
pub(super) fn facts(statement: &Statement) -> Option<(Facts, Vec<String>)> {
    let mut facts = Facts::default();
    facts.theirs(statement)?;
    let mut found = Found::default();
    let _ = statement.visit(&mut found);
    // It takes `ONLY t` for a relation of that name.
    if found.unclear || found.relations.iter().any(|it| it == "only") {
        return None;
    }
    facts.relations = found.relations;
    facts.functions = found.functions;
    // It takes `LIST (c)` for a call, and our statement does not keep what a partition's key or bound calls.
    if let Statement::CreateTable(it) = statement
        && (it.partition_by.is_some() || it.for_values.is_some())
    {
        facts.functions.retain(|it| !matches!(it.as_str(), "list" | "hash" | "range"));
        if !facts.functions.is_empty() {
            return None;
        }
    }
    Some((facts, found.ctes))
}

/// What it takes for calls of functions, though they are part of the grammar.
const SPECIAL_FORMS: &[&str] = &[
    "all",
    "array",
    "coalesce",
    "cube",
    "greatest",
    "grouping",
    "json_array",
    "json_arrayagg",
    "json_object",
    "json_objectagg",
    "least",
    "nullif",
    "rollup",
    "row",
    "values",
    "xmlconcat",
    "xmlforest",
    "xmlparse",
];

/// What a walk over the whole statement finds.
#[derive(Default)]
struct Found {
    relations: Vec<String>,
    functions: Vec<String>,
    ctes: Vec<String>,
    unclear: bool,
}

impl Visitor for Found {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.ctes.extend(query.with.iter().flat_map(|it| &it.cte_tables).map(|it| folded(&it.alias.name)));
        self.unclear |= matches!(*query.body, SetExpr::Merge(_) | SetExpr::Table(_));
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, args: None, .. } => self.relations.extend(object(name)),
            TableFactor::Table { name, .. } | TableFactor::Function { name, .. } => self.function(name),
            TableFactor::Derived { .. }
            | TableFactor::NestedJoin { .. }
            | TableFactor::TableFunction { .. }
            | TableFactor::UNNEST { .. } => {
                self.unclear |=
                    matches!(factor, TableFactor::UNNEST { .. } | TableFactor::TableFunction { .. });
            }
            _ => self.unclear = true,
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(Function { name, .. }) => self.function(name),
            Expr::Extract { .. } => self.functions.push("extract".to_owned()),
            Expr::Position { .. } => self.functions.push("position".to_owned()),
            Expr::Overlay { .. } => self.functions.push("overlay".to_owned()),
            Expr::AtTimeZone { .. } => self.functions.push("timezone".to_owned()),
            Expr::Identifier(it) if folded(it) == "current_schema" => {
                self.functions.push("current_schema".to_owned());
            }
            // These stand for more than one function.
            Expr::Trim { .. } | Expr::Ceil { .. } | Expr::Floor { .. } | Expr::Substring { .. } => {
                self.unclear = true;
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        if let Statement::Insert(it) = statement
            && let TableObject::TableName(name) = &it.table
        {
            self.relations.extend(object(name));
        }
        ControlFlow::Continue(())
    }
}

impl Found {
    fn function(&mut self, name: &ObjectName) {
        let Some(name) = object(name) else {
            self.unclear = true;
            return;
        };
        let name = name.strip_prefix("pg_catalog.").unwrap_or(&name);
        if !SPECIAL_FORMS.contains(&name) {
            self.functions.push(name.to_owned());
        }
    }
}

fn folded(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.replace("\"\"", "\"") } else { ident.value.to_lowercase() }
}

/// A name of at most two parts.
fn object(name: &ObjectName) -> Option<String> {
    let parts: Option<Vec<String>> = name
        .0
        .iter()
        .map(|it| match it {
            ObjectNamePart::Identifier(it) => Some(folded(it)),
            ObjectNamePart::Function(_) => None,
        })
        .collect();
    parts.filter(|it| it.len() <= 2).map(|it| it.join("."))
}

/// The column of `column.field`.
fn column(name: &ObjectName) -> Option<String> {
    match name.0.first()? {
        ObjectNamePart::Identifier(it) => Some(folded(it)),
        ObjectNamePart::Function(_) => None,
    }
}

fn list(columns: &[Ident]) -> String {
    columns.iter().map(folded).collect::<Vec<_>>().join(",")
}

fn index_columns(columns: &[IndexColumn]) -> String {
    let name = |it: &IndexColumn| plain(&it.column.expr).unwrap_or_else(|| "expression".to_owned());
    columns.iter().map(name).collect::<Vec<_>>().join(",")
}

fn plain(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(it) => Some(folded(it)),
        Expr::Nested(it) => plain(it),
        Expr::Collate { expr, .. } => plain(expr),
        _ => None,
    }
}

/// The internal name of a type, from the way that the second reader prints it.
fn type_text(ty: &DataType) -> Option<String> {
    if matches!(ty, DataType::Unspecified) {
        return Some(String::new());
    }
    let text = ty.to_string();
    if text.contains('"') {
        return None;
    }
    let mut text = text.to_lowercase();
    let mut dimensions = String::new();
    while let Some(start) = text.rfind('[').filter(|_| text.ends_with(']')) {
        text.truncate(start);
        dimensions += "[]";
    }
    let (base, modifiers) = match text.split_once('(') {
        Some((base, rest)) => {
            let (inside, after) = rest.split_once(')')?;
            (format!("{}{after}", base.trim_end()), inside.replace(' ', ""))
        }
        None => (text, String::new()),
    };
    let (name, default) = match base.as_str() {
        "int" | "integer" => ("int4", ""),
        "bigint" => ("int8", ""),
        "smallint" => ("int2", ""),
        "boolean" => ("bool", ""),
        "real" => ("float4", ""),
        "double precision" => ("float8", ""),
        "decimal" | "dec" => ("numeric", ""),
        "char" | "character" => ("bpchar", "1"),
        "character varying" | "char varying" => ("varchar", ""),
        "bit" => ("bit", "1"),
        "bit varying" => ("varbit", ""),
        "timestamp with time zone" => ("timestamptz", ""),
        "timestamp without time zone" => ("timestamp", ""),
        "time with time zone" => ("timetz", ""),
        "time without time zone" => ("time", ""),
        "serial8" => ("bigserial", ""),
        "serial4" => ("serial", ""),
        "serial2" => ("smallserial", ""),
        "float" | "interval" => return None,
        other if other.starts_with("interval") || other.contains(' ') => return None,
        other => (other, ""),
    };
    let name = name.strip_prefix("pg_catalog.").unwrap_or(name);
    if modifiers.bytes().any(|it| it.is_ascii_alphabetic()) {
        return None;
    }
    let modifiers = if modifiers.is_empty() { default.to_owned() } else { modifiers };
    let modifiers = if modifiers.is_empty() { modifiers } else { format!("({modifiers})") };
    Some(format!("{name}{modifiers}{dimensions}"))
}

impl Facts {
    fn theirs(&mut self, statement: &Statement) -> Option<()> {
        match statement {
            Statement::CreateTable(it) => self.their_table(it)?,
            Statement::CreateIndex(it) => self.their_index(it)?,
            Statement::CreateView(it) => {
                let kind = if it.materialized { "create-materialized-view" } else { "create-view" };
                self.say(format!("{kind} {}", object(&it.name)?));
            }
            Statement::AlterTable(it) => self.their_alter(it)?,
            Statement::Drop { object_type, if_exists, names, cascade, .. } => {
                let kind = object_type.to_string().to_lowercase();
                self.say(format!("drop {}", if kind == "user" { "role" } else { &kind }));
                for name in names {
                    self.say(format!("name {}", object(name)?));
                }
                self.flag(*if_exists, "if-exists");
                self.flag(*cascade, "cascade");
            }
            Statement::Truncate(it) => {
                self.say("truncate");
                for table in &it.table_names {
                    self.say(format!(
                        "table {} {}",
                        object(&table.name)?,
                        if table.only { "only" } else { "" }
                    ));
                }
                self.flag(it.cascade == Some(sqlparser::ast::CascadeOption::Cascade), "cascade");
                self.flag(
                    it.identity == Some(sqlparser::ast::TruncateIdentityOption::Restart),
                    "restart-identity",
                );
            }
            Statement::Query(it) => self.their_query(it)?,
            Statement::Insert(it) => self.their_insert(it)?,
            Statement::Update(it) => self.their_update(it)?,
            Statement::Delete(it) => self.their_delete(it)?,
            _ => return None,
        }
        Some(())
    }

    /// A query, or what follows a WITH clause.
    fn their_query(&mut self, query: &Query) -> Option<()> {
        match &*query.body {
            SetExpr::Insert(Statement::Insert(_))
            | SetExpr::Update(Statement::Update(_))
            | SetExpr::Delete(Statement::Delete(_)) => None,
            SetExpr::Select(it) if it.into.is_some() => None,
            _ => {
                self.say("select");
                Some(())
            }
        }
    }

    fn their_table(&mut self, table: &CreateTable) -> Option<()> {
        if table.query.is_some() {
            self.say(format!("create-table-as {}", object(&table.name)?));
            self.flag(table.temporary, "temporary");
            self.flag(table.unlogged, "unlogged");
            self.flag(table.if_not_exists, "if-not-exists");
            return Some(());
        }
        if table.like.is_some() || (table.partition_of.is_some() && !table.columns.is_empty()) {
            return None;
        }
        self.say(format!("create-table {}", object(&table.name)?));
        self.flag(table.temporary, "temporary");
        self.flag(table.unlogged, "unlogged");
        self.flag(table.if_not_exists, "if-not-exists");
        for column in &table.columns {
            self.their_column(column)?;
        }
        for constraint in &table.constraints {
            self.their_constraint(constraint, false)?;
        }
        for parent in table.inherits.iter().flatten() {
            self.say(format!("inherits {}", object(parent)?));
        }
        if let Some(parent) = &table.partition_of {
            self.say(format!("partition-of {}", object(parent)?));
        }
        self.flag(table.partition_by.is_some(), "partitioned");
        Some(())
    }

    fn their_column(&mut self, column: &ColumnDef) -> Option<()> {
        // It takes `LIKE t` among the columns for a column of type `t`.
        if folded(&column.name) == "like" {
            return None;
        }
        self.say(format!("column {} {}", folded(&column.name), type_text(&column.data_type)?));
        for option in &column.options {
            let mut name = option.name.as_ref();
            let line = match &option.option {
                ColumnOption::Null => "null".to_owned(),
                ColumnOption::NotNull => "not-null".to_owned(),
                ColumnOption::Default(_) => "default".to_owned(),
                ColumnOption::PrimaryKey(it) => {
                    name = name.or(it.name.as_ref());
                    format!("primary-key{}", characteristics(it.characteristics.as_ref()))
                }
                ColumnOption::Unique(it) => {
                    name = name.or(it.name.as_ref());
                    format!("unique{}", characteristics(it.characteristics.as_ref()))
                }
                ColumnOption::Check(it) => {
                    name = name.or(it.name.as_ref());
                    let enforced = if it.enforced == Some(false) { " not-enforced" } else { "" };
                    format!("check{enforced}{}", if it.no_inherit { " no-inherit" } else { "" })
                }
                ColumnOption::ForeignKey(it) => {
                    name = name.or(it.name.as_ref());
                    let actions = actions(it.on_delete.as_ref(), it.on_update.as_ref());
                    let options = characteristics(it.characteristics.as_ref());
                    format!(
                        "references {} ({}){actions}{options}",
                        object(&it.foreign_table)?,
                        list(&it.referred_columns)
                    )
                }
                ColumnOption::Generated { generation_expr, .. } => {
                    if generation_expr.is_some() { "generated" } else { "identity" }.to_owned()
                }
                ColumnOption::Collation(_) => continue,
                _ => return None,
            };
            self.say(format!("  {} {line}", name.map_or_else(|| "_".to_owned(), folded)));
        }
        Some(())
    }

    fn their_constraint(&mut self, constraint: &TableConstraint, not_valid: bool) -> Option<()> {
        let (name, line, tail) = match constraint {
            TableConstraint::Unique(it) => (
                &it.name,
                format!("unique ({})", index_columns(&it.columns)),
                characteristics(it.characteristics.as_ref()),
            ),
            TableConstraint::PrimaryKey(it) => (
                &it.name,
                format!("primary-key ({})", index_columns(&it.columns)),
                characteristics(it.characteristics.as_ref()),
            ),
            TableConstraint::ForeignKey(it) => {
                let actions = actions(it.on_delete.as_ref(), it.on_update.as_ref());
                let (from, to) = (list(&it.columns), list(&it.referred_columns));
                let line = format!("references ({from}) {} ({to}){actions}", object(&it.foreign_table)?);
                (&it.name, line, characteristics(it.characteristics.as_ref()))
            }
            TableConstraint::Check(it) => {
                let enforced = if it.enforced == Some(false) { " not-enforced" } else { "" };
                (
                    &it.name,
                    "check".to_owned(),
                    format!("{enforced}{}", if it.no_inherit { " no-inherit" } else { "" }),
                )
            }
            TableConstraint::PrimaryKeyUsingIndex(it) => {
                let line = format!("primary-key using {}", folded(&it.index_name));
                (&it.name, line, characteristics(it.characteristics.as_ref()))
            }
            TableConstraint::UniqueUsingIndex(it) => {
                let line = format!("unique using {}", folded(&it.index_name));
                (&it.name, line, characteristics(it.characteristics.as_ref()))
            }
            TableConstraint::Exclude(_)
            | TableConstraint::Index(_)
            | TableConstraint::FulltextOrSpatial(_) => {
                return None;
            }
        };
        let name = name.as_ref().map_or_else(|| "_".to_owned(), folded);
        self.say(format!("constraint {name} {line}{}{tail}", if not_valid { " not-valid" } else { "" }));
        Some(())
    }

    fn their_index(&mut self, index: &CreateIndex) -> Option<()> {
        let name = match &index.name {
            Some(name) => object(name)?,
            None => String::new(),
        };
        let method =
            index.using.as_ref().map_or_else(|| "btree".to_owned(), |it| it.to_string().to_lowercase());
        self.say(format!("create-index {name} on {} using {method}", object(&index.table_name)?));
        self.flag(index.unique, "unique");
        self.flag(index.concurrently, "concurrently");
        self.flag(index.if_not_exists, "if-not-exists");
        self.say(format!("columns {} include {}", index_columns(&index.columns), list(&index.include)));
        self.flag(index.predicate.is_some(), "where");
        Some(())
    }

    fn their_alter(&mut self, alter: &AlterTable) -> Option<()> {
        self.say(format!("alter {}", object(&alter.name)?));
        self.flag(alter.only, "only");
        self.flag(alter.if_exists, "if-exists");
        for operation in &alter.operations {
            self.their_operation(operation)?;
        }
        Some(())
    }

    fn their_operation(&mut self, operation: &AlterTableOperation) -> Option<()> {
        use AlterTableOperation as Op;
        let cascades =
            |it: &Option<sqlparser::ast::DropBehavior>| *it == Some(sqlparser::ast::DropBehavior::Cascade);
        match operation {
            Op::AddConstraint { constraint, not_valid } => {
                return self.their_constraint(constraint, *not_valid);
            }
            Op::AddColumn { if_not_exists, column_def, .. } => {
                self.say(format!("add-column {}", if *if_not_exists { "if-not-exists" } else { "" }));
                return self.their_column(column_def);
            }
            Op::DropConstraint { if_exists, name, drop_behavior } => {
                self.say(format!("drop-constraint {} {if_exists} {}", folded(name), cascades(drop_behavior)));
            }
            Op::DropColumn { column_names, if_exists, drop_behavior, .. } => {
                let [column] = column_names.as_slice() else { return None };
                self.say(format!("drop-column {} {if_exists} {}", folded(column), cascades(drop_behavior)));
            }
            Op::RenameColumn { old_column_name, new_column_name } => {
                self.say(format!("rename-column {} {}", folded(old_column_name), folded(new_column_name)));
            }
            Op::RenameConstraint { old_name, new_name } => {
                self.say(format!("rename-constraint {} {}", folded(old_name), folded(new_name)));
            }
            Op::RenameTable { table_name: RenameTableNameKind::To(name) } => {
                self.say(format!("rename {}", object(name)?));
            }
            Op::ValidateConstraint { name } => self.say(format!("validate {}", folded(name))),
            Op::AlterColumn { column_name, op } => self.their_column_operation(&folded(column_name), op)?,
            Op::EnableRowLevelSecurity => self.say("rowsecurity { change: enable }"),
            Op::DisableRowLevelSecurity => self.say("rowsecurity { change: disable }"),
            Op::ForceRowLevelSecurity => self.say("rowsecurity { change: force }"),
            Op::NoForceRowLevelSecurity => self.say("rowsecurity { change: noforce }"),
            Op::EnableTrigger { .. } | Op::EnableAlwaysTrigger { .. } | Op::EnableReplicaTrigger { .. } => {
                self.say("switchtrigger { enable: true }");
            }
            Op::DisableTrigger { .. } => self.say("switchtrigger { enable: false }"),
            Op::EnableRule { .. } | Op::EnableAlwaysRule { .. } | Op::EnableReplicaRule { .. } => {
                self.say("switchrule { enable: true }");
            }
            Op::DisableRule { .. } => self.say("switchrule { enable: false }"),
            Op::SetLogged => self.say("setlogged"),
            Op::SetUnlogged => self.say("setunlogged"),
            Op::OwnerTo { .. } => self.say("ownerto"),
            _ => return None,
        }
        Some(())
    }

    fn their_column_operation(&mut self, column: &str, operation: &AlterColumnOperation) -> Option<()> {
        match operation {
            AlterColumnOperation::SetNotNull => self.say(format!("set-not-null {column}")),
            AlterColumnOperation::DropNotNull => self.say(format!("drop-not-null {column}")),
            AlterColumnOperation::SetDefault { .. } => self.say(format!("set-default {column}")),
            AlterColumnOperation::DropDefault => self.say(format!("drop-default {column}")),
            AlterColumnOperation::SetDataType { data_type, using, .. } => {
                let using = if using.is_some() { "using" } else { "" };
                self.say(format!("set-type {column} {} {using}", type_text(data_type)?));
            }
            AlterColumnOperation::AddGenerated { .. } => self.say(format!("add-identity {column}")),
        }
        Some(())
    }

    fn their_insert(&mut self, insert: &Insert) -> Option<()> {
        let TableObject::TableName(table) = &insert.table else { return None };
        let columns: Option<Vec<String>> = insert.columns.iter().map(column).collect();
        self.say(format!("insert {} ({})", object(table)?, columns?.join(",")));
        match &insert.on {
            None => {}
            Some(OnInsert::OnConflict(it)) => {
                self.say("on-conflict");
                self.flag(matches!(it.action, OnConflictAction::DoUpdate(_)), "updates-on-conflict");
            }
            Some(_) => return None,
        }
        match insert.source.as_ref().map(|it| &*it.body) {
            None => self.say("rows 1"),
            Some(SetExpr::Values(it)) => self.say(format!("rows {}", it.rows.len())),
            Some(_) => {}
        }
        Some(())
    }

    fn their_update(&mut self, update: &Update) -> Option<()> {
        let TableFactor::Table { name, .. } = &update.table.relation else { return None };
        let mut columns = Vec::new();
        for assignment in &update.assignments {
            match &assignment.target {
                sqlparser::ast::AssignmentTarget::ColumnName(it) => columns.push(column(it)?),
                sqlparser::ast::AssignmentTarget::Tuple(_) => return None,
            }
        }
        self.say(format!("update {} ({})", object(name)?, columns.join(",")));
        self.flag(update.selection.is_some(), "where");
        Some(())
    }

    fn their_delete(&mut self, delete: &Delete) -> Option<()> {
        let FromTable::WithFromKeyword(tables) = &delete.from else { return None };
        let [table] = tables.as_slice() else { return None };
        let TableFactor::Table { name, .. } = &table.relation else { return None };
        self.say(format!("delete {}", object(name)?));
        self.flag(delete.selection.is_some(), "where");
        Some(())
    }
}

fn characteristics(it: Option<&ConstraintCharacteristics>) -> String {
    let Some(it) = it else { return String::new() };
    let mut text = String::new();
    if it.enforced == Some(false) {
        text += " not-enforced";
    }
    if it.deferrable == Some(true) || it.initially == Some(DeferrableInitial::Deferred) {
        text += " deferrable";
    }
    text
}

fn actions(on_delete: Option<&ReferentialAction>, on_update: Option<&ReferentialAction>) -> String {
    let text = |it: Option<&ReferentialAction>| match it {
        None | Some(ReferentialAction::NoAction) => "noaction",
        Some(ReferentialAction::Restrict) => "restrict",
        Some(ReferentialAction::Cascade) => "cascade",
        Some(ReferentialAction::SetNull) => "setnull",
        Some(ReferentialAction::SetDefault) => "setdefault",
    };
    format!(" {} {}", text(on_delete), text(on_update))
}
