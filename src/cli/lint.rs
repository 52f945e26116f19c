//! `lockkeeper lint`: arguments and configuration to options, files to findings, findings to reports.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
};

use super::{
    CLEAN, FINDINGS, World,
    args::Lint,
    configured::{configuration, rules},
    inputs::{Inputs, Wanted, read_stdin},
    output,
};
use crate::{
    config::{self, Config, FailOn},
    error::Error,
    lint::{self, Input, InputRole, Options, Report},
    report::{Assumed, Event, Summary},
};

/// Runs `lint`.
pub(super) fn run(args: &Lint, config: Option<&Path>, world: &mut World<'_>) -> Result<u8, Error> {
    let outputs = output::checked(args.format.clone())?;
    let config = configuration(config, &args.paths)?;
    let rules = rules(&config)?;
    let declared = args.pg.or(config.postgres);
    let options = Options {
        postgres: declared.unwrap_or(config::OLDEST_SUPPORTED),
        settings: config.session.clone(),
        require_reason: config.require_reason,
        keep_statements: outputs.iter().any(|it| it.format.needs_statements()),
    };
    let mut wanted = wanted(args, &config)?;
    wanted.stdin = read_stdin(&wanted.paths, &mut world.stdin)?;
    let (inputs, reports) = threads(args.jobs)?.install(|| {
        let inputs = wanted.read()?;
        let reports: Vec<_> = inputs.histories.iter().map(|it| lint::lint(it, &rules, &options)).collect();
        Ok((inputs, reports))
    })?;
    let assumed = Assumed {
        postgres: options.postgres,
        postgres_by_default: declared.is_none(),
        n_schema_files: inputs.n(InputRole::Schema),
        n_history_files: inputs.n(InputRole::History),
        n_down_files: inputs.n_down,
    };
    let summary = output::write(&outputs, world, |tell| say(tell, &assumed, &inputs, &reports))?;
    let fail_on = args.fail_on.or(config.fail_on).unwrap_or(FailOn::Error);
    Ok(if fail_on.fails(summary.worst()) { FINDINGS } else { CLEAN })
}

/// The parser recurses as deep as expressions are nested; memory is only taken for what is used.
const STACK_BYTES: usize = 256 * 1024 * 1024;

fn threads(jobs: Option<usize>) -> Result<rayon::ThreadPool, Error> {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(jobs.unwrap_or(0)).stack_size(STACK_BYTES);
    threads.build().map_err(|it| Error::Usage(format!("cannot start threads: {it}")))
}

fn wanted<'c>(args: &Lint, config: &'c Config) -> Result<Wanted<'c>, Error> {
    let or_configured = |given: &[PathBuf], configured: &[PathBuf]| {
        if given.is_empty() { configured.to_vec() } else { given.to_vec() }
    };
    let paths = or_configured(&args.paths, &config.paths);
    if paths.is_empty() {
        let problem =
            "nothing to lint: name migration files or their folder, or set `paths` in lockkeeper.toml";
        return Err(Error::Usage(problem.to_owned()));
    }
    Ok(Wanted {
        paths,
        schema: or_configured(&args.schema, &config.schema),
        config,
        transaction: args.transaction.map(Into::into).or(config.transaction),
        stdin: None,
    })
}

/// Tells what was found, file by file.
fn say(
    tell: &mut dyn FnMut(Event<'_>) -> io::Result<()>,
    assumed: &Assumed,
    inputs: &Inputs,
    reports: &[Report],
) -> io::Result<Summary> {
    let mut summary = Summary::default();
    tell(Event::Assumed(assumed))?;
    for (history, report) in inputs.histories.iter().zip(reports) {
        say_of(tell, &mut summary, history, report)?;
    }
    tell(Event::Summary(&summary))?;
    Ok(summary)
}

fn say_of(
    tell: &mut dyn FnMut(Event<'_>) -> io::Result<()>,
    summary: &mut Summary,
    history: &[Input],
    report: &Report,
) -> io::Result<()> {
    let texts: HashMap<_, _> =
        history.iter().map(|it| (it.source.path().to_string_lossy(), it.source.text())).collect();
    let mut files = report.files.iter();
    let mut said: Option<&str> = None;
    for finding in &report.findings {
        while said != Some(finding.path.as_str()) {
            let Some(file) = files.next() else { break };
            summary.add_file(file);
            tell(Event::File(file))?;
            said = Some(&file.path);
        }
        summary.add_finding(finding);
        let text = texts.get(finding.path.as_str()).copied().unwrap_or_default();
        tell(Event::Finding(finding, text))?;
    }
    for file in files {
        summary.add_file(file);
        tell(Event::File(file))?;
    }
    Ok(())
}
