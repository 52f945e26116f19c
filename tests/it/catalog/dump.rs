//! A catalog as sorted lines of text, the same as `server.sql` gives of a server.

use lockkeeper::{
    catalog::{Catalog, Column, Constraint, ConstraintKind, Fill, Relation, ReplicaIdentity, TypeKind},
    sql::statement::{Ident, Persistence, RelationKind, TypeName, Volatility},
};

/// Lines, each with the relation that it is about.
pub(super) fn dump(catalog: &Catalog) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for relation in catalog.relations() {
        relation_lines(catalog, relation, &mut lines);
    }
    for ty in catalog.types() {
        let kind = match &ty.kind {
            TypeKind::Enum { labels, .. } => {
                let mut labels = labels.clone();
                labels.sort();
                format!(" enum {}", labels.join(","))
            }
            TypeKind::Domain { base, constraints, not_null, has_default } => {
                let mut checks: Vec<String> =
                    constraints.iter().map(|it| format!(" {}{}", it.name, flag(!it.valid, "!"))).collect();
                checks.sort();
                let base = type_name(base);
                format!(
                    " domain of {base}{}{}{}",
                    flag(*not_null, " not-null"),
                    flag(*has_default, " default"),
                    checks.concat()
                )
            }
            TypeKind::Composite => " composite".to_owned(),
            TypeKind::Range => " range".to_owned(),
            TypeKind::Base | TypeKind::Unknown => String::new(),
        };
        lines.push((String::new(), format!("type {}{kind}", ty.name)));
    }
    for function in catalog.functions() {
        let volatility = match function.volatility {
            Volatility::Immutable => 'i',
            Volatility::Stable => 's',
            Volatility::Volatile => 'v',
        };
        lines.push((
            String::new(),
            format!("function {}/{} {volatility}", function.name, function.n_arguments),
        ));
    }
    for publication in catalog.publications() {
        let mut tables: Vec<String> =
            publication.tables.iter().map(|it| format!(" {}", catalog.relation(*it).unwrap().name)).collect();
        tables.sort();
        let all = flag(publication.all_tables, " all");
        lines.push((String::new(), format!("publication {}{all}{}", publication.name, tables.concat())));
    }
    lines.sort();
    lines
}

fn relation_lines(catalog: &Catalog, relation: &Relation, lines: &mut Vec<(String, String)>) {
    let name = relation.name.to_string();
    let full = |oid| catalog.relation(oid).unwrap().name.to_string();
    let mut put = |line: String| lines.push((name.clone(), line));
    put(format!("relation {name} {:?}{}", relation.kind, flags(relation)));
    if matches!(
        relation.kind,
        RelationKind::Table | RelationKind::PartitionedTable | RelationKind::ForeignTable
    ) {
        relation.columns.iter().for_each(|it| put(format!("column {name}.{}", column(it))));
    }
    for it in &relation.constraints {
        put(format!("constraint {name}.{}", constraint(catalog, it)));
    }
    for parent in &relation.parents {
        put(format!("parent {name} < {}", full(*parent)));
    }
    if let Some((table, column)) = &relation.owned_by {
        put(format!("owner {name} < {}.{column}", full(*table)));
    }
    for read in &relation.reads {
        put(format!("reads {name} < {}", full(*read)));
    }
    relation.triggers.iter().for_each(|it| put(format!("trigger {name}.{}", it.name)));
    relation.policies.iter().for_each(|it| put(format!("policy {name}.{}", it.name)));
    relation.rules.iter().for_each(|it| put(format!("rule {name}.{it}")));
    if let Some(index) = &relation.index {
        let table = full(index.table);
        let columns: Vec<&str> = index
            .columns
            .iter()
            .map(|it| it.as_ref().map_or("*", Ident::as_str))
            .chain(index.include.iter().map(Ident::as_str))
            .collect();
        let line = format!(
            "index {name} on {table} {}{} ({}) keys={}{}{}{}",
            index.method,
            flag(index.unique, " unique"),
            columns.join(","),
            index.columns.len(),
            flag(index.partial, " partial"),
            flag(!index.valid, " invalid"),
            flag(index.of_constraint, " of-constraint"),
        );
        lines.push((table, line));
    }
}

fn flags(relation: &Relation) -> String {
    let persistence = match relation.persistence {
        Persistence::Permanent => "",
        Persistence::Unlogged => " unlogged",
        Persistence::Temporary => " temporary",
    };
    let identity = match relation.replica_identity {
        None => "",
        Some(ReplicaIdentity::Full) => " identity-full",
        Some(ReplicaIdentity::Nothing) => " identity-nothing",
        Some(ReplicaIdentity::Index(_)) => " identity-index",
    };
    format!(
        "{persistence}{}{}{identity}{}",
        flag(!relation.populated, " unpopulated"),
        flag(relation.row_security, " row-security"),
        flag(relation.is_partition(), " partition"),
    )
}

fn column(column: &Column) -> String {
    let ty = column.ty.as_ref().map_or("?".to_owned(), type_name);
    let not_null = match column.not_null {
        Some(true) => " not-null",
        Some(false) => "",
        None => " ?",
    };
    let fill = match column.fill {
        Fill::Unknown => "?".to_owned(),
        fill => format!("{fill:?}"),
    };
    format!("{} {ty}{not_null} {fill}", column.name)
}

fn constraint(catalog: &Catalog, constraint: &Constraint) -> String {
    let listed = |columns: &[Ident]| {
        let mut columns: Vec<&str> = columns.iter().map(Ident::as_str).collect();
        columns.sort_unstable();
        columns.join(",")
    };
    let by = |index: &Option<_>| match index {
        Some(index) => format!(" by {}", catalog.relation(*index).unwrap().name.name),
        None => String::new(),
    };
    let kind = match &constraint.kind {
        ConstraintKind::Check { columns, .. } => format!("check ({})", listed(columns)),
        ConstraintKind::NotNull { column } => format!("not-null ({column})"),
        ConstraintKind::Unique { index, columns } => format!("unique ({}){}", listed(columns), by(index)),
        ConstraintKind::PrimaryKey { index, columns } => {
            format!("primary-key ({}){}", listed(columns), by(index))
        }
        ConstraintKind::Exclude { index, columns } => format!("exclude ({}){}", listed(columns), by(index)),
        ConstraintKind::ForeignKey { columns, referenced, referenced_columns, .. } => {
            let referenced = &catalog.relation(*referenced).unwrap().name;
            format!("foreign-key ({}) -> {referenced} ({})", listed(columns), listed(referenced_columns))
        }
    };
    format!(
        "{} {kind}{}{}{}",
        constraint.name,
        flag(!constraint.valid, " not-valid"),
        flag(constraint.no_inherit, " no-inherit"),
        flag(constraint.inherited, " inherited"),
    )
}

fn type_name(ty: &TypeName) -> String {
    let name = ty.name.to_string();
    let name = name.strip_prefix("pg_catalog.").unwrap_or(&name);
    format!("{name}{}", flag(ty.array_dimensions > 0, "[]"))
}

fn flag(holds: bool, text: &str) -> &str {
    if holds { text } else { "" }
}
