//! Sqitch: `deploy/name.sql` in the order of `sqitch.plan`; psql runs them, so that only what a script has is a transaction.
//!
//! Source: sqitch(1), sqitchchanges(1) and the plan's format; a change that is reworked later keeps its first script as `name@tag.sql`.
//! Observed with Sqitch 1.3.1 on PostgreSQL 15.

use std::path::Path;

use super::{BASE, Framework, Order, Role, Sign, text_of};
use crate::{effect::Runner, error::Error};

pub(super) static SQITCH: Framework = Framework {
    name: "sqitch",
    signs: &[Sign::File("sqitch.plan"), Sign::File("sqitch.conf")],
    role: |path| {
        let folders: Vec<_> = path.iter().filter_map(|it| it.to_str()).collect();
        match () {
            () if folders.contains(&"revert") => Role::Down,
            () if folders.contains(&"verify") => Role::Other,
            () => Role::Up,
        }
    },
    order: Order::Listed(planned),
    runner: |_| Some(Runner::Own),
    down: |path| {
        let is_deploy = |part: &std::ffi::OsStr| part == "deploy";
        let deploy = path.iter().enumerate().filter(|it| is_deploy(it.1)).last()?.0;
        Some(
            path.iter()
                .enumerate()
                .map(|(n, part)| if n == deploy { "revert".as_ref() } else { part })
                .collect(),
        )
    },
    ..BASE
};

/// The scripts of the plan above.
#[expect(clippy::unnecessary_wraps, reason = "one signature for all lists")]
fn planned(folder: &Path) -> Result<Option<Vec<String>>, Error> {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let plan = absolute.ancestors().take(3).map(|it| it.join("sqitch.plan")).find(|it| it.is_file());
    Ok(plan.map(|it| scripts(&text_of(&it))))
}

/// The names of the scripts of a plan, in order.
fn scripts(plan: &str) -> Vec<String> {
    let mut scripts: Vec<String> = Vec::new();
    // How many of them had run at each tag.
    let mut tags: Vec<(usize, &str)> = Vec::new();
    for word in plan.lines().filter_map(|it| it.split_whitespace().next()) {
        if let Some(tag) = word.strip_prefix('@') {
            tags.push((scripts.len(), tag));
        } else if !word.starts_with(['%', '#', '-']) {
            let name = word.trim_start_matches('+');
            // Made anew: what ran before has the tag that came after it.
            if let Some(at) = scripts.iter().position(|it| it == name)
                && let Some((_, tag)) = tags.iter().find(|it| it.0 > at)
            {
                scripts[at] = format!("{name}@{tag}");
            }
            scripts.push(name.to_owned());
        }
    }
    scripts
}
