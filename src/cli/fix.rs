//! `lockkeeper fix`: what can be rewritten safely, as a diff that `git apply` takes, or written to the files.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::Mutex,
};

use similar::TextDiff;
use tempfile::NamedTempFile;

use super::{
    CLEAN, FINDINGS, World,
    args::Fix,
    inputs::Wanted,
    known::Known,
    prepared::{Extras, Prepared},
    sift::Sift,
};
use crate::{
    config::{Config, FailOn},
    error::Error,
    finding::{Finding, Severity},
    fix::{self, Draft, Fixed},
    lint::{Input, InputRole},
    migration::Detected,
};

/// What `lock_timeout` is set to when nothing else is configured: long enough for short transactions to end, short enough that the
/// queue behind the migration stays small.
const LOCK_TIMEOUT: &str = "2s";

/// What `lock_timeout` is set to.
pub(super) fn lock_timeout(config: &Config) -> &str {
    config.fix_lock_timeout.as_deref().unwrap_or(LOCK_TIMEOUT)
}

/// Runs `fix`.
pub(super) fn run(args: &Fix, config: Option<&Path>, world: &mut World<'_>) -> Result<u8, Error> {
    if !args.judged.from_command.is_empty() {
        return Err(Error::Usage("what a command prints cannot be fixed: name files".to_owned()));
    }
    let extras = Extras {
        keep_statements: true,
        may_be_partial: true,
        since: args.since.as_deref(),
        ..Extras::default()
    };
    let mut prepared = Prepared::read(&args.judged, config, &extras, world)?;
    if prepared.inputs.has_stdin() {
        return Err(Error::Usage("standard input cannot be fixed: name a file".to_owned()));
    }
    let baseline = args.baseline.as_ref().or(prepared.config.baseline.as_ref());
    let known = baseline.map(|it| Known::read(it, &prepared.inputs)).transpose()?.map(Mutex::new);
    let histories = std::mem::take(&mut prepared.inputs.histories);
    let all = fixed(args, &prepared, histories, known.as_ref(), world)?;
    let files: Vec<&(PathBuf, Draft)> = all.iter().flat_map(|it| &it.files).collect();
    if args.write {
        write_all(&files)?;
    } else {
        for (path, draft) in &files {
            world.stdout.write_all(diff(path, draft).as_bytes()).map_err(Error::Report)?;
        }
    }
    world.stdout.flush().map_err(Error::Report)?;
    // Who reads the diff from a pipe still wants to know what was not done; nobody can be told that stderr is closed.
    let _ = world.stderr.write_all(summary(&all, args.write).as_bytes());
    let worst = all.iter().map(Fixed::worst).max().unwrap_or(Severity::Off);
    let fail_on = args.fail_on.or(prepared.config.fail_on).unwrap_or(FailOn::Error);
    Ok(if fail_on.fails(worst) { FINDINGS } else { CLEAN })
}

/// Fixes every history.
fn fixed(
    args: &Fix,
    prepared: &Prepared,
    histories: Vec<Vec<Input>>,
    known: Option<&Mutex<Known>>,
    world: &World<'_>,
) -> Result<Vec<Fixed>, Error> {
    let config = &prepared.config;
    let again = Wanted {
        paths: Vec::new(),
        schema: Vec::new(),
        config,
        runner: args.judged.transaction.map(Into::into).or(config.transaction),
        framework: None,
        stdin: None,
        printed: Vec::new(),
        since: None,
    };
    let sift = Mutex::new(Sift::new(prepared, None, world)?);
    // A poisoned lock is one that a panic left, and then nothing matters any more.
    let keep = |finding: &mut Finding| sift.lock().is_ok_and(|mut it| it.keep(finding));
    let is_known =
        |finding: &Finding| known.is_some_and(|it| it.lock().is_ok_and(|mut known| known.has(finding)));
    let one = |(history, detected): (Vec<Input>, &Detected)| {
        let read = |path: &Path, bytes: Vec<u8>| again.input(path, bytes, detected, InputRole::Linted);
        let surroundings = fix::World {
            rules: prepared.rules(),
            options: prepared.options(),
            lock_timeout: lock_timeout(config),
            allow: args.allow.as_deref(),
            read: &read,
            names: &names,
            keep: &keep,
            is_known: &is_known,
        };
        one(history, &surroundings)
    };
    prepared.install(|| histories.into_iter().zip(&prepared.inputs.detected).map(one).collect())
}

