//! The migrations: which are found, in what order, what of them cannot be read, and what is declared of their findings.

use std::path::{Path, PathBuf};

use super::{
    super::{
        World,
        args::Doctor,
        known::Known,
        place,
        prepared::{Extras, Prepared},
        sift::Sift,
        since::{self, Since},
    },
    Check, counted,
};
use crate::{
    config::Config,
    effect::Runner,
    error::Error,
    lint::{Input, InputRole},
    migration::{self, Depth, Detected, Exclude},
};

/// How many names are shown.
const MAX_SHOWN: usize = 5;

/// Looks at everything that files say.
pub(super) fn checks(
    args: &Doctor,
    path: Option<&Path>,
    config: &Config,
    world: &mut World<'_>,
) -> Vec<Check> {
    let paths = if args.judged.paths.is_empty() { &config.paths } else { &args.judged.paths };
    if paths.is_empty() && args.judged.from_command.is_empty() {
        return vec![nothing_named(config.folder())];
    }
    let prepared = match Prepared::read(&args.judged, path, &Extras::default(), world) {
        Ok(prepared) => prepared,
        Err(error) => return vec![Check::failed("migrations", &error, "until then `lint` does not run")],
    };
    let mut checks = histories(&prepared);
    checks.extend(schema(&prepared));
    checks.extend(tables(&prepared));
    let baseline = args.baseline.as_ref().or(config.baseline.as_ref());
    let (known, missing) = match baseline.map(|it| Known::read(it, &prepared.inputs)).transpose() {
        Ok(known) => (known, None),
        Err(error) => (None, Some(Check::failed("baseline", &error, "until then `lint` does not run"))),
    };
    let has_baseline = known.is_some();
    match Sift::new(&prepared, known, world) {
        Ok(sift) => checks.extend(judged(&prepared, sift, has_baseline)),
        Err(error) => checks.push(Check::failed("overrides", &error, "until then `lint` does not run")),
    }
    checks.extend(missing);
    checks.push(base(config, paths, world));
    checks
}

/// What is known of how much tables are used.
fn tables(prepared: &Prepared) -> Option<Check> {
    let traffic = &prepared.options().traffic;
    let Some(snapshot) = traffic.snapshot() else {
        let says = if traffic.is_empty() { "how much tables are used is not known" } else { "as declared" };
        return Some(Check::ok("tables", format!("{says}; `lockkeeper snapshot` asks a server")));
    };
    // What is wrong with it is said below.
    if traffic.has_no_table() {
        return None;
    }
    let counts = traffic.counts().map(|(heat, n)| format!("{n} {}", heat.name()));
    let times = traffic.calibration().map_or_else(
        || "times are assumed; `lockkeeper calibrate` measures them".to_owned(),
        ToString::to_string,
    );
    let says = format!("{} ({snapshot}; {times})", counts.join(", "));
    if traffic.is_old() {
        return Some(Check::note("tables", says, "take a new one: `lockkeeper snapshot`"));
    }
    Some(Check::ok("tables", says))
}

/// Nobody says what to lint: what could be named?
fn nothing_named(folder: &Path) -> Check {
    let says = "neither the command line nor `paths` of a configuration names any";
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let found = migration::projects(folder).map(|it| it.histories).unwrap_or_default();
    let next = match found.len() {
        0 => "name their folder: `lockkeeper lint FOLDER`",
        _ => "`lockkeeper init` writes a configuration that names these",
    };
    let shown = found.iter().filter_map(|it| Some(place::shown(it.folder.as_deref()?)));
    Check::problem("migrations", says, next).with(shown.collect())
}

/// Each history: its framework, its order and what is left out.
fn histories(prepared: &Prepared) -> Vec<Check> {
    let inputs = &prepared.inputs;
    let all = inputs.histories.iter().zip(&inputs.detected);
    let mut checks: Vec<Check> = all.map(|(history, detected)| history_check(history, detected)).collect();
    let left_out = left_out(prepared);
    let (n_down, n_other) = (inputs.n_down, inputs.n_other);
    if n_down + n_other > 0 {
        let says =
            format!("{}, {} that the framework does not run", counted(n_down, "down migration"), n_other);
        checks.push(Check::ok("left out", says).with(listed(&left_out)));
    }
    checks
}

fn history_check(history: &[Input], detected: &Detected) -> Check {
    let files: Vec<&Input> = history.iter().filter(|it| !it.role.is_schema()).collect();
    let shown = |it: &&&Input| place::shown(it.source.path());
    let framework = match (detected.framework.name, detected.because.as_str()) {
        ("plain", _) => "no framework that is known".to_owned(),
        (name, because) => format!("{name}, by {because}"),
    };
    let mut details = Vec::new();
    if let (Some(first), Some(last)) = (files.first(), files.last()) {
        details.push(match files.len() {
            1 => shown(&first),
            _ => format!("{} first, {} last", shown(&first), shown(&last)),
        });
    }
    details.push(scope(detected.runner).to_owned());
    let n_others = files.iter().filter(|it| it.runner != detected.runner).count();
    if n_others > 0 && detected.runner.is_some() {
        details.push(format!("{} otherwise, as marks in them say", counted(n_others, "file")));
    }
    let n_replayed = files.iter().filter(|it| it.role == InputRole::History).count();
    let replayed =
        if n_replayed > 0 { format!(", {n_replayed} of them only replayed") } else { String::new() };
    let says = format!("{}{replayed}; {framework}", counted(files.len(), "file"));
    Check::ok("migrations", says).with(details)
}

