//! The shape of the source: who may use whom, and what a file must say of itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Who may use whom. A new arrow is a design decision: change it here, in its own commit.
const ALLOWED: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("suggest", &[]),
    ("sql", &[]),
    ("finding", &["sql", "traffic"]),
    ("traffic", &["effect", "sql"]),
    ("catalog", &["effect", "sql"]),
    ("effect", &["catalog", "sql"]),
    ("rule", &["effect", "error", "finding", "sql", "suggest", "traffic"]),
    ("lint", &["catalog", "effect", "finding", "rule", "sql", "traffic"]),
    ("fix", &["catalog", "effect", "finding", "lint", "migration", "rule", "sql"]),
    ("pg", &["effect", "error", "sql", "traffic"]),
    ("dry_run", &["effect", "error", "pg", "sql", "traffic"]),
    ("report", &["dry_run", "effect", "error", "finding", "lint", "pg", "sql", "traffic"]),
    ("lsp", &["effect", "error", "finding", "fix", "lint", "rule"]),
    ("config", &["effect", "error", "finding", "migration", "rule", "suggest", "traffic"]),
    ("migration", &["effect", "error", "sql"]),
    (
        "cli",
        &[
            "config",
            "dry_run",
            "effect",
            "error",
            "finding",
            "fix",
            "lint",
            "lsp",
            "migration",
            "pg",
            "report",
            "rule",
            "sql",
            "traffic",
        ],
    ),
];

/// What of a module another may use, where the arrow alone would say too much.
///
/// The session in the catalog holds locks on relations, so it needs the words for them; the effects are predicted from the catalog.
/// The words are below both: only [`Lock`](lockkeeper::effect::Lock) and its kin may be used, never a prediction.
const ONLY: &[(&str, &str, &[&str])] =
    &[("catalog", "effect", &["Lock", "Locked", "Relation", "Role", "Target", "WorkSet"])];

/// A crate that one place may name, so that it can be exchanged there; and who carries its types on.
const NAMED_ONLY_BY: &[(&str, &[&str])] = &[
    ("squawk_syntax", &["src/sql/parse/"]),
    ("squawk_parser", &["src/sql/parse/"]),
    ("rowan", &["src/sql/parse/"]),
    ("tokio_postgres", &["src/pg/", "src/error.rs"]),
    ("tokio_postgres_rustls", &["src/pg/"]),
    ("rustls", &["src/pg/"]),
    ("rustls_native_certs", &["src/pg/"]),
    ("lsp_server", &["src/lsp/"]),
    ("lsp_types", &["src/lsp/"]),
    ("include_dir", &["src/rule/set.rs"]),
    ("annotate_snippets", &["src/report/", "src/config/mistake.rs"]),
    ("comfy_table", &["src/cli/", "src/report/"]),
    ("askama", &["src/report/dry_run/html/"]),
    ("indicatif", &["src/cli/progress.rs"]),
    ("clap", &["src/cli/", "src/report/mod.rs", "src/report/dry_run/mod.rs", "src/config/mod.rs"]),
];

/// More lines than this need a reason, which the file's `//!` gives after the word "Long". A table of test cases needs none.
const MAX_LINES: usize = 400;

struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The text without comments, so that prose may name anything.
    fn code(&self) -> String {
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        self.text.lines().filter(is_code).fold(String::new(), |code, line| code + line + "\n")
    }

    /// The module under `src` that it belongs to; `None` for the roots.
    fn module(&self) -> Option<String> {
        let below = self.path.strip_prefix("src").ok()?;
        let first = Path::new(below.components().next()?.as_os_str()).file_stem()?.to_str()?;
        (!matches!(first, "lib" | "main")).then(|| first.to_owned())
    }

    /// Every `crate::…` path in the code, as far as it is written: `effect::Lock`.
    fn uses(&self) -> BTreeSet<String> {
        let code = self.code();
        let mut uses = BTreeSet::new();
        for (at, _) in code.match_indices("crate::") {
            // `$crate::` and `my_crate::` are something else.
            if !code[..at].ends_with(|it: char| it.is_alphanumeric() || it == '_') {
                expand("", &code[at + "crate::".len()..], &mut uses);
            }
        }
        uses
    }
}

/// Adds the paths that a use tree names: `{a, b::{c, d}}` is `a`, `b::c` and `b::d`. Returns what follows the tree.
fn expand<'t>(prefix: &str, tree: &'t str, uses: &mut BTreeSet<String>) -> &'t str {
    let tree = tree.trim_start();
    if let Some(mut rest) = tree.strip_prefix('{') {
        loop {
            rest = expand(prefix, rest, uses).trim_start();
            match rest.strip_prefix(',') {
                Some(next) => rest = next,
                None => return rest.strip_prefix('}').unwrap_or(rest),
            }
        }
    }
    let end = tree.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(tree.len());
    let (name, rest) = tree.split_at(end);
    let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}::{name}") };
    if let Some(rest) = rest.strip_prefix("::") {
        return expand(&path, rest, uses);
    }
    if !name.is_empty() {
        uses.insert(path);
    }
    let rest = rest.trim_start();
    rest.strip_prefix("as ")
        .map_or(rest, |it| it.trim_start_matches(|it: char| it.is_alphanumeric() || it == '_'))
}

