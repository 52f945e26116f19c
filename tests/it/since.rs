//! `--since`: what is judged, what is replayed, and what is said of changes to what is merged. With real repositories.

use std::{path::Path, process::Command};

use serde_json::Value;

use crate::{
    cli::{Ran, lockkeeper},
    repository::{Repository, found, git},
};

const USERS: &str = "CREATE TABLE users (id bigint PRIMARY KEY);\n";
const INDEX: &str = "CREATE INDEX users_by_id ON users (id);\n";

/// A table, and a merged migration with a finding.
fn merged() -> Repository {
    Repository::with(&[("m/1.sql", USERS), ("m/2.sql", INDEX)])
}

#[test]
fn only_what_changed_is_judged_and_the_rest_is_replayed() {
    let repository = merged();
    assert_eq!(found(&repository.lint("m", &[])), ["m/2.sql:1 index-blocks-writes"]);
    repository.git(&["checkout", "-q", "-b", "work"]);
    repository.write("m/3.sql", "CREATE INDEX a ON users (id);\n");
    repository.commit();
    repository.write("m/4.sql", "CREATE INDEX b ON users (id);\n");
    repository.git(&["add", "m/4.sql"]);
    repository.write("m/5.sql", "CREATE INDEX c ON users (id);\nCREATE TABLE new (a int);\n");
    repository.write("m/6.sql", "CREATE INDEX d ON new (a);\n");
    // Ignored files are no migrations, also for the walk.
    repository.write("m/7.sql", INDEX);
    repository.write(".gitignore", "7.sql\n");
    let expected = ["m/3.sql:1", "m/4.sql:1", "m/5.sql:1", "m/6.sql:1"];
    let expected = expected.map(|it| format!("{it} index-blocks-writes"));
    assert_eq!(found(&repository.lint("m", &["--since", "main"])), expected);
    // A file alone is judged if it changed, and its history is there all the same.
    assert_eq!(found(&repository.lint("m/3.sql", &["--since", "main"])), expected[..1]);
    assert_eq!(repository.lint("m/2.sql", &["--since", "main"]).code, 0);
    // What is on the other branch since is not ours.
    repository.git(&["stash", "-q", "-u"]);
    repository.git(&["checkout", "-q", "main"]);
    repository.write("m/1a.sql", INDEX);
    repository.commit();
    repository.git(&["checkout", "-q", "work"]);
    assert_eq!(found(&repository.lint("m", &["--since", "main"])), expected[..1]);
}

#[test]
fn nothing_changed_is_said_in_every_report() {
    let repository = merged();
    let base = repository.git(&["rev-parse", "HEAD"]);
    let said = format!("no migration changed since main ({})", &base[..10]);
    let ran = repository.lint("m", &["--since", "main"]);
    assert_eq!((ran.code, ran.stdout), (0, format!("{said}\n")));
    let path = repository.path("m").display().to_string();
    let ran = lockkeeper(&["lint", &path, "--since", "main"]);
    assert_eq!((ran.code, ran.stdout.lines().next()), (0, Some(said.as_str())), "{}", ran.stderr);
    let ran = lockkeeper(&["lint", &path, "--since", "main", "--format", "json"]);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    let since = serde_json::json!({"ref": "main", "base": base.trim(), "changed_files": 0});
    assert_eq!((ran.code, &json["since"]), (0, &since));
    assert_eq!((&json["files"], &json["findings"]), (&Value::Array(Vec::new()), &Value::Array(Vec::new())));
}

