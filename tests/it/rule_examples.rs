//! Every rule's page is its test: the examples do what their fences say, and each condition is there for one of them.
//!
//! `UPDATE_EXPECT=1 cargo test` writes the shown reports anew.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use lockkeeper::{
    config::Config,
    finding::{Finding, Severity},
    lint::{Change, Input, InputRole, Lines, Options, Shown, judge_overrides, judge_snapshot, lint},
    rule::{Example, Mark, Overrides, Producer, Reasons, Rule, RuleSet, When},
    sql::source::Source,
    traffic::{Snapshot, Traffic},
};
use toml::value::Datetime;

use crate::support::lint_options;

/// The version of an example that names none.
const MAJOR: u16 = 15;

/// The day of all examples.
const TODAY: &str = "2026-11-21";

/// The rules as they are on disk now, so that an edited page needs no new build.
fn rules_on_disk() -> RuleSet {
    let read = |entry: fs::DirEntry| {
        let id = entry.path().file_stem().unwrap().to_string_lossy().into_owned();
        (id, fs::read_to_string(entry.path()).unwrap())
    };
    let pages: Vec<_> = fs::read_dir(folder()).unwrap().map(|it| read(it.unwrap())).collect();
    RuleSet::default().with(pages.iter().map(|(id, page)| (id.as_str(), page.as_str()))).unwrap()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

fn findings(rules: &RuleSet, example: &Example) -> Vec<Finding> {
    let input = |path: &str, text: &str, role, change| Input {
        source: Source::new(path, text.as_bytes().to_vec()),
        role,
        framework: "plain",
        runner: if role == InputRole::Linted { example.options.transaction } else { None },
        parts: Vec::new(),
        change,
    };
    let mut inputs = vec![input("schema.sql", &example.schema, InputRole::Schema, Change::Unknown)];
    for (n, text) in example.deploy.iter().enumerate() {
        let path = format!("{}.sql", n + 1);
        inputs.push(input(&path, text, InputRole::Linted, Change::New { behind: None }));
    }
    inputs.push(input("example.sql", &example.sql, InputRole::Linted, change(example)));
    let options = Options {
        require_reason: example.options.reasons == Some(Reasons::Required),
        traffic: example.snapshot.as_deref().map_or_else(Arc::default, traffic),
        ..lint_options(example.options.pg.unwrap_or(MAJOR))
    };
    let files = lint(&inputs, rules, &options);
    let shown = files.iter().fold(Shown::default(), |all, it| all.and(it.shown));
    let mut found: Vec<_> = files.into_iter().flat_map(|it| it.findings).collect();
    found.retain(|it| &*it.path == "example.sql");
    found.extend(judge_snapshot(Path::new("lockkeeper.snapshot.json"), &options.traffic, shown, rules));
    if let Some(text) = &example.config {
        let config = Config::parse(Path::new("lockkeeper.toml"), text.clone()).unwrap();
        let mut overrides =
            Overrides::new(&config.overrides, TODAY.parse::<Datetime>().unwrap().date.unwrap());
        for finding in &mut found {
            overrides.apply(finding, "example.sql");
        }
        found.retain(|it| it.severity > Severity::Off);
        let source = Source::new("lockkeeper.toml", text.clone().into_bytes());
        found.extend(judge_overrides(overrides.misuses(rules, &|_| true), &source, rules));
    }
    found
}

/// What is known of the tables of an example with a snapshot.
fn traffic(snapshot: &str) -> Arc<Traffic> {
    Arc::new(Traffic::default().with(Snapshot::parse(snapshot).unwrap(), None))
}

/// What changed in an example: all lines of one that was merged.
fn change(example: &Example) -> Change {
    match (&example.merged, &example.options.behind) {
        (Some(merged), _) => {
            Change::Edited { lines: vec![Lines { first: 1, last: u32::MAX }], merged: vec![merged.clone()] }
        }
        (None, Some(last)) => Change::New { behind: Some(last.clone()) },
        (None, None) if !example.deploy.is_empty() => Change::New { behind: None },
        (None, None) => Change::Unknown,
    }
}

fn report(findings: &[Finding]) -> String {
    let line = |it: &Finding| {
        let (at, severity) = (it.start, it.severity.name());
        format!("{}:{}: {severity}[{}]: {}\n", at.line, at.column, it.rule, it.message)
    };
    findings.iter().map(line).collect()
}

/// What `rule` finds, with all others on: none of them may keep it from that, or do its work.
fn findings_of(rule: &Rule, all: &RuleSet, example: &Example) -> Vec<Finding> {
    let mut found = findings(all, example);
    found.retain(|it| it.rule == rule.id);
    found
}

/// What is wrong with an example of `rule`.
fn failure(rule: &Rule, all: &RuleSet, example: &Example) -> Option<String> {
    let found = findings_of(rule, all, example);
    let wrong = match example.mark {
        Mark::Bad if found.len() != 1 => format!("should be found once:\n{}", report(&found)),
        Mark::Bad => return shown_report_failure(example, &report(&found)),
        Mark::Elsewhere if !found.is_empty() => format!("is not for this rule:\n{}", report(&found)),
        Mark::Good => {
            let mut found = findings(all, example);
            // What a pack that nobody asked for would say is not heard.
            let is_heard = |it: &Finding| {
                all.find(&it.rule).is_none_or(|other| !other.pack.is_opt_in() || other.id == rule.id)
            };
            found.retain(|it| it.severity > Severity::Note && is_heard(it));
            if found.is_empty() {
                return None;
            }
            format!("advice breaks a rule:\n{}", report(&found))
        }
        Mark::Elsewhere => return None,
    };
    Some(wrong)
}

fn shown_report_failure(example: &Example, report: &str) -> Option<String> {
    let shown = example.report.as_ref()?;
    (shown.trim() != report.trim()).then(|| format!("shows\n{shown}but the report is\n{report}"))
}

#[test]
fn every_example_does_what_its_fence_says() {
    let all = rules_on_disk();
    let mut failures = Vec::new();
    for rule in all.rules() {
        if env::var_os("UPDATE_EXPECT").is_some() {
            write_reports(rule, &all);
        }
        for example in &rule.examples {
            if let Some(failure) = failure(rule, &all, example) {
                failures
                    .push(format!("\n== rules/{}.md:{}\n{}-- {failure}", rule.id, example.line, example.sql));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.concat());
}

/// Writes the report of each bad example that shows one.
fn write_reports(rule: &Rule, all: &RuleSet) {
    let mut page = String::new();
    let mut lines = rule.page.lines().enumerate().peekable();
    let mut report_of: Option<&Example> = None;
    while let Some((n, line)) = lines.next() {
        page += line;
        page.push('\n');
        if let Some(example) = rule.examples.iter().find(|it| it.line == n + 1) {
            report_of = Some(example).filter(|it| it.mark == Mark::Bad);
        }
        if line == "```text"
            && let Some(example) = report_of.take()
        {
            page += &report(&findings_of(rule, all, example));
            while lines.next_if(|(_, line)| *line != "```").is_some() {}
        }
    }
    fs::write(folder().join(format!("{}.md", rule.id)), page).unwrap();
}

/// The rule with each of its conditions dropped in turn, and each `[[when]]` as a whole.
fn weaker_and_stronger(rule: &Rule) -> Vec<(String, Rule)> {
    let mut mutants = Vec::new();
    for (n, when) in rule.when.iter().enumerate() {
        let with = |when: Option<When>| {
            let mut rule = rule.clone();
            rule.when.splice(n..=n, when);
            rule
        };
        mutants.extend(
            when.each_dropped().into_iter().map(|(name, it)| (name.replace('_', "-"), with(Some(it)))),
        );
        if rule.when.len() > 1 {
            mutants.push((format!("[[when]] {}", n + 1), with(None)));
        }
    }
    if rule.otherwise {
        mutants.push(("otherwise".to_owned(), Rule { otherwise: false, ..rule.clone() }));
    }
    mutants
}

#[test]
fn every_condition_is_needed_by_an_example() {
    let all = rules_on_disk();
    let mut needless = Vec::new();
    for rule in all.rules() {
        for (name, mutant) in weaker_and_stronger(rule) {
            let others = all.rules().iter().filter(|it| it.id != rule.id).cloned();
            let mutants = RuleSet::of(others.chain([mutant]).collect());
            if !rule.examples.iter().any(|it| failure(rule, &mutants, it).is_some()) {
                needless.push(format!("{}: no example turns red without {name}\n", rule.id));
            }
        }
    }
    assert!(needless.is_empty(), "\n{}", needless.concat());
}

#[test]
fn every_page_says_why_what_instead_and_where_from() {
    let all = rules_on_disk();
    for rule in all.rules() {
        let headings: Vec<&str> = rule.page.lines().filter(|it| it.starts_with("## ")).collect();
        assert_eq!(headings, ["## Why", "## Instead", "## Sources"], "{}", rule.id);
        // What only a server shows has its tests in `dry_run`.
        if rule.produced_by == Some(Producer::DryRun) {
            continue;
        }
        let first = rule.examples.first().unwrap();
        assert!(
            first.mark == Mark::Bad && first.report.is_some(),
            "{}: a bad example with its report first",
            rule.id
        );
        assert!(rule.examples.iter().any(|it| it.mark == Mark::Good), "{}: no good example", rule.id);
    }
}
