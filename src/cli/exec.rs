//! `dry-run --exec`: the framework's own tool on a throwaway server, watched from outside, and judged by what it did.

use std::{
    io::{Read, Write},
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
};

use super::{World, args::DryRun as Args, command::by_shell, dry_run, prepared::Prepared};
use crate::{
    dry_run::{self as dry, Assumed, File, Ran, Rows, Scoped, Script, Scripts},
    effect::Runner,
    error::Error,
    lint::{self, Change, Input, InputRole, LintedFile, LintedStatement, Observation, Observations, Options},
    pg::{
        Sandbox,
        describe::{describe, difference},
        proxy::Door,
        sandbox,
    },
    report::dry_run::Run,
    sql::source::Source,
    traffic::snapshot::Snapshot,
};

/// The database that the command is led to.
const DATABASE: &str = "dry_run";

/// What is run instead of files.
#[derive(Debug, clap::Args)]
pub(super) struct Traced {
    /// Run this command on the throwaway server, and judge what it does there: the framework's own tool, whatever its migrations are written
    /// in. It is told by `DATABASE_URL`, `PGHOST` and the like where that is; `{url}`, `{host}`, `{port}`, `{user}`, `{password}` and
    /// `{database}` stand for the same in COMMAND.
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["probe", "predict", "url", "clone_cmd"])]
    pub exec: Option<String>,
    /// Run this command before, for what was there before: `alembic upgrade ae1027a6acf`. It is not judged.
    #[arg(long, value_name = "COMMAND", requires = "exec")]
    pub before: Option<String>,
    /// Write the SQL that the command of `--exec` sent to this file.
    #[arg(long, value_name = "FILE", requires = "exec")]
    pub trace_file: Option<PathBuf>,
}

/// What a command did on one server.
pub(super) struct Done {
    options: Options,
    /// What was there before, what `--before` did, and what the command did.
    history: Vec<Input>,
    scripts: Vec<Script>,
    ran: Ran,
}

/// Runs the command on a server of each major version.
pub(super) fn trace_all(
    command: &str,
    (args, snapshot): (&Args, Option<&Snapshot>),
    prepared: &Prepared,
    majors: &[u16],
    world: &mut World<'_>,
) -> Result<Vec<Done>, Error> {
    let mut all = Vec::new();
    for postgres in majors {
        let options = Options { postgres: *postgres, ..prepared.options().clone() };
        // A tool may have a pool of connections, and each is watched by another.
        let settings = vec![("max_connections".to_owned(), "120".to_owned())];
        let bin_dir = args.pg_bin.clone();
        let settings = sandbox::Options { bin_dir, settings, ..sandbox::Options::default() };
        let server = Sandbox::start(*postgres, &settings)?;
        all.push(trace_one(command, (args, snapshot), prepared, options, &server, world)?);
    }
    if let (Some(path), Some(first)) = (&args.traced.trace_file, all.first()) {
        let text: Vec<String> = first.scripts.iter().map(kept).collect();
        let written = std::fs::write(path, text.join("\n"));
        written.map_err(|source| Error::Write { path: path.clone(), source })?;
    }
    Ok(all)
}

/// A script as it is kept: with what shares a transaction without a BEGIN, because it came together.
fn kept(script: &Script) -> String {
    let mut text = format!("-- connection {}\n", script.connection);
    let ends = script.parts.iter().skip(1).map(|it| it.0).chain([script.text.len()]);
    for (n, ((start, runner), end)) in script.parts.iter().zip(ends).enumerate() {
        match runner {
            Runner::Query => text.push_str("-- one message:\n"),
            _ if n > 0 => text.push_str("-- one by one:\n"),
            _ => {}
        }
        text.push_str(script.text.get(*start..end).unwrap_or_default());
    }
    text
}