#[test]
fn of_an_edited_file_what_changed_is_judged() {
    let old = "CREATE INDEX a ON users (id);\n\nCREATE INDEX b\n  ON users (id);\n\nCREATE INDEX c ON users (id);\n";
    let repository = Repository::with(&[("m/1.sql", USERS), ("m/2.sql", old)]);
    let cases: &[(&str, &str, &[&str])] = &[
        // In the middle of a statement; and the edit itself.
        ("  ON users (id)", "  ON users (id, id)", &["3 merged-migration-edited", "3 index-blocks-writes"]),
        // Its layout only: it is judged, but does what it did.
        ("b\n  ON", "b ON", &["3 index-blocks-writes"]),
        // A new statement at the end, at the start and between.
        (
            "c ON users (id);\n",
            "c ON users (id);\nCREATE INDEX d ON users (id);",
            &["7 merged-migration-edited", "7 index-blocks-writes"],
        ),
        (
            "CREATE INDEX a",
            "CREATE INDEX d ON users (id);\nCREATE INDEX a",
            &["1 merged-migration-edited", "1 index-blocks-writes"],
        ),
        // A statement less: nothing new to judge.
        ("CREATE INDEX a ON users (id);\n\n", "", &["1 merged-migration-edited"]),
        // A comment beside the statements.
        ("\n\nCREATE INDEX b", "\n-- By the other.\nCREATE INDEX b", &[]),
    ];
    for (from, to, expected) in cases {
        repository.write("m/2.sql", &old.replacen(from, to, 1));
        let ran = repository.lint("m", &["--since", "main"]);
        let expected: Vec<_> = expected.iter().map(|it| format!("m/2.sql:{it}")).collect();
        assert_eq!(found(&ran), expected, "{from} to {to}");
    }
}

