//! A schema as people have them: a few tables, some partitioned or inherited, with rows, indexes, constraints and foreign keys.

use super::dice::Dice;

/// A type of a column.
#[derive(Clone, Copy)]
pub(super) struct Type {
    pub(super) name: &'static str,
    /// The value in row `g`, different in each row where the type has enough of them.
    pub(super) value: &'static str,
    /// A value that any row may have.
    pub(super) constant: &'static str,
    /// A value that is computed for each row.
    pub(super) volatile: &'static str,
    /// A condition that every value fulfils, of the column `?`.
    pub(super) holds: &'static str,
    /// Types that all values can be given.
    pub(super) others: &'static [&'static str],
    /// Whether each row has a value of its own.
    pub(super) is_unique: bool,
}

const fn number(name: &'static str, others: &'static [&'static str]) -> Type {
    Type {
        name,
        value: "g",
        constant: "7",
        volatile: "(1 + random())::int",
        holds: "? > 0",
        others,
        is_unique: true,
    }
}

const fn text(name: &'static str, others: &'static [&'static str]) -> Type {
    Type {
        name,
        value: "'v' || g",
        constant: "'w'",
        volatile: "'r' || (random() * 9)::int",
        holds: "? <> ''",
        others,
        is_unique: true,
    }
}

const fn time(name: &'static str, others: &'static [&'static str]) -> Type {
    Type {
        name,
        value: "timestamptz '2026-01-01 00:00+00' + g * interval '1 day'",
        constant: "now()",
        volatile: "clock_timestamp()",
        holds: "? > '2000-01-01'",
        others,
        is_unique: true,
    }
}

pub(super) const TYPES: [Type; 10] = [
    number("int", &["int", "bigint", "numeric", "numeric(9,2)", "posint", "smallint", "text"]),
    number("bigint", &["bigint", "int", "numeric"]),
    number("numeric(8,2)", &["numeric(8,2)", "numeric(12,2)", "numeric", "numeric(12,3)", "int"]),
    number("posint", &["posint", "int", "bigint"]),
    text("text", &["text", "varchar", "varchar(30)", "text COLLATE \"C\""]),
    text("varchar(10)", &["varchar(10)", "varchar(20)", "varchar", "text", "varchar(8)", "char(10)"]),
    text("char(6)", &["char(6)", "char(9)", "text"]),
    time("timestamp", &["timestamp", "timestamptz", "timestamp(6)", "timestamp(3)", "date"]),
    time("timestamptz", &["timestamptz", "timestamp", "timestamptz(0)"]),
    Type {
        name: "boolean",
        value: "g % 2 = 0",
        constant: "true",
        volatile: "random() > 2",
        holds: "? IS NOT NULL",
        others: &["boolean", "text"],
        is_unique: false,
    },
];

/// How a table stores its rows.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Plain,
    Partitioned,
    Inherited,
}

pub(super) struct Column {
    pub(super) name: String,
    pub(super) of: Type,
}

pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) columns: Vec<Column>,
    /// Names of constraints, and whether one can be validated.
    pub(super) constraints: Vec<(String, bool)>,
    pub(super) indexes: Vec<String>,
}

/// What is there before a statement, and the statements that made it.
pub(super) struct Schema {
    pub(super) tables: Vec<Table>,
    pub(super) setup: Vec<String>,
}

impl Schema {
    pub(super) fn new(dice: &mut Dice) -> Self {
        let setup = vec!["CREATE DOMAIN posint AS int CHECK (value > 0);".to_owned()];
        let mut schema = Self { tables: Vec::new(), setup };
        for name in ["users", "orders", "notes"] {
            schema.add_table(dice, name);
        }
        if dice.chance(80) {
            schema.add_reference(dice, 1, 0);
        }
        if dice.chance(40) {
            schema.add_reference(dice, 2, 1);
        }
        if dice.chance(20) {
            schema.add_reference(dice, 2, 2);
        }
        schema
    }

