//! Migrations that are code: what each preset makes of the SQL that the framework printed.
//!
//! A folder of `fixtures/from-command` is a project, `printed.txt` the framework's version and what it printed of it, and `expected.txt`
//! what `lint` takes that for. The framework itself is not needed: a stand-in prints the same.

use std::{env, fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use serde_json::Value;

use crate::{cli::lockkeeper, expect::expect_file, frameworks::described};

/// The presets, and the program that each runs.
const PRESETS: [(&str, &str); 2] = [("alembic", "alembic"), ("django", "python")];

#[test]
fn what_a_preset_prints_is_one_history_with_the_transactions_that_it_says() {
    for (preset, program) in PRESETS {
        let project = Path::new("fixtures/from-command").join(preset);
        let printed = fs::canonicalize(project.join("printed.txt")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let stand_in = folder.path().join(program);
        fs::write(&stand_in, format!("#!/bin/sh\ntail -n +2 {}\n", printed.display())).unwrap();
        fs::set_permissions(&stand_in, fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockkeeper"));
        let path = env::var_os("PATH").unwrap();
        let paths = [folder.path().to_owned()].into_iter().chain(env::split_paths(&path));
        command.env("PATH", env::join_paths(paths).unwrap());
        command.args([
            "lint",
            "--pg",
            "15",
            "--format",
            "json",
            "--fail-on",
            "never",
            "--from-command",
            preset,
        ]);
        let ran = command.output().unwrap();
        assert!(ran.status.success(), "{preset}: {}", String::from_utf8_lossy(&ran.stderr));
        let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
        expect_file(project.join("expected.txt"), &described(&report, Path::new("")));
    }
}

#[test]
fn a_framework_that_prints_nothing_is_told_from_a_command() {
    for (name, run) in [
        ("rails", "bin/rails db:migrate"),
        ("ecto", "mix ecto.migrate"),
        ("knex", "knex migrate:latest"),
        ("kysely", "kysely migrate:latest"),
        ("typeorm", "typeorm migration:run"),
    ] {
        let ran = lockkeeper(&["lint", "--from-command", name]);
        assert_eq!(ran.code, 2, "{name}");
        let says = format!("`{name}` prints no SQL of its migrations, it only runs them: run `{run}`");
        assert!(ran.stdout.is_empty() && ran.stderr.contains(&says), "{name}: {}", ran.stderr);
    }
}