fn trace_one(
    command: &str,
    (args, snapshot): (&Args, Option<&Snapshot>),
    prepared: &Prepared,
    options: Options,
    server: &Sandbox,
    world: &mut World<'_>,
) -> Result<Done, Error> {
    let told = || dry::Options {
        settings: options.settings.clone(),
        values: args.set.clone(),
        ..dry::Options::default()
    };
    let schema = prepared.install(|| prepared.schema())?;
    let mut ran = prepared.install(|| {
        let linted = lint::lint(&schema, prepared.rules(), &options);
        let files: Vec<File<'_>> = linted.iter().map(dry_run::file).collect();
        dry::before(server, DATABASE, &files, &told())
    })?;
    let mut history = schema;
    if let Some(before) = &args.traced.before {
        let (ended, scripts) = watch(before, server, world)?;
        ended.check(before, false)?;
        check(&scripts, before)?;
        ran.n_before += scripts.n_sent;
        ran.backdrop.extend(scripts.notes);
        history.extend(inputs(before, &scripts.scripts, InputRole::History));
    }
    let rows = args.rows.map(|most| Rows { snapshot, most, share: 1.0 });
    dry::fill(server, DATABASE, &dry::Options { rows, ..told() }, &mut ran)?;
    let was = describe(&server.connect(DATABASE)?)?;
    let (ended, scripts) = watch(command, server, world)?;
    ran.schema = difference(&was, &describe(&server.connect(DATABASE)?)?);
    let is_refused = scripts.is_refused();
    ended.check(command, is_refused)?;
    check(&scripts, command)?;
    history.push(Input {
        source: Source::new("<what was not there>", scripts.absent().into_bytes()),
        role: InputRole::Schema,
        framework: "plain",
        runner: Some(Runner::Own),
        parts: Vec::new(),
        change: Change::Unknown,
    });
    ran.backdrop.extend(scripts.notes);
    history.extend(inputs(command, &scripts.scripts, InputRole::Linted));
    Ok(Done { options, history, scripts: scripts.scripts, ran })
}

impl Done {
    /// What the server did beside what is predicted of it, as it is judged.
    ///
    /// With it what is to be said of the files that the command line names: in which transactions the command ran them.
    pub(super) fn judge<'p>(&'p mut self, prepared: &'p Prepared) -> (Run<'p>, Vec<LintedFile<'p>>) {
        let Self { options, history, scripts, ran } = self;
        let mut ran = std::mem::take(ran);
        ran.is_traced = true;
        let predicted = lint::lint(history, prepared.rules(), options);
        let judged = predicted.iter().filter(|it| it.input.role == InputRole::Linted);
        let files: Vec<File<'_>> = judged.map(dry_run::file).collect();
        let named = prepared.inputs.histories.iter().flat_map(|history| {
            let (named, notes) = compare_scopes(history, scripts, prepared, options);
            ran.backdrop.extend(notes);
            named
        });
        let named = named.collect();
        dry::compared(std::mem::take(scripts), &files, &mut ran);
        let observed = dry_run::observations(&predicted, &ran);
        let mut files = lint::judge_observed(history, prepared.rules(), options, observed);
        files.retain(|it| it.input.role == InputRole::Linted);
        (Run { postgres: options.postgres, ran, files, back: Vec::new(), findings: Vec::new() }, named)
    }
}

/// The rule for files that a command runs in other transactions than assumed.
const TRANSACTION_DIFFERS: &str = "transaction-differs";

