//! Everything that judging needs, from the arguments and the configuration.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
};

use super::{
    World,
    args::Judged,
    command,
    configured::{configuration, rules},
    fix,
    inputs::{Inputs, Wanted, read_stdin},
    since::Since,
    traffic::traffic,
};
use crate::{
    config::{self, Config},
    error::Error,
    fix::Suggester,
    lint::{self, Input, InputRole, LOCK_BUDGET, LintedFile, Options},
    migration::Detected,
    report::{self, Assumed},
    rule::RuleSet,
};

/// What is judged, and by what.
pub(super) struct Prepared {
    pub(super) config: Config,
    pub(super) inputs: Inputs,
    rules: RuleSet,
    options: Options,
    threads: rayon::ThreadPool,
    postgres_by_default: bool,
    /// Whether the command line names what is judged.
    pub(super) paths_are_given: bool,
    /// The files and folders that are judged.
    pub(super) paths: Vec<std::path::PathBuf>,
    /// What was there before.
    schema: Vec<PathBuf>,
    /// What a server said of its tables, if anybody names it.
    pub(super) snapshot: Option<PathBuf>,
    /// `None` if everything is judged.
    since: Option<report::Since>,
}

/// Of what is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum What {
    /// Of the files that are named, or configured.
    #[default]
    Files,
    /// Of what a command does; files need not be named.
    Trace,
}

/// What only some commands ask for.
#[derive(Default)]
pub(super) struct Extras<'a> {
    /// Whether statements are wanted that nothing is wrong with.
    pub(super) keep_statements: bool,
    /// Whether it may be that only what changed is judged.
    pub(super) may_be_partial: bool,
    /// Whether there may be several major versions.
    pub(super) may_be_several: bool,
    /// Of what is judged.
    pub(super) what: What,
    /// Since when what changed is judged, whatever the configuration says.
    pub(super) since: Option<&'a str>,
}

impl Prepared {
    /// Reads the configuration, the rules and the files.
    pub(super) fn read(
        args: &Judged,
        config: Option<&Path>,
        extras: &Extras<'_>,
        world: &mut World<'_>,
    ) -> Result<Self, Error> {
        let config = configuration(config, &args.paths)?;
        if args.pg.len() > 1 && !extras.may_be_several {
            return Err(Error::Usage(
                "only dry-run takes several versions in --pg; judge one at a time".to_owned(),
            ));
        }
        let declared = args.pg.first().copied().or(config.postgres);
        let options = Options {
            postgres: declared.unwrap_or(config::OLDEST_SUPPORTED),
            settings: config.session.clone(),
            require_reason: config.require_reason,
            lock_budget: config.lock_budget.unwrap_or(LOCK_BUDGET),
            foreign: config.foreign.iter().chain(&args.obey).copied().collect(),
            traffic: traffic(args.snapshot.as_deref(), args.calibration.as_deref(), &config, world)?,
            keep_statements: extras.keep_statements,
        };
        let mut wanted = wanted(args, &config, extras.what)?;
        if extras.may_be_partial {
            let since = extras.since.or(config.since.as_deref()).filter(|it| !it.is_empty());
            wanted.since = since.map(|it| Since::find(it, &wanted.paths, world)).transpose()?.flatten();
        }
        wanted.stdin = read_stdin(&wanted.paths, &mut world.stdin)?;
        let threads = threads(args.jobs)?;
        let (inputs, rules) = threads.install(|| rayon::join(|| wanted.read(), || rules(&config)));
        let (rules, inputs) = (rules?, inputs?);
        let since = wanted.since.as_ref().map(|it| it.told(&inputs.histories));
        let postgres_by_default = declared.is_none();
        let paths_are_given = !args.paths.is_empty();
        let (paths, schema) = (wanted.paths, wanted.schema);
        let snapshot = args.snapshot.as_ref().or(config.snapshot.as_ref()).cloned();
        Ok(Self {
            config,
            inputs,
            rules,
            options,
            threads,
            postgres_by_default,
            paths_are_given,
            paths,
            schema,
            snapshot,
            since,
        })
    }

