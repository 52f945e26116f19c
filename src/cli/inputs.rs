//! The paths of a command line to what `lint` judges, history by history.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use rayon::prelude::*;

use super::command::Printed;
use super::since::Since;
use crate::{
    config::Config,
    effect::Runner,
    error::Error,
    lint::{Change, Input, InputRole},
    migration::{self, Detected, Exclude, Framework, MigrationFile},
    sql::source::Source,
    traffic,
};

/// How reports name standard input.
const STDIN: &str = "<stdin>";

/// What to read, and how to take it.
pub(super) struct Wanted<'c> {
    /// Files, folders and `-`.
    pub paths: Vec<PathBuf>,
    /// What was there before.
    pub schema: Vec<PathBuf>,
    /// What the user declared.
    pub config: &'c Config,
    /// How the runner sends the files, if that was declared.
    pub runner: Option<Runner>,
    /// The framework that runs them, if that was declared.
    pub framework: Option<&'static Framework>,
    /// What standard input said, if it was asked for.
    pub stdin: Option<Vec<u8>>,
    /// What commands printed, each a history.
    pub printed: Vec<Vec<Printed>>,
    /// What changed, if only that is to be judged.
    pub since: Option<Since>,
}

/// What was asked for.
#[derive(Default)]
pub(super) struct Inputs {
    /// One list a history, each in the order in which its files run.
    pub histories: Vec<Vec<Input>>,
    /// The framework of each history.
    pub detected: Vec<Detected>,
    /// The frameworks, each with what showed it.
    pub frameworks: Vec<Detected>,
    /// How many down migrations were left out.
    pub n_down: usize,
    /// How many files were left out that the framework does not run.
    pub n_other: usize,
}

impl Inputs {
    /// How many files have this role. What was there before counts once.
    pub(super) fn n(&self, role: InputRole) -> usize {
        // What was deleted is told of, but ran nowhere.
        let is_there = |it: &&Input| it.role == role && !matches!(it.change, Change::Deleted { .. });
        let n = |history: &Vec<Input>| history.iter().filter(is_there).count();
        let each = self.histories.iter().map(n);
        if role.is_schema() { each.max().unwrap_or(0) } else { each.sum() }
    }

    /// Whether standard input is among them.
    pub(super) fn has_stdin(&self) -> bool {
        self.histories.iter().flatten().any(|it| it.source.path() == Path::new(STDIN))
    }
}

/// Reads standard input if `paths` has a `-`.
pub(super) fn read_stdin(paths: &[PathBuf], stdin: &mut dyn Read) -> Result<Option<Vec<u8>>, Error> {
    if !paths.iter().any(|it| it == Path::new("-")) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let failed = |source| Error::Read { path: PathBuf::from(STDIN), source };
    stdin.read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(bytes))
}

