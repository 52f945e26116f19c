//! The paths of a command line to what `lint` judges, history by history.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use rayon::prelude::*;

use super::read::{Text, decode, read};
use crate::{
    config::Config,
    effect::Scope,
    error::Error,
    lint::{Input, InputRole},
    migration::{self, Exclude, MigrationFile},
};

/// How reports name standard input.
const STDIN: &str = "<stdin>";

/// What a command line asks for.
#[derive(Default)]
pub(super) struct Inputs {
    /// One list a history, each in the order in which its files run.
    pub histories: Vec<Vec<Input>>,
    /// How many files say what was there before.
    pub n_schema: usize,
    /// How many down migrations were left out.
    pub n_down: usize,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl Inputs {
    /// How many files have this role.
    pub(super) fn n(&self, role: InputRole) -> usize {
        self.histories.iter().flatten().filter(|it| it.role == role).count()
    }
}

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
        let schema = schema_inputs(&self.schema, &mut inputs.warnings)?;
        inputs.n_schema = schema.len();
        let paths: Vec<_> = self.paths.iter().filter(|it| *it != Path::new("-")).cloned().collect();
        for history in migration::histories(&paths, &exclude)? {
            inputs.n_down += history.n_down;
            let files = read_all(&history.files, &mut inputs.warnings)?;
            inputs.histories.push(schema.iter().cloned().chain(files).collect());
        }
        if let Some(bytes) = &self.stdin {
            let failed = |source| Error::Read { path: PathBuf::from(STDIN), source };
            let text = decode(bytes.clone(), STDIN).map_err(failed)?;
            let input = input(STDIN.to_owned(), text, InputRole::Linted, &mut inputs.warnings);
            inputs.histories.push(schema.into_iter().chain([input]).collect());
        }
        for input in inputs.histories.iter_mut().flatten() {
            input.transaction = effective(input.transaction, self.transaction);
        }
        Ok(inputs)
    }
}

/// A file that says it runs outside of a transaction knows better than a declaration for all files; its framework's habit does not.
fn effective(of_file: Option<Scope>, declared: Option<Scope>) -> Option<Scope> {
    match of_file {
        Some(Scope::Own | Scope::None) => of_file,
        Some(Scope::File | Scope::Batch) | None => declared.or(of_file),
    }
}

fn schema_inputs(schema: &[PathBuf], warnings: &mut Vec<String>) -> Result<Vec<Input>, Error> {
    let mut inputs = Vec::new();
    for path in schema {
        let files = if path.is_dir() {
            let histories = migration::histories(std::slice::from_ref(path), &Exclude::nothing())?;
            histories.into_iter().flat_map(|it| it.files).collect()
        } else {
            vec![MigrationFile { path: path.clone(), is_asked_for: true }]
        };
        let schema = |it| Input { role: InputRole::Schema, ..it };
        inputs.extend(read_all(&files, warnings)?.into_iter().map(schema));
    }
    Ok(inputs)
}

fn read_all(files: &[MigrationFile], warnings: &mut Vec<String>) -> Result<Vec<Input>, Error> {
    let read = |file: &MigrationFile| {
        let name = name(&file.path);
        let role = if file.is_asked_for { InputRole::Linted } else { InputRole::History };
        read(&file.path, &name).map(|text| (name, text, role))
    };
    let texts: Vec<_> = files.par_iter().map(read).collect::<Result<_, _>>()?;
    Ok(texts.into_iter().map(|(name, text, role)| input(name, text, role, warnings)).collect())
}

fn input(path: String, text: Text, role: InputRole, warnings: &mut Vec<String>) -> Input {
    warnings.extend(text.warning);
    let up = migration::up_part(&text.text);
    let (framework, transaction) = (up.framework, up.transaction);
    let blanked = match up.text {
        std::borrow::Cow::Owned(text) => Some(text),
        std::borrow::Cow::Borrowed(_) => None,
    };
    Input { path, text: blanked.unwrap_or(text.text), role, framework, transaction }
}

/// The file's name in reports: as it was given, with `/`, on every platform.
fn name(path: &Path) -> String {
    let name = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '\\' { name.replace('\\', "/") } else { name.into_owned() }
}
