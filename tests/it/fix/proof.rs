//! Each case on real servers: before and after, on two fresh databases, in the right transactions. The schemas are equal, the finding is
//! gone, and while rows are worked on, each table is locked no more strongly than before, and some table less.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use lockkeeper::{
    effect::Lock,
    pg::{Sandbox, Session, observe, session::Refusal},
    sql::{
        Statement, parse,
        split::{self, PieceKind},
        statement::Transaction,
    },
};

use super::{Case, cases, majors};
use crate::{cli::lockkeeper, support::on_each};

/// The databases of the two runs.
const DATABASES: [&str; 2] = ["before", "after"];

#[test]
fn every_fix_makes_the_same_schema_with_weaker_locks() {
    let cases = cases();
    let results = on_each(&majors(), |server| {
        let of_server = cases.iter().filter(|it| it.since <= server.major());
        of_server.map(|it| problems(server, it)).collect::<String>()
    });
    let problems: String = results.into_iter().map(|it| it.1).collect();
    assert!(problems.is_empty(), "{problems}");
}

/// What no rewrite makes safe is allowed by comments, so that nothing is found any more; what the files make stays the same.
#[test]
fn the_shop_is_clean_and_the_same_when_it_is_fixed() {
    let written = tempfile::tempdir().unwrap();
    for path in sql_files(Path::new("fixtures/shop")) {
        fs::copy(&path, written.path().join(path.file_name().unwrap())).unwrap();
    }
    let folder = written.path().to_str().unwrap();
    // What it writes must run on the oldest of them.
    let ran = lockkeeper(&["fix", folder, "--write", "--pg", "13", "--allow", "nobody is there yet"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let linted = lockkeeper(&["lint", folder, "--pg", "13", "--fail-on", "note", "--format", "concise"]);
    assert_eq!((linted.code, linted.stdout.as_str()), (0, ""));
    let differences = on_each(&majors(), |server| {
        let made = [Path::new("fixtures/shop"), written.path()].map(|folder| {
            server.drop_database(DATABASES[0]).unwrap();
            server.create_database(DATABASES[0]).unwrap();
            for path in sql_files(folder) {
                run_file(server, DATABASES[0], &path);
            }
            schema(&server.connect(DATABASES[0]).unwrap())
        });
        difference(&made[0], &made[1])
    });
    for (major, difference) in differences {
        assert_eq!(difference, "", "PostgreSQL {major}");
    }
}

/// Runs one file as a runner would, without looking at its locks.
fn run_file(server: &Sandbox, database: &str, path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    let statements = statements(&text);
    let is_one = !statements.iter().any(|(_, it)| controls(it) || runs_alone(it));
    let session = server.connect(database).unwrap();
    let begin = is_one.then(|| "BEGIN".to_owned());
    let end = is_one.then(|| "COMMIT".to_owned());
    let all = begin.into_iter().chain(statements.into_iter().map(|it| it.0)).chain(end);
    for sql in all {
        session.batch(&sql).unwrap_or_else(|it| panic!("{}: {sql}: {it}", path.display()));
    }
}

fn problems(server: &Sandbox, case: &Case) -> String {
    let pg = server.major().to_string();
    let written = tempfile::tempdir().unwrap();
    for path in sql_files(Path::new(&case.migrations())) {
        fs::copy(&path, written.path().join(path.file_name().unwrap())).unwrap();
    }
    let written = written.path().to_str().unwrap();
    let mut problems = String::new();
    let mut tell =
        |problem: String| writeln!(problems, "{} on PostgreSQL {pg}: {problem}", case.name()).unwrap();

    let n_before = n_findings(case, written, &pg);
    let ran = lockkeeper(&["fix", written, "--schema", &case.schema(), "--pg", &pg, "--write"]);
    let n_after = n_findings(case, written, &pg);
    if n_before == 0 || n_after > 0 {
        tell(format!("{n_before} findings before, {n_after} after: {}", ran.stderr));
    }

    let is_idle = ["index-drop-blocks-everything", "detach-blocks-everything"].contains(&case.rule.as_str());
    let setup = fs::read_to_string(case.schema()).unwrap();
    let mut runs = Vec::new();
    for (database, folder) in DATABASES.iter().zip([case.migrations().as_str(), written]) {
        server.drop_database(database).unwrap();
        server.create_database(database).unwrap();
        server.connect(database).unwrap().batch(&setup).unwrap();
        match run(server, database, Path::new(folder), is_idle) {
            Ok(peaks) => {
                let session = server.connect(database).unwrap();
                runs.push((schema(&session), rows(&session, &case.rule), peaks));
            }
            Err(problem) => tell(format!("{database}: {problem}")),
        }
    }
    let [(schema_before, rows_before, peaks_before), (schema_after, rows_after, peaks_after)] =
        runs.as_slice()
    else {
        return problems;
    };
    if schema_before != schema_after {
        tell(format!("the schema differs:\n{}", difference(schema_before, schema_after)));
    }
    if rows_before != rows_after {
        tell(format!("the rows differ:\n{}", difference(rows_before, rows_after)));
    }
    if let Some(problem) = runs_again(server, Path::new(written)) {
        tell(problem);
    }
    if case.rule == "waits-without-lock-timeout" {
        // Its locks are the same, but it gives them up.
        if let Some(problem) = waits(server, &setup, Path::new(written)) {
            tell(problem);
        }
        return problems;
    }
    let of = |peaks: &BTreeMap<String, Lock>, table: &str| peaks.get(table).copied();
    if let Some(table) = peaks_after.keys().find(|it| of(peaks_after, it) > of(peaks_before, it)) {
        tell(format!("{table} is locked more: {peaks_before:?}, then {peaks_after:?}"));
    }
    if !peaks_before.keys().any(|it| of(peaks_after, it) < of(peaks_before, it)) {
        tell(format!("no lock is weaker: {peaks_before:?}, then {peaks_after:?}"));
    }
    problems
}

/// What is wrong if the first file does not give up while somebody reads its table.
fn waits(server: &Sandbox, setup: &str, folder: &Path) -> Option<String> {
    server.drop_database("after").unwrap();
    server.create_database("after").unwrap();
    let (reader, runner) = (server.connect("after").unwrap(), server.connect("after").unwrap());
    reader.batch(setup).unwrap();
    reader.batch("BEGIN; LOCK TABLE users IN ACCESS SHARE MODE").unwrap();
    let text = fs::read_to_string(sql_files(folder).first()?).unwrap();
    match runner.batch(&text) {
        Err(error) if Refusal::of(&error).is_some_and(|it| it.sqlstate == "55P03") => None,
        other => Some(format!("it does not give up: {other:?}")),
    }
}

/// What is wrong if code that wrote rows in batches changes anything when it runs again, as it may after a break.
fn runs_again(server: &Sandbox, folder: &Path) -> Option<String> {
    let session = server.connect("after").unwrap();
    let before = rows(&session, "");
    for path in sql_files(folder) {
        for (sql, _) in statements(&fs::read_to_string(&path).unwrap()) {
            if sql.starts_with("DO $backfill$") {
                session.batch(&sql).unwrap();
            }
        }
    }
    let after = rows(&session, "");
    (before != after).then(|| format!("a second run changes rows:\n{}", difference(&before, &after)))
}

fn n_findings(case: &Case, folder: &str, pg: &str) -> usize {
    let ran = lockkeeper(&["lint", folder, "--schema", &case.schema(), "--pg", pg, "--format", "concise"]);
    ran.stdout.lines().filter(|it| it.contains(&format!("[{}]", case.rule))).count()
}

fn sql_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort_by(|a, b| lockkeeper::migration::natural(a, b));
    files
}

/// The strongest lock that each relation had: while rows were worked on, or, if that never was, at all.
type Peaks = BTreeMap<String, Lock>;

/// Runs a folder as a runner would: each file is one transaction unless it has its own, or what no transaction may hold.
fn run(server: &Sandbox, database: &str, folder: &Path, is_idle: bool) -> Result<Peaks, String> {
    let (mut peaks, mut idle) = (Peaks::new(), Peaks::new());
    for path in sql_files(folder) {
        let text = fs::read_to_string(&path).unwrap();
        let mut transaction: Option<Vec<String>> = None;
        let statements = statements(&text);
        let is_one = !statements.iter().any(|(_, it)| controls(it) || runs_alone(it));
        if is_one {
            transaction = Some(Vec::new());
        }
        for (sql, statement) in &statements {
            match statement {
                Statement::Transaction(Transaction::Begin) => transaction = Some(Vec::new()),
                Statement::Transaction(_) => commit(server, database, transaction.take())?,
                // What is observed is held back, and must not give up.
                Statement::Set(_) | Statement::Reset { .. } => {}
                _ => {
                    let observed = observed(server, database, transaction.as_deref(), sql, statement);
                    let observed = observed.map_err(|it| format!("{}: {sql}: {it}", path.display()))?;
                    add(if observed.works { &mut peaks } else { &mut idle }, observed);
                    match &mut transaction {
                        Some(so_far) => so_far.push(sql.clone()),
                        None => commit(server, database, Some(vec![sql.clone()]))?,
                    }
                }
            }
        }
        commit(server, database, transaction)?;
    }
    // A case is about one or the other.
    Ok(if is_idle { idle } else { peaks })
}

fn statements(text: &str) -> Vec<(String, Statement)> {
    let pieces = split::split(text).pieces.into_iter();
    let pieces = pieces.filter(|it| matches!(it.kind, PieceKind::Statement(_)));
    pieces.map(|it| (it.text(text).to_owned(), parse::parse(it.text(text)).unwrap())).collect()
}

fn controls(statement: &Statement) -> bool {
    commits(statement)
        || matches!(statement, Statement::Transaction(Transaction::Begin | Transaction::Commit { .. }))
}

/// Whether it is code that commits.
fn commits(statement: &Statement) -> bool {
    matches!(statement, Statement::Do(body) if body.statements.iter().any(|it| controls(&it.statement)))
}

fn runs_alone(statement: &Statement) -> bool {
    lockkeeper::effect::predict::must_run_alone(statement)
}

fn commit(server: &Sandbox, database: &str, statements: Option<Vec<String>>) -> Result<(), String> {
    let Some(statements) = statements else { return Ok(()) };
    let session = server.connect(database).unwrap();
    let is_one = statements.len() > 1;
    let begin = is_one.then(|| "BEGIN".to_owned());
    let end = is_one.then(|| "COMMIT".to_owned());
    for statement in begin.iter().chain(&statements).chain(&end) {
        session.batch(statement).map_err(|it| format!("{statement}: {:?}", Refusal::of(&it)))?;
    }
    Ok(())
}

/// What a statement holds, with what its transaction holds already.
struct Held {
    locks: BTreeMap<String, Lock>,
    works: bool,
}

fn observed(
    server: &Sandbox,
    database: &str,
    transaction: Option<&[String]>,
    sql: &str,
    statement: &Statement,
) -> Result<Held, String> {
    let mut held = Held { locks: BTreeMap::new(), works: false };
    let mut note = |observed: observe::Observed, is_last: bool| {
        if let Some(refusal) = observed.refusal {
            return Err(refusal.message);
        }
        for relation in observed.relations {
            held.works |= is_last && !relation.work.is_empty();
            if let Some(lock) = relation.lock {
                let known = held.locks.entry(relation.name).or_insert(lock);
                *known = lock.max(*known);
            }
        }
        Ok(())
    };
    let failed = |it: lockkeeper::error::Error| format!("{it:?}");
    if commits(statement) {
        // Without its commits it holds at the end what all batches hold, one after the other.
        let (session, watcher) = (server.connect(database).unwrap(), server.connect(database).unwrap());
        let whole = sql.replace("COMMIT;", "");
        note(observe::in_transaction(&session, &watcher, &[], &whole).map_err(failed)?, true)?;
        return Ok(held);
    }
    if runs_alone(statement) {
        note(observe::alone(server, database, &[], sql).map_err(failed)?, true)?;
        return Ok(held);
    }
    let statements: Vec<String> =
        transaction.unwrap_or_default().iter().cloned().chain([sql.to_owned()]).collect();
    for (n, statement) in statements.iter().enumerate() {
        let (session, watcher) = (server.connect(database).unwrap(), server.connect(database).unwrap());
        let before = statements.get(..n).unwrap();
        let observed = observe::in_transaction(&session, &watcher, before, statement).map_err(failed)?;
        note(observed, n + 1 == statements.len())?;
    }
    Ok(held)
}

fn add(peaks: &mut Peaks, held: Held) {
    for (relation, lock) in held.locks {
        let peak = peaks.entry(relation).or_insert(lock);
        *peak = lock.max(*peak);
    }
}

/// The schema, by the server's own words for it.
fn schema(session: &Session) -> Vec<String> {
    const WORDS: &str = "
        SELECT format('constraint %s.%s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT 'index ' || pg_get_indexdef(indexrelid) || ' ' || indisvalid FROM pg_index
        WHERE indrelid::regclass::text !~ '^pg_'
        UNION ALL SELECT format('column %s.%s %s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull,
          pg_get_expr(adbin, adrelid))
        FROM pg_attribute JOIN pg_class c ON c.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = c.oid AND adnum = attnum
        WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped";
    let lines = session.rows(WORDS).unwrap();
    let mut lines: Vec<String> = lines.iter().map(|it| it.text(0).to_owned()).collect();
    let catalog = session.rows(include_str!("../catalog/server.sql")).unwrap();
    lines.extend(catalog.iter().map(|it| it.text(1).to_owned()));
    lines.sort();
    lines
}

/// All rows of all tables, column by column. Of random values only whether they are there.
fn rows(session: &Session, rule: &str) -> Vec<String> {
    let row = match rule {
        "column-default-rewrites-table" => {
            "(SELECT string_agg(key, ',' ORDER BY key) FROM jsonb_object_keys(jsonb_strip_nulls(to_jsonb(t))) AS key)"
        }
        _ => "to_jsonb(t)::text",
    };
    let tables = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
    let mut rows = Vec::new();
    for table in session.rows(tables).unwrap() {
        let table = table.text(0);
        let found = session.rows(&format!("SELECT {row} FROM {table} AS t")).unwrap();
        rows.extend(found.iter().map(|it| format!("{table} {}", it.text(0))));
    }
    rows.sort();
    rows
}

fn difference(before: &[String], after: &[String]) -> String {
    let lines = |a: &[String], b: &[String], mark: char| {
        a.iter().filter(|it| !b.contains(it)).fold(String::new(), |text, it| format!("{text}  {mark} {it}\n"))
    };
    lines(before, after, '-') + &lines(after, before, '+')
}
