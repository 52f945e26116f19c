//! The fixtures' format; `effects/mod.rs` describes it.

use std::{fs, ops::RangeInclusive, path::Path};

/// One statement to judge, and what is there before.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The file's name and the case's line in it.
    pub(crate) place: String,
    pub(crate) title: String,
    /// Statements that make what the case is about.
    pub(crate) setup: Vec<String>,
    /// Statements of the same session and transaction, before the judged one.
    pub(crate) before: Vec<String>,
    pub(crate) statement: String,
    /// Whether it runs outside a transaction.
    pub(crate) alone: bool,
    pub(crate) majors: RangeInclusive<u16>,
    /// The SQLSTATE with which it fails.
    pub(crate) fails: Option<String>,
    /// Whether the refusal is one that lockkeeper does not foresee, although no row and no unknown name decides it.
    pub(crate) unforeseen: bool,
}

/// Reads the cases of a file, or of every `.sql` file of a folder.
pub(crate) fn read(path: &Path) -> Vec<Case> {
    if path.is_file() {
        let name = path.file_name().unwrap().to_str().unwrap();
        return parse(name, &fs::read_to_string(path).unwrap());
    }
    let mut files: Vec<_> = fs::read_dir(path).unwrap().map(|it| it.unwrap().path()).collect();
    files.retain(|it| it.extension().is_some_and(|it| it == "sql"));
    files.sort();
    files.iter().flat_map(|file| read(file)).collect()
}

fn parse(file: &str, text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut setup = Vec::new();
    for (line, block) in blocks(text) {
        let (first, rest) = block.split_once('\n').unwrap_or((block, ""));
        if first.trim() == "-- setup" {
            setup = statements(rest);
        } else {
            let place = format!("{file}:{line}");
            cases.push(case(place, first.trim_start_matches("-- case:").trim(), &setup, rest));
        }
    }
    cases
}

/// The parts that begin with `-- setup` or `-- case:`, each with the number of its line. Whatever comes before them is a comment.
fn blocks(text: &str) -> Vec<(usize, &str)> {
    let mut starts = Vec::new();
    let mut offset = 0;
    for (n, line) in text.split_inclusive('\n').enumerate() {
        if line.trim() == "-- setup" || line.starts_with("-- case:") {
            starts.push((n + 1, offset));
        }
        offset += line.len();
    }
    let ends = starts.iter().skip(1).map(|(_, offset)| *offset).chain([text.len()]);
    starts.iter().zip(ends).map(|((line, start), end)| (*line, &text[*start..end])).collect()
}

fn case(place: String, title: &str, setup: &[String], text: &str) -> Case {
    let mut case = Case {
        place,
        title: title.to_owned(),
        setup: setup.to_vec(),
        before: Vec::new(),
        statement: String::new(),
        alone: false,
        majors: 13..=18,
        fails: None,
        unforeseen: false,
    };
    let mut rest = text;
    while let Some(attribute) = rest.strip_prefix("-- ") {
        let (line, after) = attribute.split_once('\n').unwrap_or((attribute, ""));
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        match (key.trim(), value.trim()) {
            ("alone", "") => case.alone = true,
            ("unforeseen", "") => case.unforeseen = true,
            ("pg", majors) => case.majors = range(majors),
            ("fails", sqlstate) => case.fails = Some(sqlstate.to_owned()),
            ("before", sql) => case.before.push(sql.to_owned()),
            // Prose: a misspelled attribute would be one word.
            (key, _) if key.contains(' ') => {}
            _ => panic!(
                "{}: `-- {line}` is none of `-- alone`, `-- pg:`, `-- fails:`, `-- unforeseen` and `-- before:`",
                case.place
            ),
        }
        rest = after;
    }
    case.before.extend(statements(rest));
    case.statement = case.before.pop().unwrap_or_else(|| panic!("{}: there is no statement", case.place));
    case
}

/// Reads `15`, `15-`, `-14` and `14-17`.
fn range(text: &str) -> RangeInclusive<u16> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |it: &str, otherwise| if it.is_empty() { otherwise } else { it.trim().parse().unwrap() };
    number(first, 13)..=number(last, 18)
}

/// Splits at lines that end with a semicolon outside dollar quotes. Fixtures need no more.
fn statements(text: &str) -> Vec<String> {
    let mut statements = Vec::new();
    let mut statement = String::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("--")) {
        statement.push_str(line);
        statement.push('\n');
        if line.trim_end().ends_with(';') && statement.matches("$$").count().is_multiple_of(2) {
            statements.push(statement.trim().to_owned());
            statement.clear();
        }
    }
    statements.extend(Some(statement.trim().to_owned()).filter(|it| !it.is_empty()));
    statements
}
