//! A second reader: `sqlparser` reads every statement of the fixtures and of the rules' pages too, and where it can, the facts that
//! decide locks must be the same. It knows nothing of our parser, so a mistake would have to be made twice to go unseen.

mod ours;
mod theirs;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lockkeeper::sql::parse::parse;
use lockkeeper::sql::split::{PieceKind, split};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

#[test]
fn two_readers_agree_on_every_statement_that_both_can_read() {
    let (mut n_statements, mut n_compared) = (0, 0);
    let mut differences = String::new();
    for (path, text) in texts() {
        for sql in statements(&text) {
            n_statements += 1;
            let Ok(read) = Parser::parse_sql(&PostgreSqlDialect {}, sql) else { continue };
            let [second] = read.as_slice() else { continue };
            let Some((theirs, ctes)) = theirs::facts(second) else { continue };
            let Ok(first) = parse(sql) else { continue };
            n_compared += 1;
            let (ours, theirs) = (ours::facts(&first).finish(&ctes), theirs.finish(&ctes));
            if ours != theirs {
                let diff = similar::TextDiff::from_lines(&theirs, &ours);
                let diff = diff.unified_diff().header("sqlparser", "ours").to_string();
                let _ = writeln!(differences, "{}\n{sql}\n{diff}", path.display());
            }
        }
    }
    println!("compared {n_compared} of {n_statements} statements");
    assert!(differences.is_empty(), "{differences}");
    assert!(n_compared * 2 > n_statements, "the second reader read too few: {n_compared} of {n_statements}");
}

/// The fixtures, the pages of the rules, and the statements that `parse.txt` holds.
fn texts() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    let mut folders = vec![root.join("fixtures"), root.join("rules"), root.join("tests/it")];
    if let Some(more) = std::env::var_os("SECOND_READER_FOLDER") {
        folders.push(PathBuf::from(more));
    }
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|it| it.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let text = match path.extension().and_then(|it| it.to_str()) {
                Some("sql") => text,
                Some("md") => fences(&text),
                Some("txt") if path.ends_with("parse.txt") => without_readings(&text),
                _ => continue,
            };
            texts.push((path, text));
        }
    }
    texts.sort();
    texts
}

/// What is inside the `sql` fences of a page.
fn fences(page: &str) -> String {
    let mut inside = false;
    let mut text = String::new();
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line.starts_with("```sql");
        } else if inside {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

fn without_readings(text: &str) -> String {
    text.lines().filter(|it| !it.starts_with(['>', '#'])).flat_map(|it| [it, "\n"]).collect()
}

/// The statements of a text.
fn statements(text: &str) -> impl Iterator<Item = &str> {
    let pieces = split(text).pieces.into_iter();
    pieces.filter(|it| matches!(it.kind, PieceKind::Statement(_))).map(|it| it.span.of(text))
}

/// Facts in a form that both readers can be brought to, one a line.
#[derive(Default)]
struct Facts {
    lines: Vec<String>,
    relations: Vec<String>,
    functions: Vec<String>,
}

impl Facts {
    fn say(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    fn flag(&mut self, on: bool, name: &str) {
        if on {
            self.say(name);
        }
    }

    /// The facts as text. The second reader does not tell where a common table expression is in scope, so those names are left out.
    fn finish(mut self, ctes: &[String]) -> String {
        self.relations.retain(|it| !ctes.contains(it));
        for (what, mut names) in [("reads", self.relations), ("calls", self.functions)] {
            names.sort();
            names.dedup();
            self.lines.extend(names.iter().map(|it| format!("{what} {it}")));
        }
        self.lines.iter().flat_map(|it| [it.trim_end(), "\n"]).collect()
    }
}
