//! How long a statement takes as its table grows: both axes by the logarithm, so that a straight line is a steady growth.

use std::fmt;

use askama::Template;

use crate::{
    dry_run::{Growth, Point, Production},
    traffic::{Basis, Grade, grouped},
};

/// The room around what is drawn, in hundredths.
const MARGIN: f64 = 9.0;

/// The chart.
#[derive(Template)]
#[template(path = "dry_run/html/growth.html")]
pub(super) struct GrowthChart {
    said: String,
    points: Vec<Dot>,
    measured: String,
    models: Vec<Model>,
    band: Option<Band>,
    rows: Vec<Tick>,
    times: Vec<Tick>,
}

struct Dot {
    x: Percent,
    y: Percent,
    title: String,
}

struct Model {
    name: &'static str,
    class: &'static str,
    line: String,
    ms: String,
}

/// What is said of production.
struct Band {
    x: Percent,
    top: Percent,
    height: Percent,
    wedge: String,
    title: String,
}

struct Tick {
    at: Percent,
    text: String,
    /// Whether the text stands before its line, as something else is behind it.
    is_before: bool,
}

#[derive(Clone, Copy)]
struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.0)
    }
}

/// An axis by the logarithm.
struct Logarithmic {
    from: f64,
    to: f64,
}

impl Logarithmic {
    fn over(values: impl Iterator<Item = f64> + Clone) -> Self {
        let from = values.clone().filter(|it| *it > 0.0).fold(f64::MAX, f64::min);
        let to = values.fold(f64::MIN, f64::max);
        // A single value still needs some room.
        if from * 2.0 > to { Self { from: from / 2.0, to: to * 2.0 } } else { Self { from, to } }
    }

    fn at(&self, value: f64) -> f64 {
        let share = (value.max(self.from) / self.from).ln() / (self.to / self.from).ln();
        MARGIN + share * (100.0 - 2.0 * MARGIN)
    }

    /// The powers of ten in it; of a short axis also twice and five times them.
    fn ticks(&self) -> Vec<f64> {
        let decades = (self.to / self.from).log10();
        let steps: &[f64] = if decades < 1.5 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let mut ticks = Vec::new();
        let mut size = 10f64.powf(self.from.log10().floor());
        while size <= self.to {
            ticks.extend(steps.iter().map(|it| it * size).filter(|it| (self.from..=self.to).contains(it)));
            size *= if decades > 6.0 { 100.0 } else { 10.0 };
        }
        ticks
    }
}

impl GrowthChart {
    /// The chart of one statement.
    pub(super) fn of(growth: &Growth) -> Self {
        let production = growth.production.as_ref();
        let rows = growth.points.iter().map(|it| it.rows).chain(production.map(|it| it.rows));
        let x = Logarithmic::over(rows.map(as_float));
        let bounds = production.map(|it| [as_float(it.took.low_ms), as_float(it.took.high_ms)]);
        let models = production.map(|it| it.models_ms);
        let times = growth.points.iter().map(|it| it.ms);
        let y =
            Logarithmic::over(times.chain(bounds.into_iter().flatten()).chain(models.into_iter().flatten()));
        let place = |rows: f64, ms: f64| (x.at(rows), 100.0 - y.at(ms));
        let at = |it: &Point| place(as_float(it.rows), it.ms);
        let points = growth.points.iter().map(|it| {
            let title = format!("{} rows: {}", grouped(it.rows), in_words(it.ms));
            Dot { x: Percent(at(it).0), y: Percent(at(it).1), title }
        });
        let last = growth.points.last();
        Self {
            said: said(growth),
            points: points.collect(),
            measured: path(growth.points.iter().map(at)),
            models: last.zip(production).map_or_else(Vec::new, |(last, production)| {
                let to = |ms: f64| place(as_float(production.rows), ms);
                let names = [("linear", "linear"), ("n·log n", "sorted"), ("power", "power")];
                let models = names.into_iter().zip(production.models_ms);
                let model = |((name, class), ms): ((&'static str, &'static str), f64)| Model {
                    name,
                    class,
                    line: path([at(last), to(ms)].into_iter()),
                    ms: in_words(ms),
                };
                models.map(model).collect()
            }),
            band: last.zip(production).map(|(last, it)| {
                let (end, low) = place(as_float(it.rows), as_float(it.took.low_ms).max(y.from));
                let (_, high) = place(as_float(it.rows), as_float(it.took.high_ms).max(y.from));
                Band {
                    x: Percent(end),
                    top: Percent(high),
                    height: Percent((low - high).max(1.0)),
                    wedge: path([at(last), (end, high), (end, low)].into_iter()),
                    title: format!("in production, {} rows: {}", grouped(it.rows), it.took),
                }
            }),
            rows: x
                .ticks()
                .into_iter()
                .map(|it| {
                    let at = x.at(it);
                    let end = production.map_or(f64::MAX, |it| x.at(as_float(it.rows)));
                    Tick {
                        at: Percent(at),
                        text: count(it),
                        is_before: (0.0..10.0).contains(&(end - at)) || at > 92.0,
                    }
                })
                .collect(),
            times: y
                .ticks()
                .into_iter()
                .map(|it| Tick { at: Percent(100.0 - y.at(it)), text: in_words(it), is_before: false })
                .collect(),
        }
    }
}

/// What the chart says.
fn said(growth: &Growth) -> String {
    if growth.is_constant {
        return "The time does not grow with the table: it changes the catalogs only.".to_owned();
    }
    let Some(Production { rows, took, held, .. }) = &growth.production else {
        return "How long it takes in production is not known: no snapshot tells of its table.".to_owned();
    };
    let how = match took.basis {
        Basis::Nothing => String::new(),
        Basis::Measured(factor) => {
            let grade = Grade::of(factor).name();
            format!(": {grade}, {factor} times beyond the largest size that was measured")
        }
        Basis::Assumed => ": by throughputs that were assumed".to_owned(),
    };
    let held = if held == took { String::new() } else { format!(" Its locks are held for {held}.") };
    format!("In production, with {} rows, it takes {took}{how}.{held}", grouped(*rows))
}

fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    points.map(|(x, y)| format!("{x:.2},{y:.2}")).collect::<Vec<_>>().join(" ")
}

#[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
fn as_float(n: u64) -> f64 {
    n as f64
}

/// `0.02 ms`, `12 ms`, `3.4 s`, `7 min`, `2 h`.
fn in_words(ms: f64) -> String {
    let (value, unit) = match ms {
        ms if ms < 1_000.0 => (ms, "ms"),
        ms if ms < 120_000.0 => (ms / 1_000.0, "s"),
        ms if ms < 7_200_000.0 => (ms / 60_000.0, "min"),
        ms => (ms / 3_600_000.0, "h"),
    };
    let digits = if value >= 10.0 {
        0
    } else if value >= 1.0 {
        1
    } else {
        2
    };
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} {unit}")
}

/// `100`, `10 k`, `5 M`.
fn count(n: f64) -> String {
    match n {
        n if n < 1e3 => format!("{n:.0}"),
        n if n < 1e6 => format!("{:.0} k", n / 1e3),
        n if n < 1e9 => format!("{:.0} M", n / 1e6),
        n => format!("{:.0} G", n / 1e9),
    }
}
