//! Histories of `fixtures/catalog` on real servers: after each statement outside a transaction, the catalog is the server's.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    thread,
};

use lockkeeper::{
    catalog::Catalog,
    pg::{
        Sandbox, Session,
        sandbox::{MAJORS, Options},
        session::Refusal,
    },
    sql::parse::parse,
};

use super::dump::dump;

#[test]
fn the_catalog_after_each_history_is_the_servers() {
    let mut histories: Vec<_> =
        fs::read_dir("fixtures/catalog").unwrap().map(|it| it.unwrap().path()).collect();
    histories.sort();
    let differences: String = thread::scope(|scope| {
        let runs = MAJORS.map(|major| {
            let histories = &histories;
            scope.spawn(move || run_all(major, histories))
        });
        runs.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert!(differences.is_empty(), "{differences}");
}

fn run_all(major: u16, histories: &[PathBuf]) -> String {
    let sandbox = Sandbox::start(major, &Options::default()).unwrap();
    let mut differences = String::new();
    for history in histories {
        run(&sandbox, major, history, &mut differences);
    }
    differences
}

fn run(sandbox: &Sandbox, major: u16, path: &Path, differences: &mut String) {
    let text = fs::read_to_string(path).unwrap();
    let name = path.file_stem().unwrap().to_str().unwrap();
    let since: u16 =
        text.strip_prefix("-- since ").map_or(0, |it| it.lines().next().unwrap().parse().unwrap());
    if major < since {
        return;
    }
    sandbox.create_database(name).unwrap();
    let session = sandbox.connect(name).unwrap();
    let mut catalog = Catalog::new();
    for sql in text.split_inclusive(";\n") {
        if let Err(error) = session.batch(sql) {
            let refusal = Refusal::of(&error);
            writeln!(differences, "--- {name} on {major}, after:{sql}  server: {refusal:?}").unwrap();
            break;
        }
        match parse(sql) {
            Ok(statement) => catalog.apply(&statement, major),
            Err(error) if !sql.trim().trim_end_matches(';').is_empty() => {
                writeln!(differences, "{name}: {sql}: {error:?}").unwrap();
            }
            Err(_) => {}
        }
        if catalog.session.open.is_none() {
            let before = differences.len();
            compare(&session, &catalog, differences);
            if differences.len() > before {
                let context = format!("--- {name} on {major}, after:{}\n", sql.trim_end());
                differences.insert_str(before, &context);
                break;
            }
        }
    }
    drop(session);
    sandbox.drop_database(name).unwrap();
}

fn compare(session: &Session, catalog: &Catalog, differences: &mut String) {
    let rows = session.rows(include_str!("server.sql")).unwrap();
    let mut theirs: Vec<(String, String)> =
        rows.iter().map(|it| (it.text(0).to_owned(), it.text(1).to_owned())).collect();
    let mut ours = dump(catalog);
    let is_known = |(relation, line): &(String, String)| {
        let is_of_columns = line.starts_with("column ") || line.contains(" not-null (");
        !is_of_columns || catalog.relations().any(|it| it.complete && it.name.to_string() == *relation)
    };
    theirs.retain(is_known);
    ours.retain(is_known);
    for (_, line) in theirs.iter().filter(|it| !ours.contains(it)) {
        writeln!(differences, "  server: {line}").unwrap();
    }
    for (_, line) in ours.iter().filter(|it| !theirs.contains(it)) {
        writeln!(differences, "  ours:   {line}").unwrap();
    }
}
