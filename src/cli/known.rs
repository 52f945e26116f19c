//! The findings that a baseline leaves out.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
};

use super::{inputs::Inputs, place};
use crate::{
    error::Error,
    finding::Finding,
    lint::{Change, Input, InputRole},
    report,
    rule::Baseline,
};

/// A baseline in use.
#[derive(Clone)]
pub(super) struct Known {
    path: PathBuf,
    /// What its paths are relative to.
    folder: PathBuf,
    baseline: Baseline,
    /// The files of which every finding will be known.
    judged: HashSet<String>,
    n_met: usize,
}

impl Known {
    /// Reads the baseline in `path`, for a run over `inputs`.
    pub(super) fn read(path: &Path, inputs: &Inputs) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => {
                Error::Usage(format!("there is no {}: `lockkeeper baseline` writes it", path.display()))
            }
            _ => Error::Read { path: path.to_owned(), source },
        })?;
        let baseline =
            Baseline::parse(&text).map_err(|problem| Error::Config { path: path.to_owned(), problem })?;
        let folder = folder_of(path);
        let is_judged = |it: &&Input| {
            it.role == InputRole::Linted && matches!(it.change, Change::Unknown | Change::New { .. })
        };
        let judged = inputs.histories.iter().flatten().filter(is_judged);
        let judged = judged.map(|it| place::relative(it.source.path(), &folder)).collect();
        Ok(Self { path: path.to_owned(), folder, baseline, judged, n_met: 0 })
    }

    /// Whether a finding is known, and so is not to be reported.
    pub(super) fn has(&mut self, finding: &Finding) -> bool {
        let path = place::relative(Path::new(&*finding.path), &self.folder);
        let is_gone = |it: &str| !self.folder.join(it).exists();
        let has = self.baseline.has(&finding.fingerprint, &path, &is_gone);
        self.n_met += usize::from(has);
        has
    }

    /// What the report says, once all findings have asked.
    pub(super) fn told(&self) -> report::Baseline {
        // Of a file that is not judged nobody knows what is left.
        let is_known = |path: &str| self.judged.contains(path) || !self.folder.join(path).exists();
        report::Baseline {
            path: place::shown(&self.path),
            n_known: self.n_met,
            n_stale: self.baseline.unused().filter(|it| is_known(it)).count(),
        }
    }
}

/// What the paths in a baseline are relative to: its folder.
pub(super) fn folder_of(path: &Path) -> PathBuf {
    path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}
