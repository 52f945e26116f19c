//! The one file that a command writes, or standard output.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::World;
use crate::{error::Error, report::Target, traffic::written};

/// Where the file goes: opened before the work, so that one that cannot be written is told before the wait, not after it.
pub(super) struct OneFile(Option<(PathBuf, Target)>);

impl OneFile {
    /// Begins to write what `-o` names; standard output without it, or for `-`.
    pub(super) fn create(output: Option<&Path>) -> Result<Self, Error> {
        let file = output.filter(|it| *it != Path::new("-"));
        let target = file.map(|it| Ok::<_, Error>((it.to_owned(), Target::create(it)?)));
        target.transpose().map(Self)
    }

    /// Writes it, and puts it in its place.
    pub(super) fn write(self, it: &impl Serialize, world: &mut World<'_>) -> Result<(), Error> {
        let text = written(it).map_err(|it| Error::Report(it.into()))?;
        let Some((path, mut target)) = self.0 else {
            return world.stdout.write_all(text.as_bytes()).map_err(Error::Report);
        };
        target.write_all(text.as_bytes()).map_err(|source| Error::Write { path, source })?;
        target.commit()
    }
}
