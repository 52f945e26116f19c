//! The part of the JSON document that tells what was measured of others and of larger tables.

use std::time::Duration;

use serde::Serialize;

use super::json::{JsonRefusal, ms};
use crate::{
    dry_run::{Growth, Lane, Probed, Timed, Wait},
    effect::Lock,
    lint::LintedFile,
    traffic::Hold,
};

#[derive(Serialize)]
pub(super) struct JsonProbed {
    reader_ms: Option<f64>,
    every_ms: f64,
    files: Vec<JsonProbedFile>,
    relations: Vec<JsonLane>,
}

#[derive(Serialize)]
struct JsonProbedFile {
    path: String,
    statements: Vec<JsonTimed>,
}

#[derive(Serialize)]
struct JsonTimed {
    line: u32,
    offset: usize,
    from_ms: f64,
    to_ms: f64,
    released_ms: f64,
    waits: Vec<JsonWait>,
    refusal: Option<JsonRefusal>,
}

#[derive(Serialize)]
struct JsonWait {
    relation: Option<String>,
    lock: Option<Lock>,
    from_ms: f64,
    to_ms: f64,
}

#[derive(Serialize)]
struct JsonLane {
    relation: String,
    reads_blocked: Vec<JsonInterval>,
    writes_blocked: Vec<JsonInterval>,
    reads_blocked_ms: f64,
    writes_blocked_ms: f64,
}

#[derive(Serialize)]
struct JsonInterval {
    from_ms: f64,
    to_ms: f64,
}

#[derive(Serialize)]
pub(super) struct JsonGrowth {
    constant: bool,
    points: Vec<JsonPoint>,
    production: Option<JsonProduction>,
}

#[derive(Serialize)]
struct JsonPoint {
    rows: u64,
    ms: f64,
}

#[derive(Serialize)]
struct JsonProduction {
    rows: u64,
    took_ms: Hold,
    held_ms: Hold,
    models_ms: JsonModels,
}

#[derive(Serialize)]
struct JsonModels {
    linear: f64,
    n_log_n: f64,
    power: f64,
}

impl JsonProbed {
    pub(super) fn of(probed: &Probed, files: &[LintedFile<'_>]) -> Self {
        let file = |(file, statements): (&LintedFile<'_>, &Vec<Timed>)| JsonProbedFile {
            path: file.input.source.path().to_string_lossy().into_owned(),
            statements: statements.iter().map(|it| JsonTimed::of(it, file)).collect(),
        };
        Self {
            reader_ms: probed.reader.map(ms),
            every_ms: ms(probed.every),
            files: files.iter().zip(&probed.files).map(file).collect(),
            relations: probed.lanes.iter().map(JsonLane::of).collect(),
        }
    }
}

impl JsonTimed {
    fn of(timed: &Timed, file: &LintedFile<'_>) -> Self {
        let wait = |it: &Wait| JsonWait {
            relation: it.relation.clone(),
            lock: it.lock,
            from_ms: ms(it.from),
            to_ms: ms(it.to),
        };
        Self {
            line: file.input.source.position(timed.span.start).line,
            offset: timed.span.start,
            from_ms: ms(timed.from),
            to_ms: ms(timed.to),
            released_ms: ms(timed.released),
            waits: timed.waits.iter().map(wait).collect(),
            refusal: timed.refusal.as_ref().map(|it| JsonRefusal::of(it, false, false)),
        }
    }
}

impl JsonLane {
    fn of(lane: &Lane) -> Self {
        let interval =
            |(from, to): &(Duration, Duration)| JsonInterval { from_ms: ms(*from), to_ms: ms(*to) };
        Self {
            relation: lane.relation.clone(),
            reads_blocked: lane.reads_blocked.iter().map(interval).collect(),
            writes_blocked: lane.writes_blocked.iter().map(interval).collect(),
            reads_blocked_ms: ms(lane.reads()),
            writes_blocked_ms: ms(lane.writes()),
        }
    }
}

impl JsonGrowth {
    pub(super) fn of(growth: &Growth) -> Self {
        let rounded = |it: f64| (it * 1000.0).round() / 1000.0;
        Self {
            constant: growth.is_constant,
            points: growth.points.iter().map(|it| JsonPoint { rows: it.rows, ms: rounded(it.ms) }).collect(),
            production: growth.production.as_ref().map(|it| {
                let [linear, n_log_n, power] = it.models_ms.map(rounded);
                let models_ms = JsonModels { linear, n_log_n, power };
                JsonProduction { rows: it.rows, took_ms: it.took, held_ms: it.held, models_ms }
            }),
        }
    }
}