    fn add_table(&mut self, dice: &mut Dice, name: &'static str) {
        let kind = *dice.pick(&[Kind::Plain, Kind::Plain, Kind::Plain, Kind::Partitioned, Kind::Inherited]);
        let column = |n| Column { name: format!("c{n}"), of: *dice.pick(&TYPES) };
        let mut columns: Vec<Column> = (0..4).map(column).collect();
        let listed: Vec<String> = columns
            .iter()
            .map(|it| {
                let default =
                    if dice.chance(20) { format!(" DEFAULT {}", it.of.constant) } else { String::new() };
                format!("{} {}{default}{}", it.name, it.of.name, dice.maybe(25, " NOT NULL"))
            })
            .collect();
        let partitioned = if kind == Kind::Partitioned { " PARTITION BY RANGE (id)" } else { "" };
        self.setup.push(format!(
            "CREATE TABLE {name} (id bigint PRIMARY KEY, ref bigint, {}){partitioned};",
            listed.join(", ")
        ));
        self.add_children(dice, name, kind);
        let values: Vec<&str> = columns.iter().map(|it| it.of.value).collect();
        let rows = |table: &str, range: &str| {
            let names: Vec<&str> = columns.iter().map(|it| it.name.as_str()).collect();
            let (names, values) = (names.join(", "), values.join(", "));
            format!(
                "INSERT INTO {table} (id, ref, {names}) SELECT g, g % 50 + 1, {values} FROM generate_series({range}) g;"
            )
        };
        self.setup.push(rows(name, "1, 60"));
        if kind == Kind::Inherited {
            self.setup.push(rows(&format!("{name}_child"), "61, 80"));
        }
        let of = Type { value: "g % 50 + 1", is_unique: false, ..TYPES[1] };
        columns.push(Column { name: "ref".to_owned(), of });
        let mut table = Table { name, kind, columns, constraints: Vec::new(), indexes: Vec::new() };
        for n in 0..dice.below(4) {
            self.add_index(dice, &mut table, n);
        }
        for n in 0..dice.below(3) {
            self.add_check(dice, &mut table, n);
        }
        self.tables.push(table);
    }

    fn add_children(&mut self, dice: &mut Dice, name: &str, kind: Kind) {
        match kind {
            Kind::Plain => {}
            Kind::Inherited => {
                self.setup.push(format!("CREATE TABLE {name}_child (extra int) INHERITS ({name});"));
            }
            Kind::Partitioned => {
                self.setup
                    .push(format!("CREATE TABLE {name}_1 PARTITION OF {name} FOR VALUES FROM (0) TO (40);"));
                let is_deep = dice.chance(40);
                let deeper = if is_deep { " PARTITION BY RANGE (id)" } else { "" };
                self.setup.push(format!("CREATE TABLE {name}_rest PARTITION OF {name} DEFAULT{deeper};"));
                if is_deep {
                    self.setup.push(format!("CREATE TABLE {name}_deep PARTITION OF {name}_rest DEFAULT;"));
                }
            }
        }
    }

    fn add_index(&mut self, dice: &mut Dice, table: &mut Table, n: usize) {
        let column = dice.pick(&table.columns);
        let name = format!("{}_i{n}", table.name);
        let can_be_unique = column.of.is_unique && table.kind != Kind::Partitioned;
        let unique = if can_be_unique { dice.maybe(30, "UNIQUE ") } else { "" };
        let (of, owner) = (&column.name, table.name);
        let what = match dice.below(4) {
            0 => format!("{owner} ({of}, id)"),
            1 => format!("{owner} ({of}) WHERE {of} IS NOT NULL"),
            2 => format!("{owner} ((id + 1)) INCLUDE ({of})"),
            _ => format!("{owner} ({of})"),
        };
        self.setup.push(format!("CREATE {unique}INDEX {name} ON {what};"));
        table.indexes.push(name);
    }

    fn add_check(&mut self, dice: &mut Dice, table: &mut Table, n: usize) {
        let column = dice.pick(&table.columns);
        let condition = if dice.chance(50) { "? IS NOT NULL" } else { column.of.holds };
        let condition = condition.replace('?', &column.name);
        let name = format!("{}_k{n}", table.name);
        let not_valid = dice.maybe(40, " NOT VALID");
        self.setup.push(format!(
            "ALTER TABLE {} ADD CONSTRAINT {name} CHECK ({condition}){not_valid};",
            table.name
        ));
        table.constraints.push((name, true));
    }

    fn add_reference(&mut self, dice: &mut Dice, from: usize, to: usize) {
        let (referring, referred) = (&self.tables[from], &self.tables[to]);
        // A partitioned table cannot have one that is NOT VALID before PostgreSQL 18.
        let not_valid = if referring.kind == Kind::Partitioned { "" } else { dice.maybe(40, " NOT VALID") };
        let name = format!("{}_{}_fk", referring.name, referred.name);
        let action = dice.pick(&["", " ON DELETE CASCADE", " ON UPDATE CASCADE ON DELETE SET NULL"]);
        self.setup.push(format!(
            "ALTER TABLE {} ADD CONSTRAINT {name} FOREIGN KEY (ref) REFERENCES {}{action}{not_valid};",
            referring.name, referred.name
        ));
        let can_be_validated = referring.kind != Kind::Partitioned;
        self.tables[from].constraints.push((name, can_be_validated));
    }
}
