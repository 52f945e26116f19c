//! `lockkeeper dry-run`: the same files as for `lint`, run on a throwaway server of each major, and judged by what they did there.

use std::{io::BufWriter, path::Path};

use super::{
    CLEAN, FINDINGS, World,
    args::DryRun as Args,
    back::Back,
    exec, lent, once,
    output::{self, Output},
    prepared::{Extras, Prepared, What},
    progress::Line,
    sift::Sift,
    traffic,
};
use crate::{
    config::FailOn,
    dry_run::{self, Budget, FORESEEN, Fate, File, Purpose, Ran, Reversal, Rows},
    error::Error,
    finding::Severity,
    lint::{self, Input, InputRole, LintedFile, Observation, Observations, Options},
    pg::{Sandbox, sandbox},
    report::{
        Summary, Target,
        dry_run::{Counts, Format, Report, Run, Screen},
    },
    traffic::Snapshot,
};

/// Runs `dry-run`.
pub(super) fn run(args: &Args, config: Option<&Path>, world: &mut World<'_>) -> Result<u8, Error> {
    let outputs = output::checked(args.format.clone())?;
    let is_traced = args.traced.exec.is_some();
    let what = if is_traced { What::Trace } else { What::Files };
    let extras = Extras { keep_statements: true, may_be_several: true, what, ..Extras::default() };
    let prepared = Prepared::read(&args.judged, config, &extras, world)?;
    let mut sift = Sift::new(&prepared, None, world)?;
    let mut majors = args.judged.pg.clone();
    majors.dedup();
    if majors.is_empty() {
        majors.push(prepared.options().postgres);
    }
    if majors.len() > 1 && args.pg_bin.is_some() {
        let problem = "--pg-bin is of one version; for several set LOCKKEEPER_PG_BIN_<version> for each";
        return Err(Error::Usage(problem.to_owned()));
    }
    let snapshot = prepared.snapshot.as_deref().map(traffic::read).transpose()?;
    let snapshot = snapshot.as_ref();
    let declared = args.judged.transaction.map(Into::into).or(prepared.config.transaction);
    let histories = prepared.inputs.histories.iter().zip(&prepared.inputs.detected);
    let backs = histories.map(|(history, detected)| {
        if args.tries.no_reversal { Ok(Vec::new()) } else { Back::read_all(history, detected, declared) }
    });
    let backs = backs.collect::<Result<Vec<_>, _>>()?;
    let mut lent = lent::take(args, world)?;
    if let Some(server) = &lent {
        majors = vec![server.major()];
    }
    let mut runs = Vec::new();
    let mut named = Vec::new();
    let mut traced = match &args.traced.exec {
        Some(command) => exec::trace_all(command, (args, snapshot), &prepared, &majors, world)?,
        None => Vec::new(),
    };
    for one in &mut traced {
        let (run, files) = prepared.install(|| one.judge(&prepared));
        runs.push(run);
        named.push(files);
    }
    let line = Line::new(world.is_watched);
    for postgres in majors.into_iter().filter(|_| !is_traced) {
        line.say(format!("PostgreSQL {postgres}: starting the server"));
        let options = Options { postgres, ..prepared.options().clone() };
        let settings = sandbox::Options { bin_dir: args.pg_bin.clone(), ..sandbox::Options::default() };
        let server = match lent.take() {
            Some(server) => server,
            None => Sandbox::start(postgres, &settings)?,
        };
        let durable = args.predict.then(|| Sandbox::start(postgres, &as_slow_as(snapshot, &settings)));
        let servers = Servers { server, durable: durable.transpose()? };
        for (n, (history, backs)) in prepared.inputs.histories.iter().zip(&backs).enumerate() {
            let database = servers.server.database(n);
            runs.push(prepared.install(|| {
                let history = (history.as_slice(), backs.as_slice());
                run_one(history, &prepared, &options, &servers, &database, (args, snapshot), &line)
            })?);
        }
        servers.server.end()?;
    }
    drop(line);
    let mut summary = Summary::default();
    for run in &mut runs {
        sum_up(run, &prepared, &mut sift, &mut summary);
    }
    for (run, files) in runs.iter_mut().zip(named) {
        for mut file in files {
            add_findings(run, &mut file, &prepared, &mut sift, &mut summary);
        }
    }
    let assumed = prepared.assumed();
    write(&Report { assumed: &assumed, runs: &runs, summary: &summary }, &outputs, world)?;
    let fail_on = args.fail_on.or(prepared.config.fail_on).unwrap_or(FailOn::Error);
    // What follows a refusal did not run: whoever allows the finding does not make that a pass.
    let is_refused = Counts::of(&runs).n_refused > 0 && fail_on.fails(Severity::Error);
    Ok(if is_refused || fail_on.fails(summary.worst()) { FINDINGS } else { CLEAN })
}

