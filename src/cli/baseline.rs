//! `lockkeeper baseline`: writes down what is found today, so that `lint` reports what comes on top.

use std::{io::Write, path::Path};

use super::{
    CLEAN, World,
    args::Baseline as Args,
    known::folder_of,
    place,
    prepared::{Extras, Prepared},
    sift::Sift,
};
use crate::{
    error::Error,
    migration,
    report::Target,
    rule::{Baseline, Known},
};

/// The file's name when nobody gives another.
const NAME: &str = "lockkeeper.baseline";

/// Runs `baseline`.
pub(super) fn run(args: &Args, config: Option<&Path>, world: &mut World<'_>) -> Result<u8, Error> {
    let prepared = Prepared::read(&args.judged, config, &Extras::default(), world)?;
    if prepared.inputs.has_stdin() {
        return Err(Error::Usage("standard input has no place in a baseline: name a file".to_owned()));
    }
    let config = &prepared.config;
    let configured = config.baseline.clone();
    let path = args.output.clone().or(configured.clone()).unwrap_or_else(|| config.folder().join(NAME));
    let folder = folder_of(&path);
    let mut sift = Sift::new(&prepared, None, world)?;
    let mut known: Vec<Known> = prepared.judge(|files| {
        let findings = files.flat_map(|it| it.findings).filter_map(|mut it| sift.keep(&mut it).then_some(it));
        let known = findings.map(|it| Known {
            path: place::relative(Path::new(&*it.path), &folder),
            line: it.start.line,
            rule: it.rule.to_string(),
            fingerprint: it.fingerprint,
        });
        known.collect()
    });
    known.sort_by(|a, b| {
        let by_path = migration::natural(Path::new(&a.path), Path::new(&b.path));
        by_path.then_with(|| (a.line, &a.rule, &a.fingerprint).cmp(&(b.line, &b.rule, &b.fingerprint)))
    });
    write(&path, &Baseline::text(&known))?;
    let (n, shown) = (known.len(), place::shown(&path));
    let findings = if n == 1 { "finding" } else { "findings" };
    writeln!(world.stdout, "{shown}: {n} {findings} that lint leaves out from now on")
        .map_err(Error::Report)?;
    if configured.as_ref() != Some(&path) {
        let how = format!("give lint `--baseline {shown}`, or set `baseline` in lockkeeper.toml");
        writeln!(world.stderr, "note: {how}").map_err(Error::Report)?;
    }
    Ok(CLEAN)
}

/// Writes the file whole or not at all.
fn write(path: &Path, text: &str) -> Result<(), Error> {
    let mut target = Target::create(path)?;
    let failed = |source| Error::Write { path: path.to_owned(), source };
    target.write_all(text.as_bytes()).map_err(failed)?;
    target.commit()
}