#[test]
fn an_edit_of_what_does_not_run_is_no_edit() {
    let text = "-- +goose Up\nCREATE TABLE t (a int);\n-- +goose Down\nDROP TABLE t;\n";
    let repository = Repository::with(&[("m/1.sql", text)]);
    repository.write("m/1.sql", &text.replace("DROP TABLE t", "DROP TABLE IF EXISTS t"));
    let ran = repository.lint("m", &["--since", "main"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    repository.write("m/1.sql", &text.replace("TABLE t (a", "TABLE t (b"));
    assert_eq!(found(&repository.lint("m", &["--since", "main"])), ["m/1.sql:2 merged-migration-edited"]);
}

#[test]
fn a_comment_allows_the_edit_of_what_is_merged() {
    let repository = merged();
    let allowed = "-- lockkeeper: allow-file merged-migration-edited: it never ran anywhere\n";
    repository.write("m/1.sql", &format!("{allowed}{}", USERS.replace("bigint", "int")));
    assert_eq!(found(&repository.lint("m", &["--since", "main"])), [""; 0]);
    // It is not without use once that is merged, when nobody can tell.
    repository.commit();
    assert_eq!(found(&repository.lint("m/1.sql", &[])), [""; 0]);
    // A suppression that stands where nothing changed is not looked at again.
    let old = "-- lockkeeper: allow table-drop-loses-data: gone\nSELECT 1;\n";
    let repository = Repository::with(&[("m/1.sql", old)]);
    assert_eq!(found(&repository.lint("m", &[])), ["m/1.sql:1 unused-suppression"]);
    repository.write("m/1.sql", &format!("{old}SELECT 2;\n"));
    assert_eq!(found(&repository.lint("m", &["--since", "main"])), ["m/1.sql:3 merged-migration-edited"]);
}

#[test]
fn a_renamed_file_is_not_changed_and_a_deleted_one_is_told_of() {
    let repository = merged();
    repository.git(&["mv", "m/2.sql", "m/3.sql"]);
    let ran = repository.lint("m", &["--since", "main"]);
    assert!(ran.stdout.starts_with("no migration changed since main"), "{}{}", ran.stdout, ran.stderr);
    repository.git(&["mv", "m/3.sql", "m/2.sql"]);

    repository.write("m/4.down.sql", "DROP TABLE x;\n");
    repository.write("seeds/2.sql", "INSERT INTO x VALUES (1);\n");
    repository.commit();
    for path in ["m/2.sql", "m/4.down.sql", "seeds/2.sql"] {
        repository.git(&["rm", "-q", path]);
    }
    let ran = repository.lint("m", &["--since", "HEAD"]);
    assert_eq!(found(&ran), ["m/2.sql:1 merged-migration-edited"]);
    assert!(ran.stdout.contains(": this migration was deleted after the merge: where"), "{}", ran.stdout);

    // Another name and another text: a runner takes it for another migration.
    let index = INDEX.repeat(9).replace("users_by_id", "");
    let repository = Repository::with(&[("m/1.sql", USERS), ("m/2.sql", &index)]);
    repository.git(&["mv", "m/2.sql", "m/3.sql"]);
    repository.write("m/3.sql", &index.replacen("(id)", "(id, id)", 1));
    let expected = (1..10).map(|line| format!("m/3.sql:{line} index-blocks-writes"));
    let expected: Vec<_> = expected.chain(["m/2.sql:1 merged-migration-edited".to_owned()]).collect();
    assert_eq!(found(&repository.lint("m", &["--since", "HEAD"])), expected);
    // The same name in another folder: what moved is the folder.
    repository.write("m/3.sql", &index);
    repository.commit();
    repository.git(&["mv", "m", "db"]);
    repository.write("db/3.sql", &index.replacen("(id)", "(id, id)", 1));
    let expected = ["db/3.sql:1 merged-migration-edited", "db/3.sql:1 index-blocks-writes"];
    assert_eq!(found(&repository.lint("db", &["--since", "HEAD"])), expected);
}

#[test]
fn what_is_merged_and_cannot_be_read_is_no_finding_but_told() {
    let repository = Repository::with(&[("m/1.sql", "CREATE TABEL t;\n"), ("m/2.sql", "CREATE TABEL u;\n")]);
    repository.write("m/2.sql", "CREATE TABEL u;\n\nCREATE TABEL v;\n");
    let expected = ["m/2.sql:3 unreadable-statement", "m/2.sql:3 merged-migration-edited"];
    assert_eq!(found(&repository.lint("m", &["--since", "main"])), expected);
    let path = repository.path("m").display().to_string();
    let ran = lockkeeper(&["lint", &path, "--since", "main"]);
    let ran = Ran { stdout: ran.stdout.replace(&path, "m"), ..ran };
    let said = "not judged: 3 statements that could not be read (merged already, so that what they made is not known: m/1.sql:1, \
                m/2.sql:1)";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
    let ran = lockkeeper(&["lint", &path, "--since", "main", "--format", "json"]);
    let json: Value = serde_json::from_str(&ran.stdout.replace(&path, "m")).unwrap();
    crate::report::assert_valid(&json);
    let unread = [("m/1.sql", 1), ("m/2.sql", 1)];
    let unread = unread.map(|(path, line)| serde_json::json!({"path": path, "line": line, "column": 1}));
    assert_eq!(json["unread"], Value::from(unread.to_vec()));
    // What is no text has no lines.
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    std::fs::write(repository.path("m/1.sql"), utf_16("SELECT 1;\n")).unwrap();
    repository.commit();
    std::fs::write(repository.path("m/1.sql"), utf_16("SELECT 1;\nSELECT 2;\n")).unwrap();
    assert_eq!(found(&repository.lint("m", &["--since", "HEAD"])), ["m/1.sql:1 unreadable-statement"]);
}

#[test]
fn ends_of_lines_are_as_git_keeps_them() {
    let text = "INSERT INTO t VALUES ('a\nb');\nSELECT 1;\n";
    let repository = Repository::with(&[("m/1.sql", text)]);
    repository.git(&["config", "core.autocrlf", "true"]);
    repository.write("m/1.sql", &format!("{text}-- More.\n").replace('\n', "\r\n"));
    assert_eq!(found(&repository.lint("m", &["--since", "main"])), [""; 0]);
    repository.write("m/1.sql", &format!("{text}DROP TABLE t;\n").replace('\n', "\r\n"));
    let found = found(&repository.lint("m", &["--since", "main"]));
    assert_eq!(found[0], "m/1.sql:4 merged-migration-edited");
    assert!(found.iter().all(|it| it.starts_with("m/1.sql:4 ")), "{found:?}");
}

#[test]
fn a_hook_and_a_second_work_tree_see_their_own_files() {
    let repository = merged();
    repository.git(&["worktree", "add", "-q", "-b", "work", "tree"]);
    repository.write("tree/m/3.sql", INDEX);
    assert_eq!(found(&repository.lint("tree/m", &["--since", "main"])).len(), 1);
    // As git runs a hook of the second one.
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockkeeper"));
    let git_folder = repository.path(".git/worktrees/tree");
    command.env("GIT_DIR", &git_folder).env("GIT_INDEX_FILE", git_folder.join("index"));
    command
        .current_dir(repository.path("tree"))
        .args(["lint", "m", "--since", "main", "--format", "concise"]);
    let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(said.starts_with("m/3.sql:1:1: ") && said.lines().count() == 1, "{said}");
}

#[test]
fn a_new_file_that_sorts_before_a_merged_one_is_out_of_order() {
    let repository = Repository::with(&[("m/1.sql", USERS), ("m/10.sql", "SELECT 1;\n")]);
    repository.write("m/9.sql", "-- First.\nSELECT 2;\nSELECT 3;\n");
    repository.write("m/11.sql", "SELECT 4;\n");
    for path in ["m", "m/9.sql"] {
        let ran = repository.lint(path, &["--since", "main"]);
        assert_eq!(found(&ran), ["m/9.sql:2 migration-out-of-order"], "{path}");
        assert!(ran.stdout.contains("sorts before m/10.sql, "), "{}", ran.stdout);
    }
    assert_eq!(found(&repository.lint("m/11.sql", &["--since", "main"])), [""; 0]);
}

#[test]
fn names_and_folders_may_be_of_any_kind() {
    let folder = "of the shop/ordnér \"a\"";
    let repository = Repository::with(&[
        (&format!("{folder}/1 é.sql"), USERS),
        (&format!("{folder}/2 é.sql"), "SELECT 1;\n"),
    ]);
    // What a user may have set changes how git shows differences.
    for (name, value) in [
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.relative", "true"),
        ("diff.interHunkContext", "9"),
        ("diff.renames", "false"),
        ("diff.external", "false"),
        ("color.ui", "always"),
        ("core.quotePath", "true"),
    ] {
        repository.git(&["config", name, value]);
    }
    repository.write(&format!("{folder}/2 é.sql"), &format!("SELECT 1;\n{INDEX}"));
    repository.write(&format!("{folder}/3\té.sql"), INDEX);
    let ran = repository.lint(folder, &["--since", "main", "--format", "json=/dev/null"]);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{}{}", ran.stdout, ran.stderr);
    assert!(lines[0].starts_with("of the shop/ordnér \"a\"/2 é.sql:2:1: warning[merged-migration-edited]"));

    // From a subfolder, with the working directory of a process of its own.
    let lint = |directory: &Path, path: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockkeeper"));
        let args = ["lint", path, "--since", "main", "--format", "concise"];
        let output = command.current_dir(directory).args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr)
    };
    for (directory, path, start) in [
        (folder, ".", "2 é.sql:2:1: warning["),
        ("of the shop", "ordnér \"a\"", "ordnér \"a\"/2 é.sql:2:1: warning["),
        (folder, "2 é.sql", "2 é.sql:2:1: warning["),
        (folder, "../ordnér \"a\"", "../ordnér \"a\"/2 é.sql:2:1: warning["),
    ] {
        let said = lint(&repository.path(directory), path);
        assert!(said.starts_with(start), "{directory} {path}: {said}");
    }
}

