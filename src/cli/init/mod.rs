//! `lockkeeper init`: a configuration, a CI job and a pre-commit hook for what is found. What exists is never overwritten unasked.

mod ci;
mod code;
mod config;
mod plan;
mod postgres;
mod pre_commit;
mod squawk;
mod survey;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use similar::TextDiff;

use super::{CLEAN, World, args::Init, place};
use crate::{error::Error, migration::History, report::Target};
use plan::{Plan, Planned};
use survey::Survey;

/// The configuration's name where nobody gives another.
const CONFIG: &str = "lockkeeper.toml";

/// Runs `init`.
pub(super) fn run(args: &Init, config: Option<&Path>, world: &mut World<'_>) -> Result<u8, Error> {
    let folder = args.folder.clone().unwrap_or_else(|| PathBuf::from("."));
    if !folder.is_dir() {
        return Err(Error::Usage(format!("{} is no folder", folder.display())));
    }
    let survey = Survey::of(&folder)?;
    if survey.projects.histories.is_empty() && survey.code.is_empty() {
        let folder = folder.display();
        let problem = format!(
            "no migrations in {folder}: .sql files that a known framework runs, or that are numbered, or in a folder that is called \
             migrations; `lockkeeper config` prints a configuration in which `paths` can name them"
        );
        return Err(Error::Usage(problem));
    }
    let path = config.map_or_else(|| plain(&folder).join(CONFIG), Path::to_owned);
    let plan = Plan::of(args, &survey, &path)?;
    let mut said = found(&survey, &folder);
    if args.dry_run {
        said.extend(plan.files.iter().map(diff));
    } else {
        write_all(&plan.files)?;
        said.extend(plan.files.iter().map(|it| {
            let verb = if it.before.is_some() { "changed" } else { "wrote" };
            format!("{verb}: {}\n", place::shown(&it.path))
        }));
    }
    said.extend(plan.left.iter().map(|it| format!("left: {it}\n")));
    if !plan.files.is_empty() {
        said.extend(plan.next.iter().map(|it| format!("next: {it}\n")));
    }
    world.stdout.write_all(said.concat().as_bytes()).map_err(Error::Report)?;
    if plan.files.is_empty() {
        let problem = "nothing to write: all of it is there (--force writes lockkeeper's own files anew)";
        return Err(Error::Usage(problem.to_owned()));
    }
    Ok(CLEAN)
}

/// What was found, a line each.
fn found(survey: &Survey, folder: &Path) -> Vec<String> {
    let of_history = |it: &History| {
        let n = it.files.len();
        let n = format!("{n} migration{}", if n == 1 { "" } else { "s" });
        format!("{}: {}: {n}", config::named(it, folder), config::in_words(it))
    };
    let mut lines: Vec<String> = survey.projects.histories.iter().map(of_history).collect();
    lines.extend(survey.code.iter().map(|it| it.in_words(folder)));
    let others = survey.projects.not_postgres.iter().map(|it| place::relative(it, folder));
    lines.extend(others.map(|it| format!("{it}: another database's migrations, by its name: not named")));
    lines.extend(postgres::in_words(&survey.postgres, folder));
    if survey.postgres.is_empty() {
        lines.push("nothing that says which PostgreSQL the migrations run on".to_owned());
    }
    lines.extend(survey.schemas.iter().map(|it| {
        let what = if it.is_result { "what the migrations lead to" } else { "what was there before" };
        format!("{}: {what}", place::relative(&it.path, folder))
    }));
    lines.extend(survey.provider.iter().map(|(it, sign)| format!("{}, by {sign}", it.name())));
    lines.extend(survey.squawk.iter().map(|it| {
        let (rules, paths) = (it.excluded_rules.len(), it.excluded_paths.len());
        format!("{}: rules off: {rules}, paths left out: {paths}", squawk::FILE)
    }));
    lines.extend(survey.foreign.iter().map(|it| format!("comments for {}", it.name)));
    lines.iter().map(|it| format!("found: {it}\n")).collect()
}

/// The folder as a part of paths that people read.
fn plain(folder: &Path) -> &Path {
    folder.strip_prefix(".").unwrap_or(folder)
}

fn write_all(files: &[Planned]) -> Result<(), Error> {
    for file in files {
        let failed = |source| Error::Write { path: file.path.clone(), source };
        if let Some(folder) = file.path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut target = Target::create(&file.path)?;
        target.write_all(file.now.as_bytes()).map_err(failed)?;
        target.commit()?;
    }
    Ok(())
}

/// The difference that a file makes, as `git apply` takes it.
fn diff(file: &Planned) -> String {
    let shown = place::shown(&file.path);
    let shown = shown.trim_start_matches("./").trim_start_matches('/');
    let from = if file.before.is_some() { format!("a/{shown}") } else { "/dev/null".to_owned() };
    let before = file.before.as_deref().unwrap_or_default();
    let diff = TextDiff::from_lines(before, file.now.as_str());
    diff.unified_diff().context_radius(3).header(&from, &format!("b/{shown}")).to_string()
}
