//! `[traffic]` and `[[table]]`: which tables are hot, and how long they may be locked. A mistake is shown in its place.

use serde::Deserialize;
use toml::{Spanned, Value, value::Date};

use super::{
    Source,
    declared::{Why, not_empty, place, tables},
};
use crate::{
    error::Error,
    finding::Span,
    traffic::{Declared, Heat, Limits},
};

/// `[traffic]`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Raw {
    hot: Option<Spanned<Vec<Spanned<String>>>>,
    hot_per_second: Option<Spanned<f64>>,
    warm_per_second: Option<Spanned<f64>>,
    pool: Option<Spanned<u64>>,
    budget: Budget,
    deploy_budget: Budget,
}

/// How long tables may be locked.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Budget {
    hot: Option<Spanned<String>>,
    warm: Option<Spanned<String>>,
    cold: Option<Spanned<String>>,
}

/// One `[[table]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTable {
    tables: Spanned<Vec<Spanned<String>>>,
    heat: RawHeat,
    reason: Spanned<String>,
    until: Option<Spanned<Value>>,
}

/// What can be declared: not that nothing is known.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawHeat {
    Hot,
    Warm,
    Cold,
}

/// What the user says of some tables, and until when.
#[derive(Clone, Debug)]
pub struct TableHeat {
    /// What holds.
    pub declared: Declared,
    /// The last day on which it holds.
    pub until: Option<Date>,
    /// Its place in the configuration.
    pub span: Span,
}

impl TableHeat {
    /// Whether it held until before this day only.
    pub fn has_ended(&self, today: Date) -> bool {
        self.until.is_some_and(|it| it < today)
    }
}

/// What the configuration says of tables.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// How hot tables are, in order.
    pub heats: Vec<TableHeat>,
    /// From where on they are.
    pub limits: Limits,
    /// How many connections can wait before nobody gets one.
    pub pool: Option<u64>,
}

/// Reads both.
pub(super) fn read(source: &Source, raw: Raw, declared: Vec<Spanned<RawTable>>) -> Result<Tables, Error> {
    let mut read = Tables { limits: limits(source, &raw)?, ..Tables::default() };
    if let Some(pool) = raw.pool {
        if *pool.get_ref() == 0 {
            return Err(source.mistake("a pool has at least one connection", pool.span()));
        }
        read.pool = Some(pool.into_inner());
    }
    if let Some(hot) = raw.hot {
        let (span, place) = (hot.span(), place(source, hot.span().start));
        let declared = Declared {
            tables: tables(source, hot.into_inner())?,
            heat: Heat::Hot,
            reason: "it is in the list `hot`".to_owned(),
            place,
        };
        read.heats.push(TableHeat { declared, until: None, span: Span { start: span.start, end: span.end } });
    }
    for table in declared {
        read.heats.push(table_heat(source, table)?);
    }
    Ok(read)
}

fn table_heat(source: &Source, raw: Spanned<RawTable>) -> Result<TableHeat, Error> {
    let start = raw.span().start;
    let raw = raw.into_inner();
    not_empty(source, &raw.tables)?;
    let Why { reason, until, span, place } = Why::read(source, start, raw.reason, raw.until.as_ref())?;
    let declared = Declared {
        tables: tables(source, raw.tables.into_inner())?,
        heat: match raw.heat {
            RawHeat::Hot => Heat::Hot,
            RawHeat::Warm => Heat::Warm,
            RawHeat::Cold => Heat::Cold,
        },
        reason,
        place,
    };
    Ok(TableHeat { declared, until, span })
}

fn limits(source: &Source, raw: &Raw) -> Result<Limits, Error> {
    let mut limits = Limits::default();
    let rates =
        [(&mut limits.hot_per_s, &raw.hot_per_second), (&mut limits.warm_per_s, &raw.warm_per_second)];
    for (limit, raw) in rates {
        let Some(raw) = raw else { continue };
        if !(raw.get_ref().is_finite() && *raw.get_ref() > 0.0) {
            return Err(source.mistake("a rate is a number above 0", raw.span()));
        }
        *limit = *raw.get_ref();
    }
    if let (Some(raw), true) = (&raw.warm_per_second, limits.warm_per_s > limits.hot_per_s) {
        let problem =
            format!("a table is hot from {} a second on, so warm must begin below", limits.hot_per_s);
        return Err(source.mistake(&problem, raw.span()));
    }
    let budgets = [
        (&mut limits.hot_ms, &raw.budget.hot),
        (&mut limits.warm_ms, &raw.budget.warm),
        (&mut limits.cold_ms, &raw.budget.cold),
        (&mut limits.deploy_hot_ms, &raw.deploy_budget.hot),
        (&mut limits.deploy_warm_ms, &raw.deploy_budget.warm),
        (&mut limits.deploy_cold_ms, &raw.deploy_budget.cold),
    ];
    for (limit, raw) in budgets {
        let Some(raw) = raw else { continue };
        let problem = || format!("`{}` is no time, such as `1s` or `500ms`", raw.get_ref());
        *limit = super::duration_ms(raw.get_ref()).ok_or_else(|| source.mistake(&problem(), raw.span()))?;
    }
    Ok(limits)
}