#[test]
fn a_merge_in_the_middle_is_judged_as_it_stands() {
    let repository = merged();
    repository.git(&["checkout", "-q", "-b", "work"]);
    repository.write("m/2.sql", "CREATE INDEX ours ON users (id);\n");
    repository.commit();
    repository.git(&["checkout", "-q", "main"]);
    repository.write("m/2.sql", "CREATE INDEX theirs ON users (id);\n");
    repository.commit();
    let path = repository.path("");
    let merge = Command::new("git").arg("-C").arg(path).args(["merge", "-q", "work"]).output().unwrap();
    assert!(!merge.status.success());
    let found = found(&repository.lint("m", &["--since", "work"]));
    assert!(found.contains(&"m/2.sql:1 unreadable-statement".to_owned()), "{found:?}");
}

#[test]
fn ci_says_since_when() {
    let repository = merged();
    let base = repository.git(&["rev-parse", "HEAD"]).trim().to_owned();
    repository.git(&["update-ref", "refs/remotes/origin/release/1", "HEAD"]);
    repository.git(&["checkout", "-q", "--detach"]);
    repository.git(&["branch", "-q", "-D", "main"]);
    repository.write("m/3.sql", "CREATE INDEX a ON users (id);\n");
    repository.commit();
    let variables = [
        ("GITHUB_BASE_REF", "release/1"),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "release/1"),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &base),
        ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/release/1"),
    ];
    for variable in variables {
        let ran = repository.lint_in("m", &["--since", "auto"], &[variable]);
        assert_eq!(found(&ran), ["m/3.sql:1 index-blocks-writes"], "{variable:?}");
        // Only who asks for it gets it.
        assert_eq!(found(&repository.lint_in("m", &[], &[variable])).len(), 2);
    }
    // A job that is for no request judges everything.
    let nothing = [("GITHUB_BASE_REF", ""), ("CI", "true")];
    assert_eq!(found(&repository.lint_in("m", &["--since", "auto"], &nothing)).len(), 2);
    // The file can ask for it, and the command line has the last word.
    repository.write("lockkeeper.toml", "since = \"auto\"\n");
    assert_eq!(found(&repository.lint_in("m", &[], &variables[..1])).len(), 1);
    assert_eq!(found(&repository.lint_in("m", &["--since", ""], &variables[..1])).len(), 2);
    assert_eq!(found(&repository.lint_in("m", &["--since", "HEAD~0"], &variables[..1])).len(), 0);
}