/// The files of a history with nothing but how their transactions differ from what the command did; and what else is to be said.
fn compare_scopes<'p>(
    history: &'p [Input],
    scripts: &[Script],
    prepared: &Prepared,
    options: &Options,
) -> (Vec<LintedFile<'p>>, Vec<String>) {
    let linted = lint::lint(history, prepared.rules(), options);
    let (places, assumed): (Vec<usize>, Vec<Assumed<'_>>) = linted
        .iter()
        .enumerate()
        .filter(|it| it.1.input.role == InputRole::Linted)
        .map(|(n, file)| {
            let scope = |it: &LintedStatement| (it.span, it.outcome.situation.transaction);
            let statements = file.statements.iter().map(scope).collect();
            (n, Assumed { text: file.input.source.text(), statements })
        })
        .unzip();
    let Scoped { differences, unsent } = dry::scopes(&assumed, scripts);
    let mut observations = Observations::default();
    for (n, offset, difference) in differences {
        let said = vec![(TRANSACTION_DIFFERS, difference.to_owned())];
        let n = places.get(n).copied().unwrap_or_default();
        observations.add(n, offset, Observation { effects: None, said });
    }
    let note = |n: &usize| {
        let path = places.get(*n).and_then(|it| history.get(*it))?.source.path();
        Some(format!("the command sent nothing of {}", path.display()))
    };
    let notes = unsent.iter().filter_map(note).collect();
    let mut files = lint::judge_observed(history, prepared.rules(), options, observations);
    for file in &mut files {
        file.findings.retain(|it| it.rule == TRANSACTION_DIFFERS);
    }
    files.retain(|it| !it.findings.is_empty());
    (files, notes)
}

/// What the command sent, as files.
fn inputs(command: &str, scripts: &[Script], role: InputRole) -> Vec<Input> {
    let input = |(n, script): (usize, &Script)| {
        let name = if n == 0 { format!("<{command}>") } else { format!("<{command} ({})>", n + 1) };
        Input {
            source: Source::new(PathBuf::from(name), script.text.clone().into_bytes()),
            role,
            framework: "plain",
            runner: script.parts.first().map(|it| it.1),
            parts: script.parts.iter().map(|(at, runner)| (*at, Some(*runner))).collect(),
            change: Change::Unknown,
        }
    };
    scripts.iter().enumerate().map(input).collect()
}

/// How a command ended.
struct Ended {
    status: ExitStatus,
    /// The end of what it said.
    said: String,
}

impl Ended {
    /// A command that failed is an error, unless the server is to blame: that is a finding.
    fn check(&self, command: &str, is_refused: bool) -> Result<(), Error> {
        if self.status.success() || is_refused {
            return Ok(());
        }
        let said: Vec<String> = self.said.lines().map(|it| format!("\n  {it}")).collect();
        let problem = format!("it failed ({}), and not by the server{}", self.status, said.concat());
        Err(Error::Command { command: command.to_owned(), problem })
    }
}

/// A command that sent nothing would pass whatever it does.
fn check(scripts: &Scripts, command: &str) -> Result<(), Error> {
    if scripts.n_sent > 0 {
        return Ok(());
    }
    let problem = match (scripts.n_strangers, &scripts.elsewhere[..]) {
        (0, []) => "it did not connect to the throwaway server: does it read DATABASE_URL or PGHOST, PGPORT, PGUSER, PGPASSWORD \
                    and PGDATABASE? {url} in the command stands for the URL, {host}, {port}, {user}, {password} and {database} for its parts"
            .to_owned(),
        (0, others) => format!(
            "it connected to {} only, and the database to be migrated is {DATABASE}, as DATABASE_URL and PGDATABASE say",
            others.join(", ")
        ),
        _ => "it connected to the throwaway server with another password than that of DATABASE_URL and PGPASSWORD".to_owned(),
    };
    Err(Error::Command { command: command.to_owned(), problem })
}

/// Runs a command that is led to the throwaway server.
fn watch(command: &str, server: &Sandbox, world: &mut World<'_>) -> Result<(Ended, Scripts), Error> {
    let mut how = None;
    let (_, scripts) = dry::trace(server, DATABASE, |door| {
        let ended = run(command, door, world)?;
        let is_success = ended.status.success();
        how = Some(ended);
        Ok(is_success)
    })?;
    let unended = || Error::Command { command: command.to_owned(), problem: "it did not end".to_owned() };
    Ok((how.ok_or_else(unended)?, scripts))
}

/// How much of what a failed command said is shown, in lines from its end.
const MAX_LINES: usize = 20;

/// Runs a command to its end. What it says goes to standard error, which is not where the report goes.
fn run(command: &str, door: &Door, world: &mut World<'_>) -> Result<Ended, Error> {
    let failed = |it: std::io::Error| Error::Command {
        command: command.to_owned(),
        problem: format!("cannot run it: {it}"),
    };
    let mut child = by_door(command, door)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (sender, said) = mpsc::channel();
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|it| Box::new(it) as Box<dyn Read + Send>),
        child.stderr.take().map(|it| Box::new(it) as Box<dyn Read + Send>),
    ];
    for mut stream in streams.into_iter().flatten() {
        let sender = sender.clone();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = stream.read(&mut buffer) {
                let Some(some) = buffer.get(..n) else { return };
                if sender.send(some.to_vec()).is_err() {
                    return;
                }
            }
        });
    }
    drop(sender);
    let mut all = Vec::new();
    for some in said {
        // Nobody can be told that standard error is closed.
        let _ = world.stderr.write_all(&some);
        all.extend(some);
    }
    let status = child.wait().map_err(failed)?;
    let all = String::from_utf8_lossy(&all);
    let lines: Vec<&str> = all.trim_end().lines().collect();
    let last = lines.get(lines.len().saturating_sub(MAX_LINES)..).unwrap_or_default();
    Ok(Ended { status, said: last.join("\n") })
}

/// The command with what says where the server is.
fn by_door(command: &str, door: &Door) -> Command {
    let port = door.port.to_string();
    let url = format!("postgresql://postgres:{}@127.0.0.1:{port}/{DATABASE}", door.password);
    let parts = [
        ("{url}", "DATABASE_URL", url.as_str()),
        ("{host}", "PGHOST", "127.0.0.1"),
        ("{port}", "PGPORT", &port),
        ("{user}", "PGUSER", "postgres"),
        ("{password}", "PGPASSWORD", &door.password),
        ("{database}", "PGDATABASE", DATABASE),
    ];
    let text = parts.iter().fold(command.to_owned(), |text, (name, _, value)| text.replace(name, value));
    let mut command = by_shell(&text);
    // Else these would say more than those.
    for name in ["PGHOSTADDR", "PGSERVICE", "PGSERVICEFILE", "PGPASSFILE", "PGSSLMODE", "PGOPTIONS"] {
        command.env_remove(name);
    }
    command.envs(parts.iter().map(|(_, name, value)| (name, value)));
    command
}