fn one(history: Vec<Input>, surroundings: &fix::World<'_>) -> Result<Fixed, Error> {
    let bytes = |input: &Input| {
        let path = input.source.path();
        // What is not judged is not changed, and may be no file any more.
        if input.role != InputRole::Linted || !path.exists() {
            return Ok(input.source.text().as_bytes().to_vec());
        }
        fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })
    };
    let bytes = history.iter().map(bytes).collect::<Result<Vec<_>, _>>()?;
    Ok(fix::fix(history, bytes, surroundings))
}

/// The names in a folder; none if it cannot be listed.
fn names(folder: &Path) -> Vec<String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = folder.read_dir().into_iter().flatten().flatten();
    entries.filter_map(|it| it.file_name().into_string().ok()).collect()
}

/// The difference that a file makes, as `git apply` takes it.
fn diff(path: &Path, draft: &Draft) -> String {
    let shown = path.to_string_lossy();
    let shown = shown.trim_start_matches("./").trim_start_matches('/');
    let before = draft.before.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    let now = String::from_utf8_lossy(&draft.now);
    let from = if draft.before.is_some() { format!("a/{shown}") } else { "/dev/null".to_owned() };
    let diff = TextDiff::from_lines(before.as_ref(), now.as_ref());
    diff.unified_diff().context_radius(3).header(&from, &format!("b/{shown}")).to_string()
}

/// What was done and what was not.
fn summary(all: &[Fixed], written: bool) -> String {
    let refused = all.iter().flat_map(|it| &it.refused).map(|(finding, why)| {
        let (path, line) = (&finding.path, finding.start.line);
        format!("not fixed: {path}:{line}: {}: {why}\n", finding.rule)
    });
    let n = |of: fn(&Fixed) -> usize| all.iter().map(of).sum::<usize>();
    let n_new = n(|it| it.files.iter().filter(|it| it.1.before.is_none()).count());
    let n_changed = n(|it| it.files.len()) - n_new;
    let verb = if written { "fixed" } else { "can be fixed" };
    let allowed = match n(|it| it.allowed.len()) {
        0 => String::new(),
        n => format!(", {n} more allowed by comments"),
    };
    let last = format!(
        "{} {verb}{allowed} in {}, with {}; {} left\n",
        counted(n(|it| it.fixed.len()), "finding"),
        counted(n_changed, "file"),
        counted(n_new, "new file"),
        n(|it| it.left.len()),
    );
    refused.chain([last]).collect()
}

fn counted(n: usize, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

/// Writes all files, or none: folders that were made for them go again if one cannot be written.
fn write_all(files: &[&(PathBuf, Draft)]) -> Result<(), Error> {
    let mut made = Vec::new();
    let written = write_each(files, &mut made);
    if written.is_err() {
        // Only empty ones can be removed.
        made.iter().rev().for_each(|it| drop(fs::remove_dir(it)));
    }
    written
}

/// Writes all files beside what they replace, then puts them in their places one after the other.
fn write_each(files: &[&(PathBuf, Draft)], made: &mut Vec<PathBuf>) -> Result<(), Error> {
    let mut ready = Vec::new();
    for (path, draft) in files {
        let failed = |source| Error::Write { path: path.clone(), source };
        if let Some(folder) =
            path.parent().filter(|it| draft.before.is_none() && !it.as_os_str().is_empty() && !it.exists())
        {
            fs::create_dir(folder).map_err(failed)?;
            made.push(folder.to_owned());
        }
        // What a link points to is replaced, not the link.
        let target = if draft.before.is_some() { path.canonicalize().map_err(failed)? } else { path.clone() };
        ready.push((path, draft, prepared(&target, draft).map_err(failed)?, target));
    }
    for (path, draft, file, target) in ready {
        let failed = |error: tempfile::PersistError| Error::Write { path: path.clone(), source: error.error };
        // A name was free when it was chosen; what has come there since is not ours.
        let is_new = draft.before.is_none();
        if is_new { file.persist_noclobber(&target) } else { file.persist(&target) }.map_err(failed)?;
    }
    Ok(())
}

/// The file's new bytes in a temporary file with its permissions.
fn prepared(target: &Path, draft: &Draft) -> std::io::Result<NamedTempFile> {
    let folder = target.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".lockkeeper-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any program makes a file: the umask takes away from it.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(&draft.now)?;
    if draft.before.is_some() {
        file.as_file().set_permissions(target.metadata()?.permissions())?;
    }
    Ok(file)
}