#[test]
fn what_git_cannot_tell_stops_the_run() {
    let repository = merged();
    repository.write("m/3.sql", INDEX);
    repository.commit();
    let says = |ran: crate::cli::Ran, expected: &str| {
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    };
    says(
        repository.lint("m", &["--since", "mian"]),
        "error: --since: git knows no commit `mian`; `git fetch`",
    );
    says(repository.lint("m", &["--since=--help"]), "error: --since: git knows no commit `--help`");
    repository.git(&["update-ref", "refs/remotes/origin/stable", "HEAD"]);
    says(repository.lint("m", &["--since", "stable"]), "did you mean `origin/stable`?");
    repository.git(&["checkout", "-q", "--orphan", "other"]);
    repository.commit();
    says(repository.lint("m", &["--since", "main"]), "HEAD and main have no common commit");

    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("1.sql"), INDEX).unwrap();
    let path = outside.path().display().to_string();
    says(lockkeeper(&["lint", &path, "--since", "main"]), "--since needs a git repository: ");
    let both = [path.as_str(), &repository.path("m").display().to_string()];
    git(outside.path(), &["init", "-q"]);
    says(lockkeeper(&["lint", both[0], both[1], "--since", "main"]), "the files are in two repositories, ");

    let mut command = Command::new(env!("CARGO_BIN_EXE_lockkeeper"));
    let output = command.args(["lint", both[1], "--since", "main"]).env("PATH", "").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("there is no `git` in PATH"), "{said}");
}

#[test]
fn a_shallow_clone_says_what_to_fetch() {
    let repository = merged();
    repository.git(&["checkout", "-q", "-b", "work"]);
    for n in 3..6 {
        repository.write(&format!("m/{n}.sql"), "SELECT 1;\n");
        repository.commit();
    }
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file://{}", repository.path("").display());
    git(folder.path(), &["clone", "-q", "--depth", "1", "--branch", "work", &url, "clone"]);
    let clone = folder.path().join("clone");
    let path = clone.join("m").display().to_string();
    let says = |since: &str, expected: &str| {
        let ran = lockkeeper(&["lint", &path, "--since", since]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        let parts = ["this clone is shallow", "`fetch-depth: 0`", "`git fetch --unshallow`", expected];
        assert!(parts.iter().all(|it| ran.stderr.contains(it)), "{}", ran.stderr);
    };
    says("origin/main", "what `origin/main` is");
    // The branch is there, but not where HEAD left it.
    git(&clone, &["fetch", "-q", "--depth", "1", "origin", "main:main"]);
    says("main", "where HEAD left main");
    git(&clone, &["fetch", "-q", "--unshallow"]);
    assert_eq!(lockkeeper(&["lint", &path, "--since", "main"]).code, 0);
}
