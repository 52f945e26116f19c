//! What came of the schema, of the ways back and of second tries, for programs.

use serde::Serialize;

use super::{
    Run,
    json::{File, JsonRefusal},
};
use crate::{
    dry_run::{Failure, Rerun, Retry, Reversal, Statement},
    lint::LintedFile,
    pg::{
        describe::{Change, Difference},
        session::Refusal,
    },
};

/// What sets two schemas apart.
#[derive(Serialize)]
pub(super) struct Schema {
    same: bool,
    only_order: bool,
    objects: Vec<Object>,
    diff: String,
}

#[derive(Serialize)]
struct Object {
    kind: String,
    name: String,
    change: Change,
}

#[derive(Serialize)]
pub(super) struct WayBack {
    path: String,
    holds: bool,
    down: Vec<File>,
    refused: Option<Refused>,
    left: Schema,
    refused_again: Option<Refused>,
    differs: Option<Schema>,
}

#[derive(Serialize)]
pub(super) struct SecondTry {
    path: String,
    goes_on: &'static str,
    only_after: Option<&'static str>,
    failures: Vec<JsonFailure>,
    untried: usize,
}

#[derive(Serialize)]
struct JsonFailure {
    line: u32,
    inside: bool,
    left: Schema,
    refused: Option<Refused>,
    differs: Schema,
}

#[derive(Serialize)]
struct Refused {
    path: String,
    line: u32,
    refusal: JsonRefusal,
}

impl Refused {
    fn of(file: &LintedFile<'_>, (statement, refusal): (&Statement, &Refusal)) -> Self {
        let source = &file.input.source;
        Self {
            path: source.path().to_string_lossy().into_owned(),
            line: source.position(statement.span.start).line,
            refusal: JsonRefusal::of(refusal, false, false),
        }
    }
}

impl Schema {
    pub(super) fn of(difference: &Difference) -> Self {
        let object = |it: &crate::pg::describe::Changed| Object {
            kind: it.kind.clone(),
            name: it.name.clone(),
            change: it.change,
        };
        Self {
            same: difference.is_empty(),
            only_order: difference.is_only_order(),
            objects: difference.objects.iter().map(object).collect(),
            diff: difference.to_string(),
        }
    }
}

pub(super) fn ways_back(run: &Run<'_>) -> Vec<WayBack> {
    let reversals = run.ran.reversals.iter().zip(&run.back);
    reversals.filter_map(|(it, down)| Some(way_back(it, run.files.get(it.file)?, down))).collect()
}

fn way_back(reversal: &Reversal, file: &LintedFile<'_>, down: &[LintedFile<'_>]) -> WayBack {
    let files = || down.iter().zip(&reversal.down);
    let refused = reversal.refusal().and_then(|it| {
        let (file, _) = files().find(|(_, all)| all.iter().any(|one| std::ptr::eq(one, it.0)))?;
        Some(Refused::of(file, it))
    });
    WayBack {
        path: file.input.source.path().to_string_lossy().into_owned(),
        holds: reversal.holds(),
        down: files().map(|(file, statements)| File::of(file, statements)).collect(),
        refused,
        left: Schema::of(&reversal.left),
        refused_again: reversal.refusal_again().map(|it| Refused::of(file, it)),
        differs: (!reversal.again.is_empty()).then(|| Schema::of(&reversal.differs)),
    }
}

pub(super) fn second_tries(run: &Run<'_>) -> Vec<SecondTry> {
    run.ran.reruns.iter().filter_map(|it| Some(second_try(it, run.files.get(it.file)?))).collect()
}

fn second_try(rerun: &Rerun, file: &LintedFile<'_>) -> SecondTry {
    let (goes_on, only_after) = match rerun.retry {
        Retry::FromStart => ("from-start", None),
        Retry::FromPart => ("from-part", None),
        Retry::FromFailure => ("from-failure", None),
        Retry::After(what) => ("from-start", Some(what)),
    };
    let source = &file.input.source;
    let failure = |it: &Failure| JsonFailure {
        line: source.position(it.span.start).line,
        inside: it.is_inside,
        left: Schema::of(&it.left),
        refused: it.refusal().map(|it| Refused::of(file, it)),
        differs: Schema::of(&it.differs),
    };
    SecondTry {
        path: source.path().to_string_lossy().into_owned(),
        goes_on,
        only_after,
        failures: rerun.failures.iter().map(failure).collect(),
        untried: rerun.n_untried,
    }
}
