//! The frameworks themselves, on a real server: what each made of its fixture, beside what `lint` says that it does.
//!
//! `observed.txt` of a fixture holds the tool, its version and what it did. It must say what `lint` predicts, which every run checks.
//! With `LOCKKEEPER_REAL_TOOLS=1` each tool on the `PATH` is run again, and those that are not there are named; with `UPDATE_EXPECT=1` what
//! it does is written down. Without it none is run: a program of the same name may be another one.

mod tool;
mod watched;

use std::{env, fmt::Write, fs, path::Path};

use serde_json::Value;

pub(crate) use self::tool::copy;
use self::{
    tool::{TOOLS, Tool},
    watched::{Change, Watched},
};
use crate::{cli::lockkeeper, expect::expect_file, support::server};

/// What a file with this in its name holds: a statement that runs, then one that fails on every server.
const HALFWAY: &str = "halfway";

/// What `lint` says of one file.
struct File {
    path: String,
    /// The kind of each statement that makes or changes something, and how far its transaction reaches.
    changes: Vec<(String, String)>,
    is_refused: bool,
}

fn files(project: &Path) -> Vec<File> {
    let path = project.to_str().unwrap();
    let ran = lockkeeper(&["lint", "--pg", "15", "--format", "json", "--fail-on", "never", path]);
    assert_eq!(ran.code, 0, "{path}: {}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let file = |file: &Value| {
        let statements = file["statements"].as_array().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let kinds = statements.iter().map(|it| (text(&it["kind"]), text(&it["transaction"])));
        let path = Path::new(file["path"].as_str().unwrap()).strip_prefix(project).unwrap();
        File {
            path: path.to_str().unwrap().to_owned(),
            changes: kinds.filter(|it| watched::KINDS.contains(&it.0.as_str())).collect(),
            is_refused: statements.iter().any(|it| it["fails_with"].is_string()),
        }
    };
    report["files"].as_array().unwrap().iter().map(file).collect()
}

/// What runs, in order, each change with the number of its transaction; then what is refused; then what is left of what fails halfway.
fn predicted(files: &[File]) -> String {
    let mut out = String::new();
    let (mut transaction, mut last) = (0, None);
    for (n, file) in files.iter().enumerate().filter(|it| it.1.runs()) {
        for (kind, scope) in &file.changes {
            let this = match scope.as_str() {
                "batch" => Some(None),
                "file" => Some(Some(n)),
                _ => None,
            };
            if this.is_none() || this != last {
                transaction += 1;
            }
            last = this;
            writeln!(out, "ran: {kind} in transaction {transaction}").unwrap();
        }
    }
    for file in files.iter().filter(|it| !it.runs()) {
        let left = match &file.changes[..] {
            [(kind, scope), ..] if !file.is_refused && matches!(scope.as_str(), "own" | "none") => kind,
            _ => "nothing",
        };
        out += &failure(file, left);
    }
    out
}

impl File {
    /// Whether the server takes all of it.
    fn runs(&self) -> bool {
        !self.is_refused && !self.path.contains(HALFWAY)
    }
}

fn failure(file: &File, left: &str) -> String {
    let how = if file.is_refused { "refused in a transaction" } else { "failed halfway" };
    format!("{}: {how}, left {left}\n", file.path)
}

/// The same, as the tool does it.
fn observed(tool: &Tool, project: &Path, files: &[File], watched: &Watched<'_>) -> String {
    let mut out = String::new();
    let all = run_some(tool, project, files, None, watched);
    assert!(all.0, "{}: the migrations that run were refused\n{}", tool.framework, all.1);
    for Change { kind, transaction } in all.2 {
        writeln!(out, "ran: {kind} in transaction {transaction}").unwrap();
    }
    for (at, file) in files.iter().enumerate().filter(|it| !it.1.runs()) {
        let (is_success, said, changes) = run_some(tool, project, files, Some(file), watched);
        assert!(!is_success, "{}: {} was not refused\n{said}", tool.framework, file.path);
        let says = if file.is_refused { watched::REFUSALS } else { &["division by zero"] };
        assert!(says.iter().any(|it| said.contains(it)), "{}: {said}", file.path);
        let before = files.iter().take(at).filter(|it| it.runs());
        let n = before.map(|it| it.changes.len()).sum::<usize>();
        // All pending files may be one transaction; then nothing of any file is left.
        let left = changes.get(n..).and_then(|it| it.first()).map_or("nothing", |it| it.kind.as_str());
        out += &failure(file, left);
    }
    out
}

/// Runs the files that succeed, and perhaps one that does not, in an empty database; the others do nothing.
fn run_some(
    tool: &Tool,
    project: &Path,
    files: &[File],
    failing: Option<&File>,
    watched: &Watched<'_>,
) -> (bool, String, Vec<Change>) {
    let copy = tempfile::tempdir().unwrap();
    tool::copy(project, copy.path());
    for file in files.iter().filter(|it| !it.runs() && failing.is_none_or(|failing| failing.path != it.path))
    {
        tool::empty(&copy.path().join(&file.path));
    }
    watched.fresh();
    let (is_success, said) = tool.run(copy.path(), watched);
    (is_success, said, watched.changes())
}

#[test]
fn the_frameworks_do_what_is_predicted_of_them() {
    let is_asked = env::var_os("LOCKKEEPER_REAL_TOOLS").is_some();
    let mut n_run = 0;
    let version = |tool: &Tool| if is_asked { tool.version() } else { None };
    let server = TOOLS.iter().any(|it| version(it).is_some()).then(|| server(15)).flatten();
    for tool in TOOLS {
        let project = Path::new("fixtures/frameworks").join(tool.framework);
        let files = files(&project);
        let predicted = predicted(&files);
        let path = project.join("observed.txt");
        if let (Some(version), Some(server)) = (version(tool), &server) {
            println!("run: {version}");
            n_run += 1;
            let found = observed(tool, &project, &files, &Watched::on(server));
            expect_file(&path, &format!("{version}, PostgreSQL {}\n{found}", server.version()));
        } else {
            let why = if is_asked { "which is not there" } else { "as LOCKKEEPER_REAL_TOOLS is not set" };
            println!("not run: {}, {why}", tool.program);
        }
        let seen = fs::read_to_string(&path).unwrap();
        let (_, seen) = seen.split_once('\n').unwrap();
        assert_eq!(seen, predicted, "{}: what was observed, and what is predicted", tool.framework);
    }
    assert!(n_run > 0 || !is_asked, "no framework is on the PATH");
}