    /// The rules.
    pub(super) fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// What the run assumes.
    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// What was there before, as the command line and the configuration say.
    pub(super) fn schema(&self) -> Result<Vec<Input>, Error> {
        let wanted = Wanted {
            paths: Vec::new(),
            schema: self.schema.clone(),
            config: &self.config,
            runner: None,
            framework: None,
            stdin: None,
            printed: Vec::new(),
            since: None,
        };
        wanted.after_schema(Vec::new())
    }

    /// Does `work` on threads that can read any file.
    pub(super) fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.threads.install(work)
    }

    /// Whether only what changed is judged.
    pub(super) fn is_partial(&self) -> bool {
        self.since.is_some()
    }

    /// What the user should know that was taken for granted.
    pub(super) fn assumed(&self) -> Assumed {
        Assumed {
            postgres: self.options.postgres,
            postgres_by_default: self.postgres_by_default,
            n_schema_files: self.inputs.n(InputRole::Schema) + self.inputs.n(InputRole::Snapshot),
            n_history_files: self.inputs.n(InputRole::History),
            n_down_files: self.inputs.n_down,
            snapshot: self.options.traffic.snapshot(),
            calibration: self.options.traffic.calibration().map(ToString::to_string),
            n_other_files: self.inputs.n_other,
            frameworks: self.inputs.frameworks.iter().map(framework).collect(),
            since: self.since.clone(),
        }
    }

    /// Judges every history, while `take` takes file by file.
    pub(super) fn judge<'i, T>(
        &'i self,
        take: impl FnOnce(&mut dyn Iterator<Item = LintedFile<'i>>) -> T,
    ) -> T {
        thread::scope(|scope| {
            let (sender, batches) = mpsc::sync_channel(MAX_WAITING);
            // The sender goes with the thread: when it is gone, everything was told.
            scope.spawn(move || self.threads.install(|| self.lint_all(&sender)));
            take(&mut batches.into_iter().flatten())
        })
    }

    /// Ends early when nobody listens any more.
    fn lint_all<'i>(&'i self, batches: &mpsc::SyncSender<Vec<LintedFile<'i>>>) {
        for history in &self.inputs.histories {
            let mut suggester = Suggester::new(history, &self.options, fix::lock_timeout(&self.config));
            lint::lint_each(history, &self.rules, &self.options, &mut |mut files| {
                if self.options.keep_statements {
                    for file in &mut files {
                        suggester.suggest(file);
                    }
                }
                match batches.send(files) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            });
        }
    }
}

/// How many batches of judged files may wait until they are written.
const MAX_WAITING: usize = 2;

/// The parser recurses as deep as expressions are nested; memory is only taken for what is used.
const STACK_BYTES: usize = 256 * 1024 * 1024;

/// Threads that can read any file.
pub(super) fn threads(jobs: Option<usize>) -> Result<rayon::ThreadPool, Error> {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(jobs.unwrap_or(0)).stack_size(STACK_BYTES);
    threads.build().map_err(|it| Error::Usage(format!("cannot start threads: {it}")))
}

fn framework(detected: &Detected) -> report::Framework {
    let name = detected.framework.name;
    report::Framework { name, because: detected.because.clone(), runner: detected.runner }
}

fn wanted<'c>(args: &Judged, config: &'c Config, what: What) -> Result<Wanted<'c>, Error> {
    let or_configured = |given: &[PathBuf], configured: &[PathBuf]| {
        if given.is_empty() { configured.to_vec() } else { given.to_vec() }
    };
    let paths = match &args.from_command[..] {
        [] if what == What::Files => or_configured(&args.paths, &config.paths),
        _ => args.paths.clone(),
    };
    if paths.is_empty() && args.from_command.is_empty() && what == What::Files {
        let problem = "nothing to lint: name migration files or their folder, or set `paths` in lockkeeper.toml; \
                       `lockkeeper init` writes one that names what it finds";
        return Err(Error::Usage(problem.to_owned()));
    }
    Ok(Wanted {
        paths,
        schema: or_configured(&args.schema, &config.schema),
        config,
        runner: args.transaction.map(Into::into).or(config.transaction),
        framework: args.framework.or(config.framework),
        stdin: None,
        printed: args.from_command.iter().map(|it| command::run(it)).collect::<Result<_, _>>()?,
        since: None,
    })
}