fn sources(folder: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                sources.push(Source { path, text });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!sources.is_empty(), "{folder}");
    sources
}

fn complain(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn modules_use_only_what_is_below_them() {
    let mut complaints = Vec::new();
    let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    for source in sources("src") {
        let Some(module) = source.module() else { continue };
        let Some(allowed) = allowed.get(module.as_str()) else {
            complaints.push(format!("{}: the module {module} is not in the table", source.name()));
            continue;
        };
        for path in source.uses() {
            let (used, part) = path.split_once("::").unwrap_or((&path, ""));
            let only = ONLY.iter().find(|it| it.0 == module && it.1 == used);
            let is_allowed = allowed.contains(&used) && only.is_none_or(|it| it.2.contains(&part));
            if used != module && !is_allowed {
                complaints.push(format!("{}: {module} may not use {path}", source.name()));
            }
        }
    }
    complain(&complaints);
}

#[test]
fn every_allowed_arrow_is_used() {
    let mut arrows: BTreeSet<(String, String)> = BTreeSet::new();
    for source in sources("src") {
        let Some(module) = source.module() else { continue };
        let used = |path: &String| path.split("::").next().unwrap_or_default().to_owned();
        arrows.extend(source.uses().iter().map(|it| (module.clone(), used(it))));
    }
    let mut complaints = Vec::new();
    for (module, allowed) in ALLOWED {
        for used in *allowed {
            if !arrows.contains(&((*module).to_owned(), (*used).to_owned())) {
                complaints.push(format!("{module} does not use {used}: take the arrow out of the table"));
            }
        }
    }
    complain(&complaints);
}

#[test]
fn the_core_reads_no_clock_and_does_no_io() {
    const PURE: [&str; 7] = ["sql", "catalog", "effect", "traffic", "rule", "lint", "fix"];
    const IMPURE: [&str; 8] =
        ["std::fs", " fs::", "std::net", "std::env", "std::process", "Instant", "SystemTime", "tokio"];
    let mut complaints = Vec::new();
    for source in sources("src") {
        if source.module().is_some_and(|it| PURE.contains(&it.as_str())) {
            let code = source.code();
            let impure = IMPURE.iter().filter(|it| code.contains(*it));
            complaints.extend(impure.map(|it| format!("{}: {it}", source.name())));
        }
    }
    complain(&complaints);
}

#[test]
fn only_the_binary_names_the_standard_streams() {
    let is_stream = |code: &str| ["io::stdout", "io::stderr", "io::stdin"].iter().any(|it| code.contains(it));
    let sources = sources("src").into_iter().filter(|it| it.path != Path::new("src/main.rs"));
    complain(&sources.filter(|it| is_stream(&it.code())).map(|it| it.name()).collect::<Vec<_>>());
}

#[test]
fn a_crate_that_may_be_exchanged_is_named_in_one_place() {
    let mut complaints = Vec::new();
    for source in sources("src") {
        let (code, name) = (source.code(), source.name());
        for (used, places) in NAMED_ONLY_BY {
            let is_named = code.contains(&format!("{used}::")) || code.contains(&format!("use {used}"));
            if is_named && !places.iter().any(|it| name.starts_with(it)) {
                complaints.push(format!("{name}: {used}"));
            }
        }
    }
    complain(&complaints);
}

#[test]
fn every_file_says_what_it_is_for_and_is_short_or_says_why_not() {
    let mut complaints = Vec::new();
    let is_test = |it: &Source| it.path.starts_with("tests");
    for source in sources("src").into_iter().chain(sources("tests")) {
        let (name, n_lines) = (source.name(), source.text.lines().count());
        let head: Vec<&str> = source.text.lines().take_while(|it| it.starts_with("//!")).collect();
        if head.is_empty() {
            complaints.push(format!("{name}: the first line is no //!"));
        }
        if !is_test(&source) && n_lines > MAX_LINES && !head.iter().any(|it| it.starts_with("//! Long")) {
            complaints.push(format!("{name}: {n_lines} lines, and no `//! Long` that says why"));
        }
    }
    complain(&complaints);
}

#[test]
fn the_binary_stays_small() {
    let main = fs::read_to_string("src/main.rs").unwrap();
    assert!(main.lines().count() <= 30, "{}", main.lines().count());
}
