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
    migration::{self, Exclude},
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
        let files: Vec<&PathBuf> = paths.iter().filter(|it| *it != Path::new("-") && it.exists()).collect();
        if references.is_empty() || files.is_empty() {
            return Ok(None);
        }
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
        let Some(repository) = repository else { return Ok(None) };
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

    /// Marks what changed in a history, before what runs `later`. The rest of what was asked for has run, and is not judged.
    pub(super) fn mark(&self, history: &mut [Input], later: &[PathBuf]) -> Result<(), Error> {
        let asked_for = history.par_iter_mut().filter(|it| it.role != InputRole::Schema);
        asked_for.try_for_each(|input| {
            match (self.change(&input.source)?, input.role) {
                (Change::Unchanged, _) => {
                    (input.role, input.change) = (InputRole::History, Change::Unchanged);
                }
                (change, InputRole::Linted) => input.change = change,
                // It changed, and was not asked for.
                _ => {}
            }
            Ok::<(), Error>(())
        })?;
        self.mark_order(history, later);
        Ok(())
    }

    /// Marks the new files of a history that run before one that is merged.
    fn mark_order(&self, history: &mut [Input], later: &[PathBuf]) {
        let is_merged = |path: &Path| self.status(path).is_none_or(|it| matches!(it, Status::Edited { .. }));
        let last_here =
            history.iter().rposition(|it| it.role != InputRole::Schema && is_merged(it.source.path()));
        let (last, n_before) = match (later.iter().rfind(|it| is_merged(it)), last_here) {
            (Some(last), _) => (last.clone(), history.len()),
            (None, Some(n)) => (history[n].source.path().to_owned(), n),
            (None, None) => return,
        };
        for input in history.iter_mut().take(n_before) {
            if let Change::New { behind } = &mut input.change {
                *behind = Some(last.to_string_lossy().into_owned());
            }
        }
    }

    /// A stand-in for the merged migrations that are gone from the folders among `paths`.
    pub(super) fn deleted(&self, paths: &[PathBuf], exclude: &Exclude) -> Option<Input> {
        let mut gone: Vec<PathBuf> = Vec::new();
        for folder in paths.iter().filter(|it| it.is_dir()) {
            let Some(place) = self.below_root(&folder.join("-")) else { continue };
            let place = place.parent().unwrap_or(Path::new(""));
            let folder = folder.strip_prefix(".").unwrap_or(folder);
            let deleted = self.changes.iter().filter(|it| *it.1 == Status::Deleted);
            let below = deleted.filter_map(|it| Some(folder.join(it.0.strip_prefix(place).ok()?)));
            gone.extend(below.filter(|it| migration::is_up(it) && !exclude.has(it)));
        }
        gone.sort_by(|a, b| migration::natural(a, b));
        gone.dedup();
        Some(Input {
            source: Source::new(gone.first()?, Vec::new()),
            role: InputRole::History,
            framework: "plain",
            runner: None,
            parts: Vec::new(),
            change: Change::Deleted { n_others: gone.len() - 1 },
        })
    }

    fn change(&self, source: &Source) -> Result<Change, Error> {
        let path = source.path();
        let base = &self.base.commit;
        Ok(match self.status(path) {
            None => Change::Unchanged,
            Some(Status::New | Status::Deleted) => Change::New { behind: None },
            Some(Status::Edited { from }) => {
                let to = self.below_root(path).unwrap_or_default();
                let mut merged = self.repository.text(base, from)?;
                migration::keep_up_part(&mut merged);
                let merged = Source::new(from, merged).text().to_owned();
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
