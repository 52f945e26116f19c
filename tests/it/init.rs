//! `init`: the first five minutes in a repository that does not know lockkeeper yet.

use std::{fs, path::Path, process::Command};

use lockkeeper::config::Config;
use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

use crate::{
    cli::{Ran, lockkeeper},
    repository::{Repository, in_folder},
    support::files_below,
};

fn init(repository: &Repository, args: &[&str]) -> Ran {
    in_folder(&repository.path(""), &[&["init"], args].concat())
}

fn read(repository: &Repository, path: &str) -> String {
    fs::read_to_string(repository.path(path)).unwrap()
}

fn yaml(text: &str) -> Yaml {
    YamlLoader::load_from_str(text).unwrap().remove(0)
}

/// The files that a run judges, in order, each with the framework.
fn judged(ran: &Ran) -> Vec<(String, String)> {
    assert!(ran.code < 2, "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let text = |it: &Value| it.as_str().unwrap().trim_start_matches("./").to_owned();
    report["files"].as_array().unwrap().iter().map(|it| (text(&it["path"]), text(&it["framework"]))).collect()
}

#[test]
fn init_then_lint_works_in_a_project_of_each_framework() {
    let mut projects: Vec<_> =
        fs::read_dir("fixtures/frameworks").unwrap().map(|it| it.unwrap().path()).collect();
    projects.push("fixtures/shop".into());
    for project in projects {
        let repository = Repository::with(&[("README.md", "")]);
        for path in files_below(&project).iter().filter(|it| !it.ends_with("expected.txt")) {
            let to = repository.path(path.strip_prefix(&project).unwrap().to_str().unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(path, to).unwrap();
        }
        repository.commit();
        let all = in_folder(&repository.path(""), &["lint", ".", "--format", "json"]);
        let ran = init(&repository, &["--ci", "github", "--pre-commit"]);
        let said = format!("{}: {}{}", project.display(), ran.stdout, ran.stderr);
        assert_eq!(ran.code, 0, "{said}");
        let config = Config::read(&repository.path("lockkeeper.toml"));
        assert_eq!(config.map_err(|it| it.to_string()).unwrap().paths.len(), 1, "{said}");
        // The same files by the same framework in the same order as if the whole project were named.
        let linted = in_folder(&repository.path(""), &["lint", "--format", "json"]);
        assert_eq!(judged(&linted), judged(&all), "{said}");
        assert!(!judged(&all).is_empty());
        // Nothing of what was written is a migration, and a second time there is nothing to do.
        repository.commit();
        assert_eq!(in_folder(&repository.path(""), &["lint", "--since", "HEAD"]).code, 0);
        let again = init(&repository, &["--ci", "github", "--pre-commit"]);
        assert_eq!(again.code, 2, "{}", again.stdout);
        assert!(again.stderr.starts_with("error: nothing to write"), "{}", again.stderr);
        assert_eq!(repository.git(&["status", "--porcelain"]), "");
    }
}

#[test]
fn what_is_written_runs_what_there_is() {
    let repository =
        Repository::with(&[("services/a b's: #x $y/migrations/1_a.sql", "CREATE TABLE t (a int);\n")]);
    let ran =
        in_folder(&repository.path("services/a b's: #x $y"), &["init", "--ci", "github", "--pre-commit"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    repository.commit();
    repository.git(&["checkout", "-q", "-b", "work"]);
    repository.write("services/a b's: #x $y/migrations/2_b.sql", "CREATE INDEX ON t (a);\n");
    let workflow = yaml(&read(&repository, ".github/workflows/lockkeeper.yml"));
    let steps = workflow["jobs"]["lint"]["steps"].as_vec().unwrap();
    assert_eq!(steps[0]["with"]["fetch-depth"].as_i64(), Some(0));
    let hook = &yaml(&read(&repository, ".pre-commit-config.yaml"))["repos"][0]["hooks"][0];
    let gitlab = in_folder(&repository.path("services/a b's: #x $y"), &["init", "--ci", "gitlab"]);
    assert_eq!(gitlab.code, 0, "{}", gitlab.stderr);
    let job = &yaml(&read(&repository, ".gitlab/lockkeeper.yml"))["lockkeeper"];
    assert_eq!(job["variables"]["GIT_DEPTH"].as_str(), Some("0"));
    repository.write("lockkeeper.toml", "");
    repository.write("services/a b's: #x $y/lockkeeper.toml", "");
    let ran = in_folder(&repository.path("services"), &["init", "a b's: #x $y", "--force", "--ci", "none"]);
    assert!(ran.stdout.contains("lockkeeper.toml: it holds no longer"), "{}{}", ran.stdout, ran.stderr);
    fs::remove_file(repository.path("lockkeeper.toml")).unwrap();
    let included = yaml(&read(&repository, ".gitlab-ci.yml"));
    assert_eq!(included["include"][0]["local"].as_str(), Some(".gitlab/lockkeeper.yml"));
    let commands = [&steps[2]["run"], &hook["entry"], &job["script"][1]];
    for command in commands.map(|it| it.as_str().unwrap()) {
        // As a shell runs it at the repository's root, where CI names the branch that the request is for.
        let program = Path::new(env!("CARGO_BIN_EXE_lockkeeper"));
        let ran = Command::new("sh")
            .args(["-c", command])
            .current_dir(repository.path(""))
            .env("PATH", format!("{}:{}", program.parent().unwrap().display(), env!("PATH")))
            .env("GITHUB_BASE_REF", "main")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ran.stdout);
        assert_eq!(ran.status.code(), Some(1), "{command}: {said}{}", String::from_utf8_lossy(&ran.stderr));
        assert!(
            said.contains("error[index-blocks-writes]") && said.contains("in 1 statement of 1 file"),
            "{said}"
        );
    }
}

#[test]
fn several_projects_are_all_named_and_nothing_else_is() {
    let goose = "-- +goose Up\nCREATE TABLE t (a int);\n";
    let repository = Repository::with(&[
        ("services/billing/db/migrations/00001_a.sql", goose),
        ("services/shop/prisma/migrations/migration_lock.toml", ""),
        ("services/shop/prisma/migrations/20260101000000_a/migration.sql", "SELECT 1;\n"),
        ("services/shop/prisma/migrations/20260102000000_b/migration.sql", "SELECT 1;\n"),
        ("legacy/flyway.conf", ""),
        ("legacy/sql/2024/V1__a.sql", "SELECT 1;\n"),
        ("legacy/sql/2025/V2__b.sql", "SELECT 1;\n"),
        // None of these.
        ("services/shop/queries/1_top.sql", "SELECT 1;\n"),
        ("services/shop/seeds/01_users.sql", "SELECT 1;\n"),
        ("reports/monthly.sql", "SELECT 1;\n"),
        ("pkg/testdata/migrations/1_a.sql", goose),
        ("node_modules/x/migrations/1_a.sql", goose),
        ("internal/sqlite/migrations/1_a.sql", goose),
        ("internal/sqlite/schema.sql", "CREATE TABLE x (a int);\n"),
        ("initdb.d/01_roles.sql", "SELECT 1;\n"),
    ]);
    let ran = init(&repository, &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let found: Vec<&str> = ran.stdout.lines().filter_map(|it| it.strip_prefix("found: ")).collect();
    let expected = [
        "legacy/sql: flyway, by flyway.conf: 2 migrations",
        "services/billing/db/migrations: goose, by marks in its files: 1 migration",
        "services/shop/prisma/migrations: prisma, by migration_lock.toml: 2 migrations",
        "internal/sqlite/migrations: another database's migrations, by its name: not named",
        "nothing that says which PostgreSQL the migrations run on",
    ];
    assert_eq!(found, expected);
    let config = Config::read(&repository.path("lockkeeper.toml")).map_err(|it| it.to_string()).unwrap();
    assert_eq!(config.paths.len(), 3);
    assert!(ran.stdout.contains("next: `lockkeeper init --ci github` or `--ci gitlab`"), "{}", ran.stdout);
}

#[test]
fn a_schema_is_read_before_unless_the_migrations_lead_to_it() {
    let migration = ("db/migrations/1_a.sql", "create table IF NOT EXISTS shop.orders(id int);\n");
    let of = |dump: &str| {
        let repository = Repository::with(&[migration, ("db/schema.sql", dump)]);
        let ran = init(&repository, &[]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let config = Config::read(&repository.path("lockkeeper.toml")).unwrap();
        (config.schema.len(), ran.stdout)
    };
    let (n, said) = of("CREATE TABLE shop.users (id int);\n");
    assert!(n == 1 && said.contains("found: db/schema.sql: what was there before\n"), "{said}");
    let (n, said) = of("CREATE TABLE shop.users (id int);\nCREATE TABLE \"shop\".\"orders\" (id int);\n");
    assert!(n == 0 && said.contains("found: db/schema.sql: what the migrations lead to\n"), "{said}");
    assert_eq!(of("SELECT 1;\n").0, 0);
}

#[test]
fn the_version_is_the_oldest_of_those_nearest_to_the_server() {
    type Files<'a> = &'a [(&'a str, &'a str)];
    let cases: &[(Files, Option<u16>)] = &[
        (&[("compose.yml", "    image: postgres:16-alpine")], Some(16)),
        (&[("compose.yml", "    image: \"docker.io/library/postgres:14.2\" # not 15")], Some(14)),
        (&[("compose.yml", "image: postgis/postgis:15-3.4")], Some(15)),
        (&[("docker-compose.dev.yaml", "image: pgvector/pgvector:pg17")], Some(17)),
        (&[("compose.yml", "image: timescale/timescaledb:2.14.2-pg15")], Some(15)),
        (&[("compose.yml", "image: timescale/timescaledb:2.14.2")], None),
        (&[("compose.yml", "image: postgres:${POSTGRES_VERSION:-13}")], Some(13)),
        (&[("compose.yml", "image: postgres:latest")], None),
        (&[("compose.yml", "# image: postgres:16")], None),
        (&[("compose.yml", "URL: postgres://a:15@localhost:5432/db")], None),
        (&[("compose.yml", "HOST: postgres:5432\nPOSTGRES_PORT: 15")], None),
        // Of one that is too old or too new for us, the nearest.
        (&[("compose.yml", "image: postgres:11")], Some(13)),
        (&[("compose.yml", "image: postgres:19beta1")], Some(18)),
        (&[(".github/workflows/ci.yml", "        postgres: [18, '14', \"15\"]")], Some(14)),
        (&[(".github/workflows/ci.yml", "          image: postgres:${{ matrix.postgres }}")], None),
        (&[(".gitlab-ci.yml", "  services: [\"postgres:17\"]")], Some(17)),
        (&[(".circleci/config.yml", "    postgresql-version: '16'")], Some(16)),
        (&[("Dockerfile", "ARG PG_MAJOR=17")], Some(17)),
        (&[(".tool-versions", "postgres 16.2")], Some(16)),
        (&[("supabase/config.toml", "major_version = 15")], Some(15)),
        (&[("main.tf", "engine = \"aurora-postgresql\"\n  engine_version = \"15.4\"")], Some(15)),
        (&[("main.tf", "engine = \"mysql\"\nengine_version = \"15.4\"")], None),
        (&[("main.tf", "  database_version = \"POSTGRES_14\"")], Some(14)),
        (
            &[("compose.yml", "image: postgres:18"), ("main.tf", "database_version = \"POSTGRES_16\"")],
            Some(16),
        ),
        (&[("compose.yml", "image: postgres:16\n---\nimage: postgres:15")], Some(15)),
    ];
    for (files, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files.iter().chain(&[("migrations/1_a.sql", "SELECT 1;\n")]) {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let ran = lockkeeper(&["init", &folder.path().display().to_string()]);
        assert_eq!(ran.code, 0, "{files:?}: {}", ran.stderr);
        let config = Config::read(&folder.path().join("lockkeeper.toml")).map_err(|it| it.to_string());
        assert_eq!(config.unwrap().postgres, *expected, "{files:?}: {}", ran.stdout);
    }
}

#[test]
fn what_exists_is_left_as_it_is() {
    let repository = Repository::with(&[
        ("migrations/1_a.sql", "SELECT 1;\n"),
        ("lockkeeper.toml", "postgres = 17\n"),
        (".github/workflows/ci.yml", "on: push\n"),
    ]);
    let ran = init(&repository, &["--dry-run"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("--- /dev/null\n+++ b/.github/workflows/lockkeeper.yml\n@@ "),
        "{}",
        ran.stdout
    );
    assert_eq!(repository.git(&["status", "--porcelain"]), "", "a dry run writes nothing");
    // What is printed is what is written.
    let diff = ran.stdout.split_once("--- ").unwrap().1.split_once("left: ").unwrap().0;
    repository.write("x.diff", &format!("--- {diff}"));
    repository.git(&["apply", "x.diff"]);
    let applied = read(&repository, ".github/workflows/lockkeeper.yml");
    fs::remove_file(repository.path(".github/workflows/lockkeeper.yml")).unwrap();
    let ran = init(&repository, &[]);
    assert_eq!(read(&repository, ".github/workflows/lockkeeper.yml"), applied);
    let expected =
        "wrote: .github/workflows/lockkeeper.yml\nleft: lockkeeper.toml exists; --force writes it anew\n";
    assert!(ran.stdout.contains(expected), "{}", ran.stdout);
    assert_eq!(read(&repository, "lockkeeper.toml"), "postgres = 17\n");
    let ran = init(&repository, &["--force"]);
    assert!(ran.stdout.contains("changed: lockkeeper.toml\n"), "{}", ran.stdout);
    assert!(read(&repository, "lockkeeper.toml").contains("\"migrations\", # "));
    // GitLab's own file is the user's.
    repository.write(".gitlab-ci.yml", "test:\n  script: [\"true\"]\n");
    let ran = init(&repository, &["--ci", "gitlab"]);
    assert!(
        ran.stdout.contains("next: include `local: .gitlab/lockkeeper.yml` in .gitlab-ci.yml\n"),
        "{}",
        ran.stdout
    );
    assert_eq!(read(&repository, ".gitlab-ci.yml"), "test:\n  script: [\"true\"]\n");
}

#[test]
fn a_hook_is_added_and_nothing_else_changed() {
    let item = |indent: &str| {
        let ran = Repository::with(&[("migrations/1_a.sql", "SELECT 1;\n")]);
        init(&ran, &["--pre-commit"]);
        let text = read(&ran, ".pre-commit-config.yaml");
        let lines = text.lines().skip(1).map(|it| format!("{indent}{}\n", &it[2..]));
        lines.collect::<String>()
    };
    // `+` is where the hook goes.
    let cases: &[(&str, Option<&str>)] = &[
        ("repos:\n- repo: a # x\n  hooks:\n  - id: b\n+", Some("")),
        ("# Ours.\nrepos:\n  - repo: a\n    hooks: [{id: b}]\n+", Some("")),
        ("fail_fast: true\nrepos:\n  - repo: a\n    hooks: []\n+\n# The rest.\nci:\n  skip: [b]\n", Some("")),
        ("repos:\r\n  - repo: a\r\n    hooks: []\r\n+", Some("\r")),
        ("repos:\n  - repo: a\n    hooks: []+", Some("\n")),
        ("repos:\n  - repo: a\n    hooks:\n      - id: b\n        args: |\n          x\n+\n", Some("")),
        // Not to be told from the lines.
        ("repos: [{repo: a, hooks: []}]\n", None),
        ("repos: []\n", None),
        ("repos:\n", None),
        ("hooks: {\n", None),
    ];
    for (text, expected) in cases {
        let (before, after) = text.split_once('+').unwrap_or((text, ""));
        let repository = Repository::with(&[("migrations/1_a.sql", "SELECT 1;\n")]);
        repository.write(".pre-commit-config.yaml", &format!("{before}{after}"));
        let ran = init(&repository, &[]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let now = read(&repository, ".pre-commit-config.yaml");
        match expected {
            None => {
                assert_eq!(now, *text);
                assert!(
                    ran.stdout.contains("next: add this to .pre-commit-config.yaml:\n  - repo: local\n"),
                    "{}",
                    ran.stdout
                );
            }
            Some(gap) => {
                let indent = if before.contains("\n- repo") { "" } else { "  " };
                let (item, gap) = match *gap {
                    "\r" => (item(indent).replace('\n', "\r\n"), ""),
                    gap => (item(indent), gap),
                };
                assert_eq!(now, format!("{before}{gap}{item}{after}"));
                let again = init(&repository, &[]);
                assert!(again.stdout.contains("left: .pre-commit-config.yaml has the hook already"));
            }
        }
    }
}

#[test]
fn a_project_without_sql_files_is_told_what_to_do() {
    let repository = Repository::with(&[("README.md", "")]);
    let ran = init(&repository, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.starts_with("error: no migrations in .: "), "{}", ran.stderr);
    assert_eq!(repository.git(&["status", "--porcelain"]), "");
    for path in ["env.py", "versions/1_a.py", "versions/2_b.py"] {
        repository.write(&format!("alembic/{path}"), "");
    }
    for path in ["a/migrations/0001_initial.py", "a/migrations/__init__.py", "b/migrations/0001_initial.py"] {
        repository.write(path, "");
    }
    repository.write("c/migrations/__init__.py", "");
    // Most of them are code, so that the one file says nothing of the rest.
    for path in ["1_a.exs", "2_b.exs", "3_c.sql"] {
        repository.write(&format!("priv/repo/migrations/{path}"), "SELECT 1;\n");
    }
    let ran = init(&repository, &["--ci", "github", "--pre-commit"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        !repository.path(".github").exists() && ran.stdout.contains("\nnext: lint what prints"),
        "{}",
        ran.stdout
    );
    let found: Vec<&str> = ran.stdout.lines().filter_map(|it| it.strip_prefix("found: ")).collect();
    let expected = [
        "alembic/versions: migrations that are code (Alembic): `lockkeeper lint --from-command alembic`",
        "a/migrations and 1 more: migrations that are code (Django): \
         `lockkeeper lint --from-command django`",
        "priv/repo/migrations: migrations that are code (Ecto): give `lint --from-command` what prints their SQL",
    ];
    assert_eq!(found[..3], expected);
    Config::read(&repository.path("lockkeeper.toml")).map_err(|it| it.to_string()).unwrap();
}

#[test]
fn what_was_declared_for_squawk_goes_on() {
    let squawk = "pg_version = \"16.0\"\nexcluded_rules = [\"require-concurrent-index-creation\", \"ban-set-default\", \"no-rule\"]\n\
                  excluded_paths = [\"migrations/2_*.sql\", \"[\"]\nassume_in_transaction = true\n";
    let repository = Repository::with(&[
        ("migrations/1_a.sql", "CREATE INDEX ON t (a);\nDROP TABLE t;\n"),
        ("migrations/2_b.sql", "DROP TABLE x;\n"),
        (".squawk.toml", squawk),
    ]);
    let ran = init(&repository, &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("found: .squawk.toml: rules off: 1, paths left out: 1\n"), "{}", ran.stdout);
    let config = Config::read(&repository.path("lockkeeper.toml")).map_err(|it| it.to_string()).unwrap();
    assert_eq!((config.postgres, config.foreign.len(), config.rules.len()), (Some(16), 1, 1));
    let ran = in_folder(&repository.path(""), &["lint", "--format", "concise"]);
    assert!(ran.stdout.contains("error[table-drop-loses-data]"), "{}{}", ran.stdout, ran.stderr);
    assert!(!ran.stdout.contains("index-blocks-writes") && !ran.stdout.contains("2_b.sql"), "{}", ran.stdout);
}

#[test]
fn comments_for_another_linter_are_obeyed_from_the_start() {
    let index = "-- squawk-ignore require-concurrent-index-creation\nCREATE INDEX ON t (a);\n";
    let repository = Repository::with(&[("migrations/1_a.sql", index)]);
    assert_eq!(init(&repository, &[]).code, 0);
    let ran = in_folder(&repository.path(""), &["lint", "--format", "concise"]);
    assert!(!ran.stdout.contains("index-blocks-writes"), "{}", ran.stdout);
}
