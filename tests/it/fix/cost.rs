//! What `fix` costs on a long history: counted in files that are run, since times say nothing on a busy machine.

use lockkeeper::{
    fix::{self, Fixed, World},
    lint::{Change, Input, InputRole, Options},
    rule::RuleSet,
    sql::source::Source,
};

use crate::support::lint_options;

fn input(path: &std::path::Path, bytes: Vec<u8>, role: InputRole) -> Input {
    let source = Source::new(path, bytes);
    Input { source, role, framework: "plain", runner: None, parts: Vec::new(), change: Change::Unknown }
}

fn fixed(files: &[(String, String, InputRole)]) -> Fixed {
    let rules = RuleSet::embedded().unwrap();
    let options = Options { keep_statements: true, ..lint_options(15) };
    let inputs = files.iter().map(|(path, sql, role)| input(path.as_ref(), sql.clone().into_bytes(), *role));
    let bytes = files.iter().map(|it| it.1.clone().into_bytes()).collect();
    let world = World {
        rules: &rules,
        options: &options,
        lock_timeout: "2s",
        allow: None,
        read: &|path, bytes| input(path, bytes, InputRole::Linted),
        keep: &|_| true,
        is_known: &|_| false,
        names: &|_| files.iter().map(|it| it.0.clone()).collect(),
    };
    fix::fix(inputs.collect(), bytes, &world)
}

/// Files of one table each.
fn tables(n: usize, role: InputRole) -> Vec<(String, String, InputRole)> {
    let file =
        |n| (format!("{n:04}_table.sql"), format!("CREATE TABLE t{n} (id int PRIMARY KEY, a int);\n"), role);
    (0..n).map(file).collect()
}

/// A statement that becomes one in its file and one in a new file.
fn check(n: usize) -> String {
    format!("ALTER TABLE t{n} ADD CONSTRAINT c{n} CHECK (a > 0);\n")
}

fn n_run(files: &[(String, String, InputRole)], n_fixed: usize) -> usize {
    let fixed = fixed(files);
    let refused: Vec<&String> = fixed.refused.iter().map(|it| &it.1).collect();
    assert_eq!(fixed.fixed.len(), n_fixed, "{refused:?}");
    fixed.n_run
}

#[test]
fn what_runs_before_the_first_edit_is_run_once() {
    let mut files = tables(200, InputRole::History);
    let checks: String = (0..30).map(check).collect();
    files.push((
        "0200_checks.sql".to_owned(),
        format!("SET lock_timeout = '2s';\n{checks}"),
        InputRole::Linted,
    ));
    let n_run = n_run(&files, 30);
    // All of it to judge it and for its schema, what was before the file, and then a few files for each finding.
    assert!(n_run < 3 * 200 + 30 * 8, "{n_run} files were run");
}

#[test]
fn edits_of_many_files_are_tried_together() {
    let mut files = tables(100, InputRole::History);
    for n in 0..100 {
        let text = format!("SET lock_timeout = '2s';\n{}", check(n));
        files.push((format!("{:04}_check.sql", 100 + 2 * n), text, InputRole::Linted));
    }
    let n_run = n_run(&files, 100);
    assert!(n_run < 10 * 200, "{n_run} files were run");
}
