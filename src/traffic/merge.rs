//! Two samples of each server and what one of them knows of its tables become one snapshot.

use std::collections::BTreeMap;

use super::{
    rates::{Rate, Rates},
    sample::{Identity, Sample},
    snapshot::{SCHEMA, Server, Snapshot, Table, Transactions},
};

/// What one server said.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Who it is.
    pub identity: Identity,
    /// Its first sample.
    pub first: Sample,
    /// Its second sample.
    pub second: Sample,
}

/// What the first server knows of the database.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Settings by name.
    pub settings: BTreeMap<String, String>,
    /// Tables without rates.
    pub tables: Vec<Table>,
    /// What the role could not see.
    pub unseen: Vec<String>,
}

/// One snapshot of all servers; `seen` has the primary first.
pub fn merged(seen: &[Seen], known: Known) -> Snapshot {
    let mut total: BTreeMap<String, Rate> = BTreeMap::new();
    let mut holders: BTreeMap<&str, u64> = BTreeMap::new();
    let mut servers = Vec::new();
    for it in seen {
        let rates = Rates::between(&it.first, &it.second);
        servers.push(server(&it.identity, &rates));
        for (name, rate) in rates.tables {
            let sum = total.entry(name).or_default();
            sum.reads += rate.reads;
            sum.seq_scans += rate.seq_scans;
            sum.writes += rate.writes;
        }
        for sample in [&it.first, &it.second] {
            for (number, milliseconds) in &sample.holders {
                let Some(table) = sample.tables.get(number) else { continue };
                let longest = holders.entry(&table.name).or_default();
                *longest = (*longest).max(*milliseconds);
            }
        }
    }
    let mut tables = known.tables;
    for table in &mut tables {
        let rate = total.get(&table.name).copied().unwrap_or_default();
        table.reads_per_s = rate.reads;
        table.writes_per_s = rate.writes;
        table.seq_scans_per_s = rate.seq_scans;
        table.longest_transaction_ms = holders.get(table.name.as_str()).copied();
    }
    roll_up(&mut tables);
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    for table in &mut tables {
        for rate in [&mut table.reads_per_s, &mut table.writes_per_s, &mut table.seq_scans_per_s] {
            *rate = rounded(*rate);
        }
    }
    let mut unseen = known.unseen;
    unseen.sort();
    unseen.dedup();
    Snapshot {
        schema: SCHEMA.to_owned(),
        taken_at: seen.first().map(|it| it.second.taken_at.clone()).unwrap_or_default(),
        database: seen.first().map(|it| it.identity.database.clone()).unwrap_or_default(),
        hashed: false,
        servers,
        settings: known.settings,
        transactions: transactions(seen),
        unseen,
        tables,
    }
}

fn server(identity: &Identity, rates: &Rates) -> Server {
    Server {
        role: if identity.is_replica { "replica" } else { "primary" }.to_owned(),
        version: identity.version.clone(),
        seconds: rounded(rates.seconds),
        was_reset: rates.was_reset,
    }
}

fn transactions(seen: &[Seen]) -> Transactions {
    let mut ages = Vec::new();
    for it in seen {
        // A transaction that was open at both samples is one, and was older at the second.
        let mut open = it.first.transactions.clone();
        open.extend(it.second.transactions.clone());
        ages.extend(open.into_values());
    }
    ages.sort_unstable();
    // A prepared transaction holds locks without a session.
    let samples = seen.iter().flat_map(|it| [&it.first, &it.second]);
    let holding = samples.flat_map(|it| it.holders.values().copied()).max();
    Transactions {
        longest_ms: ages.last().copied().max(holding).unwrap_or_default(),
        typical_ms: ages.get(ages.len() / 2).copied().unwrap_or_default(),
        n_sessions: seen.first().map(|it| it.second.n_sessions).unwrap_or_default(),
    }
}

/// Gives each partitioned table the sum of its leaves.
fn roll_up(tables: &mut [Table]) {
    let leaves: Vec<Table> = tables
        .iter()
        .filter(|it| it.kind != "partitioned-table")
        .map(|it| Table { columns: Vec::new(), constraints: Vec::new(), indexes: Vec::new(), ..it.clone() })
        .collect();
    let places: BTreeMap<String, usize> =
        tables.iter().enumerate().map(|(n, it)| (it.name.clone(), n)).collect();
    // Nothing was added to a partitioned table yet, so it has no rows to be unsure of.
    for table in tables.iter_mut().filter(|it| it.kind == "partitioned-table") {
        table.rows = Some(0);
    }
    for leaf in &leaves {
        let mut above = leaf.parent.clone();
        while let Some(n) = above.as_ref().and_then(|it| places.get(it).copied()) {
            let Some(parent) = tables.get_mut(n) else { break };
            above.clone_from(&parent.parent);
            if parent.kind == "partitioned-table" {
                add(parent, leaf);
            }
        }
    }
}

fn add(parent: &mut Table, leaf: &Table) {
    // A leaf without a page has no rows, whether it was analyzed or not; of any other unknown one nothing is assumed.
    let rows = leaf.rows.or((leaf.heap_bytes == 0).then_some(0));
    parent.rows = parent.rows.zip(rows).map(|(sum, it)| sum + it);
    parent.heap_bytes += leaf.heap_bytes;
    parent.index_bytes += leaf.index_bytes;
    parent.toast_bytes += leaf.toast_bytes;
    parent.reads_per_s += leaf.reads_per_s;
    parent.writes_per_s += leaf.writes_per_s;
    parent.seq_scans_per_s += leaf.seq_scans_per_s;
    parent.longest_transaction_ms = parent.longest_transaction_ms.max(leaf.longest_transaction_ms);
}

/// Three significant digits, so that the file changes where the database does, and reads well.
pub fn rounded(number: f64) -> f64 {
    format!("{number:.2e}").parse().unwrap_or(number)
}