/// Where histories run.
struct Servers {
    server: Sandbox,
    /// One that works as a server does that keeps what it is told, if times are to be measured.
    durable: Option<Sandbox>,
}

/// A server that works as slowly as the snapshot's, as far as settings decide that.
fn as_slow_as(snapshot: Option<&Snapshot>, usual: &sandbox::Options) -> sandbox::Options {
    let settings = snapshot.map_or_else(Vec::new, traffic::settings);
    sandbox::Options { settings, durable: true, ..usual.clone() }
}

/// Runs one history on one server, and judges what it did.
fn run_one<'p>(
    (history, backs): (&'p [Input], &'p [Back]),
    prepared: &'p Prepared,
    options: &Options,
    servers: &Servers,
    database: &str,
    (args, snapshot): (&Args, Option<&Snapshot>),
    line: &Line,
) -> Result<Run<'p>, Error> {
    let tell = |it| line.show(options.postgres, it);
    let predicted = lint::lint(history, prepared.rules(), options);
    let rules = prepared.rules();
    let mut pasts: Vec<_> = backs.iter().map(|it| it.past(history, rules, options)).collect();
    let ways: Vec<_> = backs.iter().zip(&mut pasts).map(|(back, past)| back.predicted(past, rules)).collect();
    let mut files: Vec<File<'_>> = predicted.iter().map(file).collect();
    for (n, judged) in files.iter_mut().filter(|it| it.purpose == Purpose::Judged).enumerate() {
        let way = backs.iter().zip(&ways).find(|it| it.0.judged == n);
        judged.back = way.map_or_else(Vec::new, |it| it.1.iter().map(file).collect());
    }
    let can_copy = servers.server.can_copy();
    let told = dry_run::Options {
        settings: options.settings.clone(),
        rows: args.rows.map(|most| Rows { snapshot, most, share: 1.0 }),
        values: args.set.clone(),
        probe: args.probe.then_some(args.longest_txn),
        listener: dry_run::Listener(&tell),
        schema: true,
        reversal: !args.tries.no_reversal && can_copy,
        rerun: !args.tries.no_rerun && can_copy,
    };
    let mut ran = dry_run::run(&servers.server, database, &files, &told)?;
    if let Some(durable) = &servers.durable {
        let budget = Budget { snapshot, time: args.budget };
        dry_run::predict(durable, database, &files, &told, budget, &mut ran)?;
    }
    let observed = observations(&predicted, &ran);
    let mut files = lint::judge_observed(history, rules, options, observed);
    files.retain(|it| it.input.role == InputRole::Linted);
    let back = |reversal: &Reversal| {
        let way = backs.iter().zip(&mut pasts).find(|it| it.0.judged == reversal.file);
        way.map_or_else(Vec::new, |(back, past)| back.judged(past, rules, reversal))
    };
    let back = ran.reversals.iter().map(back).collect();
    Ok(Run { postgres: options.postgres, ran, files, back, findings: Vec::new() })
}

