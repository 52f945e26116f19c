//! The paths of a command line to what `lint` judges, history by history.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use rayon::prelude::*;

use super::since::Since;
use crate::{
    config::Config,
    effect::Scope,
    error::Error,
    lint::{Change, Input, InputRole},
    migration::{self, Exclude, MigrationFile},
    sql::source::Source,
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
    /// How far the runner's transaction reaches, if that was declared.
    pub transaction: Option<Scope>,
    /// What standard input said, if it was asked for.
    pub stdin: Option<Vec<u8>>,
    /// What changed, if only that is to be judged.
    pub since: Option<Since>,
}

/// What was asked for.
#[derive(Default)]
pub(super) struct Inputs {
    /// One list a history, each in the order in which its files run.
    pub histories: Vec<Vec<Input>>,
    /// How many down migrations were left out.
    pub n_down: usize,
}

impl Inputs {
    /// How many files have this role. What was there before counts once.
    pub(super) fn n(&self, role: InputRole) -> usize {
        // What was deleted is told of, but ran nowhere.
        let is_there = |it: &&Input| it.role == role && !matches!(it.change, Change::Deleted { .. });
        let n = |history: &Vec<Input>| history.iter().filter(is_there).count();
        let each = self.histories.iter().map(n);
        if role == InputRole::Schema { each.max().unwrap_or(0) } else { each.sum() }
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
        let mut inputs = Inputs::default();
        let paths: Vec<_> = self.paths.iter().filter(|it| *it != Path::new("-")).cloned().collect();
        for history in migration::histories(&paths, &exclude)? {
            inputs.n_down += history.n_down;
            let mut files = self.read_all(&history.files, InputRole::Linted)?;
            if let Some(since) = &self.since {
                since.mark(&mut files, &history.later)?;
            }
            inputs.histories.push(self.after_schema(files)?);
        }
        inputs
            .histories
            .extend(self.since.iter().filter_map(|it| it.deleted(&paths, &exclude)).map(|it| vec![it]));
        if let Some(bytes) = &self.stdin {
            let stdin = self.input(Path::new(STDIN), bytes.clone(), InputRole::Linted);
            inputs.histories.push(self.after_schema(vec![stdin])?);
        }
        Ok(inputs)
    }

    /// What was there before, then `files`.
    fn after_schema(&self, files: Vec<Input>) -> Result<Vec<Input>, Error> {
        let mut inputs = Vec::new();
        for path in &self.schema {
            let paths = if path.is_dir() {
                let histories = migration::histories(std::slice::from_ref(path), &Exclude::nothing())?;
                histories.into_iter().flat_map(|it| it.files).collect()
            } else {
                vec![MigrationFile { path: path.clone(), is_asked_for: true }]
            };
            inputs.extend(self.read_all(&paths, InputRole::Schema)?);
        }
        inputs.extend(files);
        Ok(inputs)
    }

    fn read_all(&self, files: &[MigrationFile], asked_for_as: InputRole) -> Result<Vec<Input>, Error> {
        let read = |file: &MigrationFile| {
            let failed = |source| Error::Read { path: file.path.clone(), source };
            let role = if file.is_asked_for { asked_for_as } else { InputRole::History };
            Ok(self.input(&file.path, fs::read(&file.path).map_err(failed)?, role))
        };
        files.par_iter().map(read).collect()
    }

    fn input(&self, path: &Path, mut bytes: Vec<u8>, role: InputRole) -> Input {
        let up = migration::keep_up_part(&mut bytes);
        let transaction = effective(up.transaction, self.transaction);
        let source = Source::new(path, bytes);
        Input { source, role, framework: up.framework, transaction, change: Change::Unknown }
    }
}

/// A file that says it runs outside of a transaction knows better than a declaration for all files; its framework's habit does not.
fn effective(of_file: Option<Scope>, declared: Option<Scope>) -> Option<Scope> {
    match of_file {
        Some(Scope::Own | Scope::None) => of_file,
        Some(Scope::File | Scope::Batch) | None => declared.or(of_file),
    }
}
