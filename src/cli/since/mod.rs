//! `--since`: which files, and which lines of them, are not as they were merged.

mod base;
mod git;

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use rayon::prelude::*;

use super::World;
use crate::{
    error::Error,
    lint::{Change, Input, InputRole, Lines},
    migration::{self, Exclude, History},
    report,
    sql::source::Source,
};
use base::Base;
use git::{Repository, Status};

/// What changed since a commit.
pub(super) struct Since {
    repository: Repository,
    base: Base,
    /// By path from the top of the work tree.
    changes: HashMap<PathBuf, Status>,
}

impl Since {
    /// What changed since `wanted`, in the repository of `paths`. `None` if `wanted` leaves it to the environment and that says nothing.
    pub(super) fn find(wanted: &str, paths: &[PathBuf], world: &World<'_>) -> Result<Option<Self>, Error> {
        let references = base::references(wanted, world);
        if references.is_empty() {
            return Ok(None);
        }
        let Some(repository) = repository(paths)? else { return Ok(None) };
        let base = base::find(&repository, &references)?;
        let changes = repository.changes(&base.commit)?.into_iter().collect();
        Ok(Some(Self { repository, base, changes }))
    }

    /// What a report says of it.
    pub(super) fn told(&self, histories: &[Vec<Input>]) -> report::Since {
        let n_changed = |it: &Input| match it.change {
            Change::Unknown | Change::Unchanged => 0,
            Change::New { .. } | Change::Edited { .. } => 1,
            Change::Deleted { n_others } => 1 + n_others,
        };
        report::Since {
            reference: self.base.reference.clone(),
            base: self.base.commit.clone(),
            n_changed_files: histories.iter().flatten().map(n_changed).sum(),
        }
    }

    /// Marks what changed of a history's files. The rest of what was asked for has run, and is not judged.
    pub(super) fn mark(&self, inputs: &mut [Input], history: &History) -> Result<(), Error> {
        let asked_for = inputs.par_iter_mut().filter(|it| !it.role.is_schema());
        asked_for.try_for_each(|input| {
            match (self.change(&input.source, history)?, input.role) {
                (Change::Unchanged, _) => {
                    (input.role, input.change) = (InputRole::History, Change::Unchanged);
                }
                (change, InputRole::Linted) => input.change = change,
                // It changed, and was not asked for.
                _ => {}
            }
            Ok::<(), Error>(())
        })?;
        self.mark_order(inputs, history);
        Ok(())
    }

    /// Marks the new files that run before one that is merged.
    fn mark_order(&self, inputs: &mut [Input], history: &History) {
        let is_last = |path: &Path| {
            let is_merged = self.status(path).is_none_or(|it| matches!(it, Status::Edited { .. }));
            is_merged && !history.runs_again(path)
        };
        let last_here = inputs.iter().rposition(|it| is_last(it.source.path()));
        let (last, n_before) = match (history.later.iter().rfind(|it| is_last(it)), last_here) {
            (Some(last), _) => (last.clone(), inputs.len()),
            (None, Some(n)) => (inputs[n].source.path().to_owned(), n),
            (None, None) => return,
        };
        for input in inputs.iter_mut().take(n_before) {
            if let Change::New { behind } = &mut input.change {
                *behind = Some(last.to_string_lossy().into_owned());
            }
        }
    }

    /// A stand-in for the merged migrations that are gone from the history's folder.
    pub(super) fn deleted(&self, history: &History, exclude: &Exclude) -> Option<Input> {
        let named = history.folder.as_ref()?;
        let place = self.below_root(&named.join("-"))?;
        let place = place.parent().unwrap_or(Path::new(""));
        let folder = named.strip_prefix(".").unwrap_or(named);
        let deleted = self.changes.iter().filter(|it| *it.1 == Status::Deleted);
        let below = deleted.filter_map(|it| Some(folder.join(it.0.strip_prefix(place).ok()?)));
        let mut gone: Vec<PathBuf> = below.filter(|it| history.had(it) && !exclude.has(it)).collect();
        gone.sort_by(|a, b| migration::natural(a, b));
        Some(Input {
            source: Source::new(gone.first()?, Vec::new()),
            role: InputRole::History,
            framework: history.detected.framework.name,
            runner: None,
            parts: Vec::new(),
            change: Change::Deleted { n_others: gone.len() - 1 },
        })
    }

    fn change(&self, source: &Source, history: &History) -> Result<Change, Error> {
        let path = source.path();
        let base = &self.base.commit;
        Ok(match self.status(path) {
            None => Change::Unchanged,
            Some(Status::New | Status::Deleted) => Change::New { behind: None },
            Some(Status::Edited { .. }) if history.runs_again(path) => Change::New { behind: None },
            Some(Status::Edited { from }) => {
                let to = self.below_root(path).unwrap_or_default();
                let mut merged = self.repository.text(base, from)?;
                let up = migration::keep_up_part(&mut merged);
                let merged = Source::new(from, merged);
                let merged = migration::fixed_parts(merged.text(), &up);
                let merged = merged.into_iter().map(str::to_owned).collect();
                // What is no text has no lines.
                let lines = match source.text() {
                    "" => vec![Lines { first: 1, last: u32::MAX }],
                    _ => self.repository.changed_lines(base, from, &to)?,
                };
                Change::Edited { lines, merged }
            }
        })
    }

    /// `None` if it did not change.
    fn status(&self, path: &Path) -> Option<&Status> {
        self.changes.get(&self.below_root(path)?)
    }

    /// The path from the top of the work tree. The last part may be a symbolic link, which git keeps as such.
    fn below_root(&self, path: &Path) -> Option<PathBuf> {
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = fs::canonicalize(folder).ok()?;
        Some(folder.join(path.file_name()?).strip_prefix(&self.repository.root).ok()?.to_owned())
    }
}

/// Whether commits are missing in the clone of `paths` that a full one would have; `None` if there are no paths.
pub(super) fn is_shallow(paths: &[PathBuf]) -> Result<Option<bool>, Error> {
    repository(paths)?.map(|it| it.is_shallow()).transpose()
}

/// The one repository of `paths`; `None` if none of them is there.
fn repository(paths: &[PathBuf]) -> Result<Option<Repository>, Error> {
    let files = paths.iter().filter(|it| *it != Path::new("-") && it.exists());
    let mut repository: Option<Repository> = None;
    for path in files {
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let own = Repository::of(folder)?;
        match &repository {
            Some(first) if first.root != own.root => {
                let (first, own) = (first.root.display(), own.root.display());
                let problem = format!("--since: the files are in two repositories, {first} and {own}");
                return Err(Error::Usage(problem));
            }
            _ => repository = Some(own),
        }
    }
    Ok(repository)
}
