//! `lockkeeper lsp`: what an editor's document stands in, as `lint` would read it.

use std::{
    env, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use toml::value::Date;

use super::{
    CLEAN, FINDINGS, World,
    configured::{configuration, rules},
    explained, fix,
    inputs::{Inputs, Wanted, leave_out_what_is_shown},
    known::{Known, folder_of},
    place,
    prepared::threads,
    today::today,
    traffic::known as known_tables,
};
use crate::{
    config::{self, Config},
    error::Error,
    finding::{Finding, Severity},
    lint::{Input, InputRole, LOCK_BUDGET, Options},
    lsp::{self, Ended, Surroundings},
    migration::{Detected, natural},
    rule::Overrides,
};

/// Runs `lsp`.
pub(super) fn run(config: Option<&Path>, world: &mut World<'_>) -> Result<u8, Error> {
    let today = today(world)?;
    let threads = threads(None)?;
    let input = std::mem::replace(&mut world.stdin, Box::new(io::empty()));
    let surround = |path: Option<&Path>| surroundings(path, config, today).map_err(|it| explained(&it));
    let ended = lsp::serve(input, &mut world.stdout, &threads, &surround)?;
    Ok(if ended == Ended::Properly { CLEAN } else { FINDINGS })
}

/// What the document in `path`, or one that is no file, stands in.
fn surroundings(path: Option<&Path>, config: Option<&Path>, today: Date) -> Result<Surroundings, Error> {
    let path = path.map(from_here);
    let config = Arc::new(configuration(config, path.as_slice())?);
    let rules = rules(&config)?;
    let (history, detected) = history(path.as_deref(), &config)?;
    let options = Options {
        postgres: config.postgres.unwrap_or(config::OLDEST_SUPPORTED),
        settings: config.session.clone(),
        require_reason: config.require_reason,
        lock_budget: config.lock_budget.unwrap_or(LOCK_BUDGET),
        foreign: config.foreign.clone(),
        traffic: Arc::new(known_tables(None, None, &config, Some(today))?),
        keep_statements: true,
    };
    let sift = sift(Arc::clone(&config), today)?;
    let lock_timeout = fix::lock_timeout(&config).to_owned();
    let path = path.unwrap_or_else(|| PathBuf::from("untitled"));
    let read = move |bytes| wanted(&config, Vec::new()).input(&path, bytes, &detected, InputRole::Linted);
    Ok(Surroundings { history, rules, options, lock_timeout, read: Box::new(read), sift: Box::new(sift) })
}

/// The path as whoever stands in the working directory would name it, as for files that `lint` is given.
fn from_here(path: &Path) -> PathBuf {
    let here = env::current_dir().ok();
    here.and_then(|it| path.strip_prefix(it).ok()).unwrap_or(path).to_owned()
}

fn wanted(config: &Config, paths: Vec<PathBuf>) -> Wanted<'_> {
    Wanted {
        paths,
        schema: config.schema.clone(),
        config,
        runner: config.transaction,
        framework: config.framework,
        stdin: None,
        printed: Vec::new(),
        since: None,
    }
}

/// What runs before the document, and the framework that runs it.
fn history(path: Option<&Path>, config: &Config) -> Result<(Vec<Input>, Detected), Error> {
    let mut inputs = match path {
        Some(path) if path.is_file() => wanted(config, vec![path.to_owned()]).read()?,
        _ => alone(path, config)?,
    };
    let mut history = inputs.histories.pop().unwrap_or_default();
    history.retain(|it| it.role != InputRole::Linted);
    let detected = inputs.detected.pop().unwrap_or_else(|| Detected::of(config.framework));
    Ok((history, detected))
}

/// What is there without the document: all that would run before it if it were saved; nothing but the schema if it has no path.
fn alone(path: Option<&Path>, config: &Config) -> Result<Inputs, Error> {
    if let Some(path) = path
        && let Ok(mut inputs) = wanted(config, vec![folder_of(path)]).read()
    {
        let later = |it: &Input| it.role == InputRole::Linted && natural(it.source.path(), path).is_gt();
        inputs.histories.iter_mut().for_each(|it| it.retain(|input| !later(input)));
        inputs.histories.iter_mut().flatten().filter(|it| it.role == InputRole::Linted).for_each(|it| {
            it.role = InputRole::History;
        });
        inputs.histories.iter_mut().for_each(leave_out_what_is_shown);
        return Ok(inputs);
    }
    Wanted { stdin: Some(Vec::new()), ..wanted(config, Vec::new()) }.read()
}

/// What the configuration says of findings: overrides, then the baseline.
fn sift(config: Arc<Config>, today: Date) -> Result<impl Fn(&mut Vec<Finding>) + Send + Sync, Error> {
    let overrides = Overrides::new(&config.overrides, today);
    let known = config.baseline.as_ref().map(|it| Known::read(it, &Inputs::default())).transpose()?;
    Ok(move |findings: &mut Vec<Finding>| {
        // Each text is a run of its own.
        let (mut overrides, mut known) = (overrides.clone(), known.clone());
        findings.retain_mut(|it| {
            if !overrides.is_empty() {
                overrides.apply(it, &place::relative(Path::new(&*it.path), &config.root));
            }
            it.severity > Severity::Off && !known.as_mut().is_some_and(|known| known.has(it))
        });
    })
}