/// A file as it is to be run.
pub(super) fn file<'f>(linted: &'f LintedFile<'_>) -> File<'f> {
    File {
        source: &linted.input.source,
        purpose: match linted.input.role {
            InputRole::Schema | InputRole::Snapshot => Purpose::Schema,
            InputRole::History => Purpose::Earlier,
            InputRole::Linted => Purpose::Judged,
        },
        framework: linted.input.framework,
        parts: linted.parts.clone(),
        predicted: linted.statements.iter().map(|it| (it.span, &it.outcome)).collect(),
        back: Vec::new(),
    }
}

/// What the server did, for the rules.
pub(super) fn observations(files: &[LintedFile<'_>], ran: &Ran) -> Observations {
    let mut observations = Observations::default();
    let judged = files.iter().enumerate().filter(|it| it.1.input.role == InputRole::Linted);
    for (place, ((n, file), statements)) in judged.zip(&ran.files).enumerate() {
        let reversal = ran.reversals.iter().find(|it| it.file == place);
        let rerun = ran.reruns.iter().find(|it| it.file == place);
        for statement in statements {
            let effects = match &statement.fate {
                Fate::Observed { effects, .. } => Some(effects.clone()),
                Fate::Ran(_) | Fate::Refused { .. } | Fate::NotRun => None,
            };
            let mut said = statement.said();
            said.extend(reversal.and_then(|it| it.said_of_file(statement)));
            let is_foreseen =
                file.findings.iter().any(|it| it.rule == FORESEEN && it.span.start == statement.span.start);
            let again = rerun.map_or_else(Vec::new, |it| it.said(statement, &file.input.source));
            said.extend(again.into_iter().filter(|it| !is_foreseen || it.0 != "rerun-fails"));
            let observation = Observation { effects, said };
            observations.add(n, statement.span.start, observation);
        }
    }
    observations
}

/// Sifts what was found, and counts it.
fn sum_up(run: &mut Run<'_>, prepared: &Prepared, sift: &mut Sift<'_>, summary: &mut Summary) {
    let mut files = std::mem::take(&mut run.files);
    for file in &mut files {
        summary.add_file(file);
        add_findings(run, file, prepared, sift, summary);
    }
    run.files = files;
}

/// Moves the findings of a file to its run.
fn add_findings<'p>(
    run: &mut Run<'p>,
    file: &mut LintedFile<'p>,
    prepared: &Prepared,
    sift: &mut Sift<'_>,
    summary: &mut Summary,
) {
    file.findings.retain_mut(|it| sift.keep(it));
    once::merge(&mut file.findings, prepared.rules());
    for finding in std::mem::take(&mut file.findings) {
        summary.add_overridden(&finding);
        summary.add_finding(&finding);
        run.findings.push((finding, file.input.source.text()));
    }
    for file in run.back.iter_mut().flatten() {
        for mut finding in std::mem::take(&mut file.findings) {
            if sift.keep(&mut finding) {
                summary.add_overridden(&finding);
                summary.add_finding(&finding);
                run.findings.push((finding, file.input.source.text()));
            }
        }
    }
}

fn write(report: &Report<'_>, outputs: &[Output<Format>], world: &mut World<'_>) -> Result<(), Error> {
    for output in outputs {
        if let Some(path) = &output.file {
            let mut target = Target::create(path)?;
            let written = report.write(output.format, &mut target, Screen::default());
            written.map_err(|source| Error::Write { path: path.clone(), source })?;
            target.commit()?;
        } else {
            let screen = screen(world);
            let out = BufWriter::new(&mut *world.stdout);
            report.write(output.format, out, screen).map_err(Error::Report)?;
        }
    }
    Ok(())
}

/// What standard output shows. A locale that names another character set has no bars in Unicode.
fn screen(world: &World<'_>) -> Screen {
    let width = world.variable("COLUMNS").and_then(|it| it.parse().ok());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|it| world.variable(it));
    let is_utf_8 = |it: &str| {
        let it = it.to_ascii_lowercase();
        it.contains("utf-8") || it.contains("utf8")
    };
    Screen {
        is_styled: world.styled,
        is_unicode: locale.is_none_or(is_utf_8),
        width: width.unwrap_or(Screen::default().width).clamp(60, 200),
    }
}
