//! `lockkeeper lint`: arguments and configuration to options, files to findings, findings to reports.

use std::{
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
};

use super::{
    CLEAN, FINDINGS, World,
    args::Lint,
    configured::{configuration, rules},
    inputs::{Inputs, Wanted, read_stdin},
    output,
    since::Since,
};
use crate::{
    config::{self, Config, FailOn},
    error::Error,
    lint::{self, InputRole, LintedFile, Options},
    report::{Assumed, Event, Summary},
    rule::RuleSet,
};

/// Runs `lint`.
pub(super) fn run(args: &Lint, config: Option<&Path>, world: &mut World<'_>) -> Result<u8, Error> {
    let outputs = output::checked(args.format.clone())?;
    let config = configuration(config, &args.paths)?;
    let declared = args.pg.or(config.postgres);
    let options = Options {
        postgres: declared.unwrap_or(config::OLDEST_SUPPORTED),
        settings: config.session.clone(),
        require_reason: config.require_reason,
        keep_statements: outputs.iter().any(|it| it.format.needs_statements()),
    };
    let mut wanted = wanted(args, &config)?;
    let since = args.since.as_deref().or(config.since.as_deref()).filter(|it| !it.is_empty());
    wanted.since = since.map(|it| Since::find(it, &wanted.paths, world)).transpose()?.flatten();
    wanted.stdin = read_stdin(&wanted.paths, &mut world.stdin)?;
    let threads = threads(args.jobs)?;
    let (inputs, rules) = threads.install(|| rayon::join(|| wanted.read(), || rules(&config)));
    let (rules, inputs) = (rules?, inputs?);
    let assumed = Assumed {
        postgres: options.postgres,
        postgres_by_default: declared.is_none(),
        n_schema_files: inputs.n(InputRole::Schema),
        n_history_files: inputs.n(InputRole::History),
        n_down_files: inputs.n_down,
        since: wanted.since.as_ref().map(|it| it.told(&inputs.histories)),
    };
    let summary = thread::scope(|scope| {
        let (sender, batches) = mpsc::sync_channel(MAX_WAITING);
        let (inputs, rules, options) = (&inputs, &rules, &options);
        // The sender goes with the thread: when it is gone, everything was told.
        scope.spawn(move || threads.install(|| lint_all(inputs, rules, options, &sender)));
        output::write(&outputs, world, |tell| say(tell, &assumed, batches.into_iter().flatten()))
    })?;
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
        since: None,
    })
}

/// How many batches of judged files may wait until they are written.
const MAX_WAITING: usize = 2;

/// Judges every history. Ends early when nobody listens any more.
fn lint_all<'i>(
    inputs: &'i Inputs,
    rules: &RuleSet,
    options: &Options,
    batches: &mpsc::SyncSender<Vec<LintedFile<'i>>>,
) {
    for history in &inputs.histories {
        lint::lint_each(history, rules, options, &mut |files| match batches.send(files) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        });
    }
}

/// Tells what was found, file by file, while the next ones are judged.
fn say<'i>(
    tell: &mut dyn FnMut(Event<'_>) -> io::Result<()>,
    assumed: &Assumed,
    files: impl IntoIterator<Item = LintedFile<'i>>,
) -> io::Result<Summary> {
    let mut summary = Summary::default();
    tell(Event::Assumed(assumed))?;
    for file in files {
        summary.add_file(&file);
        if file.input.role == InputRole::Linted {
            tell(Event::File(&file))?;
        }
        for finding in &file.findings {
            summary.add_finding(finding);
            tell(Event::Finding(finding, file.input.source.text()))?;
        }
    }
    tell(Event::Summary(&summary))?;
    Ok(summary)
}
