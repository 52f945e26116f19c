//! `lockkeeper lint`: arguments and configuration to options, files to findings, findings to reports.

use std::{io, path::Path};

use super::{
    CLEAN, FINDINGS, World,
    args::Lint,
    known::Known,
    once, output,
    prepared::{Extras, Prepared},
    sift::Sift,
};
use crate::{
    config::FailOn,
    error::Error,
    lint::{InputRole, LintedFile},
    report::{Assumed, Event, HiddenBy, Summary},
    rule::RuleSet,
};

/// Runs `lint`.
pub(super) fn run(args: &Lint, config: Option<&Path>, world: &mut World<'_>) -> Result<u8, Error> {
    let outputs = output::checked(args.format.clone())?;
    let extras = Extras {
        keep_statements: outputs.iter().any(|it| it.format.needs_statements()),
        may_be_partial: true,
        since: args.since.as_deref(),
        ..Extras::default()
    };
    let prepared = Prepared::read(&args.judged, config, &extras, world)?;
    let config = &prepared.config;
    let baseline = args.baseline.as_ref().or(config.baseline.as_ref());
    let known = baseline.map(|it| Known::read(it, &prepared.inputs)).transpose()?;
    let mut sift = Sift::new(&prepared, known, world)?;
    let assumed = prepared.assumed();
    let summary = prepared.judge(|files| {
        output::write(&outputs, world, |tell| say(tell, &assumed, prepared.rules(), &mut sift, files))
    })?;
    let fail_on = args.fail_on.or(config.fail_on).unwrap_or(FailOn::Error);
    Ok(if fail_on.fails(summary.worst()) { FINDINGS } else { CLEAN })
}

/// Tells what was found, file by file, while the next ones are judged.
fn say<'i>(
    tell: &mut dyn FnMut(Event<'_>) -> io::Result<()>,
    assumed: &Assumed,
    rules: &RuleSet,
    sift: &mut Sift<'_>,
    files: impl IntoIterator<Item = LintedFile<'i>>,
) -> io::Result<Summary> {
    let mut summary = Summary::default();
    tell(Event::Assumed(assumed))?;
    for mut file in files {
        sift.see(&file);
        let mut hidden = Vec::new();
        file.findings.retain_mut(|it| match sift.hidden_by(it) {
            None => true,
            Some(by) => {
                hidden.push((it.clone(), by));
                false
            }
        });
        once::merge(&mut file.findings, rules);
        summary.add_file(&file);
        if file.input.role == InputRole::Linted {
            tell(Event::File(&file))?;
        }
        for (finding, by) in &hidden {
            if *by == HiddenBy::Override {
                summary.add_overridden(finding);
            }
            tell(Event::Hidden(finding, *by))?;
        }
        for finding in &file.findings {
            summary.add_overridden(finding);
            summary.add_finding(finding);
            tell(Event::Finding(finding, file.input.source.text()))?;
        }
    }
    let (configuration, findings) = sift.of_overrides();
    for finding in &findings {
        summary.add_finding(finding);
        tell(Event::Finding(finding, configuration.text()))?;
    }
    if let Some(finding) = sift.of_snapshot() {
        summary.add_finding(&finding);
        tell(Event::Finding(&finding, ""))?;
    }
    summary.baseline = sift.of_baseline();
    tell(Event::Summary(&summary))?;
    Ok(summary)
}
