//! Liquibase, formatted SQL: each `--changeset` is one transaction.
//!
//! Source: Liquibase's documentation, SQL format, runInTransaction, runOnChange and runAlways; what its marks say is read in [`up`](crate::migration::up).
//! Observed with Liquibase 4.28 on PostgreSQL 15: `includeAll` takes files in the order of their names.

use super::super::up::starts;
use super::{BASE, Framework, Order, Sign, lexical};
use crate::effect::Runner;

pub(super) static LIQUIBASE: Framework = Framework {
    name: "liquibase",
    signs: &[Sign::File("liquibase.properties")],
    order: Order::By(lexical),
    ..BASE
};

/// Whether a changeset is run again once its text has changed: its line says so.
pub(in crate::migration) fn runs_again(changeset: &str) -> bool {
    let says = |line: &str| {
        let line = line.to_ascii_lowercase();
        line.contains("changeset") && (line.contains("runonchange:true") || line.contains("runalways:true"))
    };
    changeset.lines().filter(|it| it.trim_start().starts_with("--")).any(says)
}

/// What takes the changesets of a file back, the last one first: the file with all else blanked, and how it is sent.
///
/// A changeset says so in `--rollback` lines, whose rest is SQL, or in a comment that begins with `liquibase rollback`.
pub(in crate::migration) fn rollbacks(file: &[u8]) -> Vec<(Vec<u8>, Option<Runner>)> {
    let mut rollbacks: Vec<(Vec<u8>, Option<Runner>)> = Vec::new();
    let blank: Vec<u8> = file.iter().map(|it| if matches!(it, b'\n' | b'\r') { *it } else { b' ' }).collect();
    let (mut at, mut is_in_comment) = (0, false);
    for line in file.split_inclusive(|it| *it == b'\n') {
        let start = at;
        at += line.len();
        if is_changeset(line) {
            let is_own = line.to_ascii_lowercase().windows(OWN.len()).any(|it| it == OWN.as_bytes());
            rollbacks.push((blank.clone(), Some(if is_own { Runner::Own } else { Runner::File })));
        }
        let Some((text, _)) = rollbacks.last_mut() else { continue };
        let words = line.trim_ascii().to_ascii_lowercase();
        let from = if is_in_comment {
            is_in_comment = !words.ends_with(b"*/");
            (is_in_comment).then_some(0)
        } else if words.starts_with(b"/* liquibase rollback") {
            is_in_comment = !words.ends_with(b"*/");
            None
        } else {
            sql_of_rollback(line)
        };
        if let Some(from) = from
            && let (Some(target), Some(sql)) = (text.get_mut(start + from..at), line.get(from..))
        {
            target.copy_from_slice(sql);
        }
    }
    rollbacks.retain(|it| !it.0.trim_ascii().is_empty());
    rollbacks.reverse();
    rollbacks
}

/// Says that a changeset is no transaction.
const OWN: &str = "runintransaction:false";

fn is_changeset(line: &[u8]) -> bool {
    starts(line, "--changeset") || starts(line, "-- changeset")
}

/// Where the SQL of a `--rollback` line begins; `None` if it is none, or names what is to be done in another way.
fn sql_of_rollback(line: &[u8]) -> Option<usize> {
    let mark = ["--rollback", "-- rollback"].into_iter().find(|it| starts(line, it))?;
    let n_before = line.len() - line.trim_ascii_start().len();
    let rest = line.get(n_before + mark.len()..)?.trim_ascii().to_ascii_lowercase();
    let is_sql = !rest.is_empty()
        && rest != b"empty"
        && rest != b"not required"
        && !rest.starts_with(b"changesetid:")
        && !rest.starts_with(b"changesetpath:");
    is_sql.then_some(n_before + mark.len())
}
