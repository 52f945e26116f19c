//! Who waits for which statement, the worst first.

use comfy_table::{CellAlignment, Table, presets};

use crate::{
    finding::{Damage, Finding},
    traffic::{between, time},
};

/// How many statements the table has at most.
const MAX_ROWS: usize = 10;

/// What is known of the damage so far: the place of each finding with it.
#[derive(Default)]
pub(super) struct Ranking(Vec<(String, Damage)>);

impl Ranking {
    /// Adds what a finding knows of it.
    pub(super) fn add(&mut self, finding: &Finding) {
        if let Some(damage) = &finding.damage {
            let place = format!("{}:{}", finding.path, finding.start.line);
            // Two rules may be about one lock; findings of one place come one after the other.
            let mut here = self.0.iter_mut().rev().take_while(|it| it.0 == place);
            match here.find(|it| it.1.relation == damage.relation) {
                Some((_, known)) if known.waiting.high < damage.waiting.high => {
                    *known = Damage::clone(damage);
                }
                Some(_) => {}
                None => self.0.push((place, Damage::clone(damage))),
            }
        }
    }

    /// The table; `None` if there is nothing to rank.
    pub(super) fn table(&mut self) -> Option<String> {
        if self.0.len() < 2 {
            return None;
        }
        // The order of places is kept where the damage is the same.
        self.0.sort_by_key(|it| std::cmp::Reverse(it.1.waiting.high));
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        table.set_header(["WHO WAITS", "LOCK", "ON", "HELD", "STATEMENTS", "POOL GONE"]);
        for (place, damage) in self.0.iter().take(MAX_ROWS) {
            let Damage { relation, lock, hold_ms, waiting, pool_gone_ms, .. } = damage;
            let held = hold_ms.map_or_else(|| "a moment".to_owned(), |it| it.to_string());
            let gone = pool_gone_ms.map_or_else(String::new, |it| time(it.max(1)));
            table.add_row([place, *lock, relation, &held, &between(waiting.low, waiting.high), &gone]);
        }
        for column in table.column_iter_mut().skip(3) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        Some(table.trim_fmt())
    }
}