impl Wanted<'_> {
    /// Reads everything.
    pub(super) fn read(&self) -> Result<Inputs, Error> {
        let exclude = Exclude { root: self.config.root.clone(), globs: self.config.exclude.clone() };
        let wanted = migration::Wanted { exclude, framework: self.framework };
        let mut inputs = Inputs::default();
        let paths: Vec<_> = self.paths.iter().filter(|it| *it != Path::new("-")).cloned().collect();
        for history in migration::histories(&paths, &wanted)? {
            inputs.n_down += history.n_down;
            inputs.n_other += history.n_other;
            let mut files = self.read_all(&history.files, &history.detected, InputRole::Linted)?;
            if let Some(since) = &self.since {
                since.mark(&mut files, &history)?;
                files.extend(since.deleted(&history, &wanted.exclude));
            }
            inputs.histories.push(self.after_schema(files)?);
            inputs.detected.push(history.detected.clone());
            if !inputs.frameworks.iter().any(|it| it.is_same(&history.detected)) {
                inputs.frameworks.push(history.detected);
            }
        }
        for printed in &self.printed {
            let detected = Detected::of(self.framework);
            let files = printed.iter().map(|it| self.printed(it, &detected)).collect();
            inputs.histories.push(self.after_schema(files)?);
            inputs.detected.push(detected);
        }
        if let Some(bytes) = &self.stdin {
            let detected = Detected::of(self.framework);
            let stdin = self.input(Path::new(STDIN), bytes.clone(), &detected, InputRole::Linted);
            inputs.histories.push(self.after_schema(vec![stdin])?);
            inputs.detected.push(detected);
        }
        Ok(inputs)
    }

    /// What was there before, then `files`.
    pub(super) fn after_schema(&self, files: Vec<Input>) -> Result<Vec<Input>, Error> {
        let mut inputs = Vec::new();
        for path in &self.schema {
            if is_snapshot(path) {
                inputs.push(snapshot(path)?);
            } else if path.is_dir() {
                let wanted = migration::Wanted { exclude: Exclude::nothing(), framework: None };
                for history in migration::histories(std::slice::from_ref(path), &wanted)? {
                    inputs.extend(self.read_all(&history.files, &history.detected, InputRole::Schema)?);
                }
            } else {
                let file = MigrationFile { path: path.clone(), is_asked_for: true };
                inputs.extend(self.read_all(&[file], &Detected::of(None), InputRole::Schema)?);
            }
        }
        inputs.extend(files);
        leave_out_what_is_shown(&mut inputs);
        Ok(inputs)
    }

    fn read_all(
        &self,
        files: &[MigrationFile],
        detected: &Detected,
        asked_for_as: InputRole,
    ) -> Result<Vec<Input>, Error> {
        let read = |file: &MigrationFile| {
            let failed = |source| Error::Read { path: file.path.clone(), source };
            let role = if file.is_asked_for { asked_for_as } else { InputRole::History };
            Ok(self.input(&file.path, fs::read(&file.path).map_err(failed)?, detected, role))
        };
        files.par_iter().map(read).collect()
    }

    /// What a command printed, as it will be judged.
    fn printed(&self, printed: &Printed, detected: &Detected) -> Input {
        let mut input = self.input(&printed.path, printed.text.clone(), detected, InputRole::Linted);
        input.runner = input.runner.or(printed.runner);
        input.framework = printed.framework.unwrap_or(input.framework);
        input
    }

    /// One file as it will be judged.
    pub(super) fn input(
        &self,
        path: &Path,
        mut bytes: Vec<u8>,
        detected: &Detected,
        role: InputRole,
    ) -> Input {
        let says = detected.says(path, &bytes);
        let up = migration::keep_up_part(&mut bytes);
        let effective = |of_marks| effective(of_marks, says, self.runner, detected.runner);
        let runner = effective(up.runner);
        let parts = up.parts.into_iter().map(|(at, of_marks)| (at, effective(of_marks))).collect();
        let framework = up.framework.unwrap_or(detected.framework.name);
        let source = Source::new(path, bytes);
        Input { source, role, framework, runner, parts, change: Change::Unknown }
    }
}

/// What a snapshot shows has run: to run it again would be to make everything twice.
pub(super) fn leave_out_what_is_shown(history: &mut Vec<Input>) {
    if history.iter().any(|it| it.role == InputRole::Snapshot) {
        history.retain(|it| it.role != InputRole::History);
    }
}

/// Whether the file is what `lockkeeper snapshot` wrote, rather than SQL.
fn is_snapshot(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "json")
}

/// A snapshot as what was there before.
fn snapshot(path: &Path) -> Result<Input, Error> {
    let snapshot = super::traffic::read(path)?;
    let sql = traffic::schema::statements(&snapshot).ok_or_else(|| {
        let path = path.display();
        Error::Usage(format!("{path} has no names, so it cannot say what was there: take one without --hash-names, or give a schema as SQL"))
    })?;
    Ok(Input {
        source: Source::new(path, sql.into_bytes()),
        role: InputRole::Snapshot,
        framework: Detected::of(None).framework.name,
        runner: Some(Runner::Own),
        parts: Vec::new(),
        change: Change::Unknown,
    })
}

/// How a file is sent: one that says it is not one transaction knows better than a declaration for all files; its framework's habit does
/// not.
pub(super) fn effective(
    of_marks: Option<Runner>,
    says: Option<Runner>,
    declared: Option<Runner>,
    habit: Option<Runner>,
) -> Option<Runner> {
    let insists = of_marks.filter(|it| *it != Runner::File).or(says);
    insists.or(declared).or(of_marks).or(habit)
}
