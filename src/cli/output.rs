//! `--format F[=FILE]`: opens what reports go to, and puts files in their place when they are complete.

use std::{
    io::{self, BufWriter},
    path::PathBuf,
};

use clap::ValueEnum;

use super::World;
use crate::{
    error::Error,
    report::{Event, Format, Reporter, Several, Target},
};

/// Checks that at most one format goes to standard output. None at all means `full`.
pub(super) fn checked<F: Default>(mut outputs: Vec<Output<F>>) -> Result<Vec<Output<F>>, Error> {
    if outputs.iter().filter(|it| it.file.is_none()).count() > 1 {
        let problem =
            "only one --format can go to standard output; give the others a file: --format json=out.json";
        return Err(Error::Usage(problem.to_owned()));
    }
    if outputs.is_empty() {
        outputs.push(Output { format: F::default(), file: None });
    }
    Ok(outputs)
}

/// Writes to all `outputs` what `say` tells.
pub(super) fn write<T>(
    outputs: &[Output<Format>],
    world: &mut World<'_>,
    say: impl FnOnce(&mut dyn FnMut(Event<'_>) -> io::Result<()>) -> io::Result<T>,
) -> Result<T, Error> {
    let mut targets = Vec::new();
    for output in outputs {
        targets.push(output.file.as_deref().map(Target::create).transpose()?);
    }
    let styled = world.styled;
    let mut stdout = Some(BufWriter::new(&mut *world.stdout));
    let mut reporters = Vec::new();
    for (output, target) in outputs.iter().zip(&mut targets) {
        match target {
            Some(target) => reporters.push(output.format.reporter(target, false)),
            None => reporters.extend(stdout.take().map(|it| output.format.reporter(it, styled))),
        }
    }
    let mut all = Several::new(reporters);
    let said = say(&mut |event| all.event(event)).and_then(|said| all.finish().map(|()| said));
    drop(all);
    let said = said.map_err(Error::Report)?;
    for target in targets.into_iter().flatten() {
        target.commit()?;
    }
    Ok(said)
}

/// A format and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Output<F> {
    /// The format.
    pub format: F,
    /// The file; `None` is standard output.
    pub file: Option<PathBuf>,
}

/// Reads one from the command line.
pub(super) fn parse<F: ValueEnum>(text: &str) -> Result<Output<F>, String> {
    let (format, file) = match text.split_once('=') {
        Some((_, "")) => return Err("no file after =".to_owned()),
        Some((format, file)) => (format, Some(PathBuf::from(file))),
        None => (text, None),
    };
    let format = F::from_str(format, false).map_err(|_| {
        let names: Vec<_> = F::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect();
        let names: Vec<_> = names.iter().map(clap::builder::PossibleValue::get_name).collect();
        format!("unknown format `{format}`, choose from {}", names.join(", "))
    })?;
    Ok(Output { format, file: file.filter(|it| it.as_os_str() != "-") })
}
