//! Takes a [`Snapshot`]: asks each server twice, and one of them what its tables are.
//!
//! Everything is read in short transactions that may write nothing, with limits on how long they wait and run; they lock nothing but
//! catalogs, and these ACCESS SHARE. Each sample has a connection and transactions of its own: a server caches its statistics until the
//! end of a transaction, and an idle connection might be cut meanwhile. Busy sessions report what they did at most once a second, so rates
//! over less than some seconds are rough. Source: manual, Monitoring Database Activity, The Cumulative Statistics System.

mod ask;
mod sample;
mod settings;
mod tables;
mod unseen;

use std::collections::HashSet;

use self::ask::Ask;
use super::Address;
use crate::{
    error::Error,
    traffic::{
        merge::{Known, Seen, merged},
        sample::{Identity, Sample},
        snapshot::Snapshot,
    },
};

/// Asks the servers, waits by `pause`, and asks them again.
///
/// At most one of them may be a primary, and all must be of one cluster. A server that becomes a primary meanwhile is an error: what it
/// counts as a primary has nothing to do with what it counted as a replica.
pub fn take(addresses: &[Address], pause: impl FnOnce()) -> Result<Snapshot, Error> {
    let mut seen = Vec::new();
    for address in addresses {
        let (identity, first) = ask_once(address)?;
        seen.push((address, Seen { identity, first, second: Sample::default() }));
    }
    // The primary knows the settings and the tables best.
    seen.sort_by_key(|(_, it)| it.identity.is_replica);
    agree(&seen)?;
    pause();
    for (address, it) in &mut seen {
        let (identity, second) = ask_once(address)?;
        same_server(address, &it.identity, &identity)?;
        it.second = second;
    }
    let Some((address, first)) = seen.first() else {
        return Err(Error::Usage("no server is named".to_owned()));
    };
    let session = address.connect()?;
    let ask = Ask::new(&session, address);
    let mut known = Known { settings: settings::read(&ask)?, ..Known::default() };
    known.tables = tables::read(&ask, &mut known.unseen)?;
    known.unseen.extend(unseen::of_role(&ask, &first.identity)?);
    if seen.len() > 1 && seen.iter().any(|(_, it)| it.identity.system.is_none()) {
        known
            .unseen
            .push("whether all servers are of one cluster: pg_control_system() is not permitted".to_owned());
    }
    let seen: Vec<Seen> = seen.into_iter().map(|it| it.1).collect();
    Ok(merged(&seen, known))
}

fn ask_once(address: &Address) -> Result<(Identity, Sample), Error> {
    let session = address.connect()?;
    let ask = Ask::new(&session, address);
    Ok((sample::identity(&ask)?, sample::sample(&ask)?))
}

/// Servers whose counters may be added.
fn agree(seen: &[(&Address, Seen)]) -> Result<(), Error> {
    let failed =
        |address: &Address, problem: String| Err(Error::Snapshot { server: address.to_string(), problem });
    let Some((first_address, first)) = seen.first() else { return Ok(()) };
    let mut started = HashSet::new();
    for (address, it) in seen {
        let (it, first) = (&it.identity, &first.identity);
        if it.system.is_some() && first.system.is_some() && it.system != first.system {
            return failed(
                address,
                format!(
                    "it is not of the same cluster as {first_address}; name one primary and its replicas"
                ),
            );
        }
        if it.database != first.database {
            return failed(
                address,
                format!("its database is {}, that of {first_address} is {}", it.database, first.database),
            );
        }
        if !started.insert((&it.started, &it.system)) {
            return failed(
                address,
                "this server is named twice, and its counters would be added twice".to_owned(),
            );
        }
    }
    let mut primaries = seen.iter().filter(|it| !it.1.identity.is_replica);
    if let (Some((one, _)), Some((other, _))) = (primaries.next(), primaries.next()) {
        return failed(other, format!("it is a primary, and so is {one}; name one primary and its replicas"));
    }
    Ok(())
}

/// The same server as before, in the same role.
fn same_server(address: &Address, before: &Identity, now: &Identity) -> Result<(), Error> {
    let name = |it: &Identity| if it.is_replica { "a replica" } else { "the primary" };
    let problem = if before.is_replica != now.is_replica {
        format!(
            "it was {} at the first sample and is {} at the second: there was a failover",
            name(before),
            name(now)
        )
    } else if before.system != now.system {
        "another server answered at the second sample than at the first".to_owned()
    } else {
        return Ok(());
    };
    Err(Error::Snapshot { server: address.to_string(), problem: format!("{problem}; take it again") })
}
