//! The configuration, with where each value is from, and the rules that it makes.

use std::path::PathBuf;

use super::{
    super::{args::Judged, configured, place},
    Check, counted,
};
use crate::{
    config::{self, Config},
    rule::Pack,
};

/// Where the configuration is and what holds, by whom.
pub(super) fn configuration(config: &Config, args: &Judged) -> Check {
    let has_file = !config.path().as_os_str().is_empty();
    let file = place::shown(config.path());
    let by = |given: Option<String>, option: &str, configured: Option<String>, default: &str| match (
        given, configured,
    ) {
        (Some(value), _) => format!("{value} (by {option})"),
        (None, Some(value)) => format!("{value} (by {file})"),
        (None, None) => format!("{default} (default)"),
    };
    let paths = |it: &[PathBuf]| {
        let shown: Vec<String> = it.iter().map(|it| place::shown(it)).collect();
        (!shown.is_empty()).then(|| shown.join(", "))
    };
    let oldest = format!("{}, the oldest that is supported", config::OLDEST_SUPPORTED);
    let major = |it: Option<u16>| it.map(|it| it.to_string());
    let name = |it: Option<&crate::migration::Framework>| it.map(|it| it.name.to_owned());
    let runner = |it: Option<crate::effect::Runner>| it.map(|it| it.name().to_owned());
    let given = args.transaction.map(Into::into);
    let mut details = vec![
        format!("postgres: {}", by(major(args.pg.first().copied()), "--pg", major(config.postgres), &oldest)),
        format!("paths: {}", by(paths(&args.paths), "the command line", paths(&config.paths), "none")),
        format!("schema: {}", by(paths(&args.schema), "--schema", paths(&config.schema), "none")),
        format!("framework: {}", by(name(args.framework), "--framework", name(config.framework), "detected")),
        format!(
            "transaction: {}",
            by(runner(given), "--transaction", runner(config.transaction), "as the framework does it")
        ),
    ];
    let lists = [
        (
            "session",
            config.session.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>(),
        ),
        ("obey", config.foreign.iter().map(|it| it.name.to_owned()).collect()),
        ("since", config.since.iter().cloned().collect()),
        ("packs", config.packs.iter().map(|it| it.name().to_owned()).collect()),
        ("rules", config.rules.iter().map(|it| format!("{} = {}", it.id, it.severity.name())).collect()),
    ];
    let lists = lists.into_iter().filter(|it| !it.1.is_empty());
    details.extend(lists.map(|(name, values)| format!("{name}: {} (by {file})", values.join(", "))));
    if has_file {
        return Check::ok("configuration", file.clone()).with(details);
    }
    let next = "`lockkeeper init` writes one with what it finds";
    Check::note("configuration", "no lockkeeper.toml from here up to the repository's root", next)
        .with(details)
}

/// How many rules are on.
pub(super) fn rules(config: &Config) -> Check {
    let rules = match configured::rules(config) {
        Ok(rules) => rules,
        Err(error) => return Check::failed("rules", &error, "mend it: until then `lint` does not run"),
    };
    let is_on = |pack: Pack| move |it: &&crate::rule::Rule| it.pack == pack && rules_on(it);
    let all = rules.rules();
    let n_on = all.iter().filter(|it| rules_on(it)).count();
    let packs = [Pack::Safety, Pack::Compat, Pack::Security, Pack::Hygiene, Pack::Style];
    let packs = packs.map(|pack| {
        let n = all.iter().filter(|it| it.pack == pack).count();
        format!("{}: {} of {n}", pack.name(), all.iter().filter(is_on(pack)).count())
    });
    let mut details = vec![packs.join(", ")];
    if let Some(folder) = &config.rules_folder {
        let embedded = crate::rule::RuleSet::embedded().map_or(0, |it| it.rules().len());
        let n = counted(all.len().saturating_sub(embedded), "rule");
        details.push(format!("{n} of your own, in {}", place::shown(folder)));
    }
    Check::ok("rules", format!("{n_on} are on, {} off", all.len() - n_on)).with(details)
}

fn rules_on(rule: &crate::rule::Rule) -> bool {
    rule.severity.worst() > crate::finding::Severity::Off
}