const fn scope(runner: Option<Runner>) -> &'static str {
    match runner {
        Some(Runner::File) => "each file is one transaction",
        Some(Runner::Own) => "each statement is a transaction",
        Some(Runner::Batch) => "all pending files are one transaction",
        Some(Runner::Query) => "each file is one message: a transaction, if it has several statements",
        Some(Runner::Around) => "each file is one transaction, but what cannot be in one runs alone",
        None => "each file is one transaction, unless it has BEGIN or COMMIT, or what cannot be in one",
    }
}

/// The `.sql` files of the folders that are judged, but for those that run.
fn left_out(prepared: &Prepared) -> Vec<String> {
    let config = &prepared.config;
    let exclude = Exclude { root: config.root.clone(), globs: config.exclude.clone() };
    let runs = |path: &PathBuf| {
        let mut inputs = prepared.inputs.histories.iter().flatten();
        inputs
            .any(|it| place::relative(it.source.path(), &config.root) == place::relative(path, &config.root))
    };
    let folders = prepared.paths.iter().filter(|it| it.is_dir());
    let files = folders.flat_map(|it| migration::sql_files(it, &exclude, Depth::All).unwrap_or_default());
    files.filter(|it| !runs(it)).map(|it| place::shown(&it)).collect()
}

fn schema(prepared: &Prepared) -> Option<Check> {
    let n = prepared.inputs.n(InputRole::Schema);
    (n > 0).then(|| Check::ok("schema", format!("{} read before the migrations", counted(n, "file"))))
}

/// What a run over everything tells: what cannot be read, what the baseline still knows, what overrides do.
fn judged(prepared: &Prepared, mut sift: Sift<'_>, has_baseline: bool) -> Vec<Check> {
    let (mut n_statements, mut n_unreadable, mut unread) = (0, 0, Vec::new());
    prepared.judge(|files| {
        for file in files {
            sift.see(&file);
            n_statements += file.n_statements;
            n_unreadable += file.n_unreadable;
            for mut finding in file.findings {
                if finding.rule == "unreadable-statement" {
                    unread.push(format!("{}:{}: {}", finding.path, finding.start.line, finding.message));
                }
                sift.keep(&mut finding);
            }
        }
    });
    let mut checks = vec![match n_unreadable {
        0 => Check::ok("statements", format!("all {n_statements} can be read")),
        n => {
            let says = format!("{n} of {n_statements} cannot be read, so that what they do is not known");
            let next = "correct them; if PostgreSQL takes one as it is, please report it";
            Check::problem("statements", says, next).with(listed(&unread))
        }
    }];
    if let Some(told) = sift.of_baseline().filter(|_| has_baseline) {
        let says = format!("{}: {} left out", told.path, counted(told.n_known, "known finding"));
        checks.push(match told.n_stale {
            0 => Check::ok("baseline", says),
            n => {
                let says = format!("{says}, {n} no longer there");
                Check::note("baseline", says, "`lockkeeper baseline` writes it anew")
            }
        });
    }
    let snapshot = sift.of_snapshot();
    checks.extend(snapshot.map(|it| Check::problem("snapshot", it.message, it.help.unwrap_or_default())));
    checks.extend(overrides(prepared, &sift));
    checks
}

fn overrides(prepared: &Prepared, sift: &Sift<'_>) -> Option<Check> {
    let n = prepared.config.overrides.len();
    let (_, findings) = sift.of_overrides();
    let says: Vec<String> =
        findings.iter().map(|it| format!("{}:{}: {}", it.path, it.start.line, it.message)).collect();
    match (n, says.is_empty()) {
        (0, _) => None,
        (_, true) => Some(Check::ok("overrides", format!("{}, all of use", counted(n, "override")))),
        (_, false) => {
            let text = format!("{}, {} without effect", counted(n, "override"), says.len());
            Some(Check::note("overrides", text, "take it out, or correct it").with(listed(&says)))
        }
    }
}

/// What `--since auto`, or what the configuration says, compares with.
fn base(config: &Config, paths: &[PathBuf], world: &World<'_>) -> Check {
    let wanted = config.since.as_deref().unwrap_or("auto");
    match Since::find(wanted, paths, world) {
        Ok(Some(since)) => Check::ok("since", format!("{wanted} is {}", since.told(&[]).shown())),
        Ok(None) => match since::is_shallow(paths) {
            Ok(Some(true)) => {
                let next = "`git fetch --unshallow`; in CI `fetch-depth: 0` for actions/checkout, `GIT_DEPTH: \"0\"` for GitLab";
                Check::note("since", "this clone is shallow: git cannot tell where a branch was left", next)
            }
            Ok(Some(false)) => Check::ok(
                "since",
                "no variable of a CI job names a branch: with --since auto everything is judged",
            ),
            Ok(None) => Check::ok("since", "no git repository that could say what changed"),
            Err(Error::Git { problem, .. }) if problem.ends_with("is in none") => {
                Check::ok("since", "no git repository that could say what changed")
            }
            Err(error) => Check::failed("since", &error, "until then --since stops the run"),
        },
        Err(error) => Check::failed("since", &error, "until then --since stops the run"),
    }
}

/// The first of them, and how many more there are.
fn listed(all: &[String]) -> Vec<String> {
    let mut shown: Vec<String> = all.iter().take(MAX_SHOWN).cloned().collect();
    if all.len() > MAX_SHOWN {
        shown.push(format!("and {} more", all.len() - MAX_SHOWN));
    }
    shown
}
