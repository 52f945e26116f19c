//! The tools, how each is called, and the projects that they are given.

use std::{
    fmt::Write,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use super::watched::{DATABASE, Watched};

/// A tool and its call.
pub(crate) struct Tool {
    /// The fixture.
    pub(crate) framework: &'static str,
    /// The program, on the `PATH`.
    pub(crate) program: &'static str,
    /// What makes it say its version.
    version: &'static str,
    /// Brings a database up to date, by the shell: `$URL`, `$PORT` and `$DATABASE_URL` are set.
    call: &'static str,
}

pub(crate) const TOOLS: &[Tool] = &[
    tool("dbmate", "dbmate", "--version", "dbmate --migrations-dir db/migrations --no-dump-schema up"),
    tool("diesel", "diesel", "--version", "diesel migration run --migration-dir migrations"),
    tool(
        "flyway",
        "flyway",
        "-v",
        "flyway -url=jdbc:postgresql://127.0.0.1:$PORT/shop -user=postgres -password=x -locations=filesystem:sql \
         -placeholders.schema=public -postgresql.transactional.lock=false migrate",
    ),
    tool("golang-migrate", "migrate", "-version", "migrate -database $URL -path migrations up"),
    tool("goose", "goose", "-version", "goose -dir . postgres $URL up"),
    tool(
        "liquibase",
        "liquibase",
        "--version",
        "liquibase --url jdbc:postgresql://127.0.0.1:$PORT/shop --username postgres --password x update",
    ),
    tool("node-pg-migrate", "node-pg-migrate", "--version", "node-pg-migrate up --migrations-dir migrations"),
    tool("refinery", "refinery", "--version", "refinery migrate -e DATABASE_URL -p migrations"),
    tool("sql-migrate", "sql-migrate", "--version", "sql-migrate up"),
    tool(
        "sqitch",
        "sqitch",
        "--version",
        "SQITCH_FULLNAME=Someone SQITCH_EMAIL=someone@example.org sqitch deploy --mode change \
         db:pg://postgres@127.0.0.1:$PORT/shop",
    ),
    tool("sqlx", "sqlx", "--version", "sqlx migrate run"),
    tool("supabase", "supabase", "--version", "supabase migration up --yes --remote=$URL"),
    tool(
        "tern",
        "tern",
        "version",
        "tern migrate --migrations migrations --config migrations/tern.conf --conn-string $URL",
    ),
];

const fn tool(
    framework: &'static str,
    program: &'static str,
    version: &'static str,
    call: &'static str,
) -> Tool {
    Tool { framework, program, version, call }
}

impl Tool {
    /// Its name and version, if it is there.
    pub(crate) fn version(&self) -> Option<String> {
        let ran = Command::new(self.program).arg(self.version).stdin(Stdio::null()).output().ok()?;
        if !ran.status.success() {
            return None;
        }
        let said = [ran.stdout, ran.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        let is_version = |it: &&str| {
            let number = it.trim_start_matches('v').trim_end_matches(',');
            number.starts_with(|it: char| it.is_ascii_digit()) && number.contains('.')
        };
        let version = said.split_whitespace().find(is_version)?;
        Some(format!("{} {}", self.program, version.trim_start_matches('v')))
    }

    /// Runs all migrations of the project, and says whether it took them and what it said.
    pub(crate) fn run(&self, project: &Path, watched: &Watched<'_>) -> (bool, String) {
        let url = format!("postgres://postgres:x@127.0.0.1:{}/{DATABASE}?sslmode=disable", watched.port);
        let mut command = Command::new("timeout");
        command.args(["60", "sh", "-c", self.call]).current_dir(project).stdin(Stdio::null());
        command.env("URL", &url).env("DATABASE_URL", &url).env("PORT", watched.port.to_string());
        let ran = command.output().unwrap();
        let said = [ran.stdout, ran.stderr].concat();
        (ran.status.success(), String::from_utf8_lossy(&said).into_owned())
    }
}

/// Copies a project.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Leaves of a migration only its marks, and what changes nothing.
pub(crate) fn empty(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    let (mut kept, mut is_there) = (String::new(), false);
    for line in text.lines() {
        if line.starts_with("--") {
            kept += line;
            kept.push('\n');
        } else if !is_there && !line.trim().is_empty() {
            // Sqitch takes no script twice.
            writeln!(kept, "SELECT '{}';", path.file_stem().unwrap().display()).unwrap();
            is_there = true;
        }
    }
    fs::write(path, kept).unwrap();
}
