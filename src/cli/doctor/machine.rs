//! What is around: a CI job, and servers that need not be downloaded.

use super::{super::World, Check};
#[cfg(unix)]
use crate::pg::sandbox::{self, Found, Survey};

/// A variable that each CI sets.
const CI: &[(&str, &str)] = &[
    ("GITHUB_ACTIONS", "GitHub Actions"),
    ("GITLAB_CI", "GitLab CI"),
    ("BITBUCKET_BUILD_NUMBER", "Bitbucket Pipelines"),
    ("TF_BUILD", "Azure Pipelines"),
    ("BUILDKITE", "Buildkite"),
    ("JENKINS_URL", "Jenkins"),
    ("CIRCLECI", "CircleCI"),
    ("CI", "a CI job of a kind that is not known"),
];

/// Which CI this is.
pub(super) fn ci(world: &World<'_>) -> Check {
    let found = CI.iter().find(|it| world.variable(it.0).is_some());
    Check::ok("environment", found.map_or("no CI job", |it| it.1))
}

/// Which servers are there, and what else a dry run needs. `lint` needs none of it.
#[cfg(unix)]
pub(super) fn servers() -> [Check; 2] {
    let survey = sandbox::survey();
    [programs(&survey), room(&survey)]
}

/// The programs of each major version.
#[cfg(unix)]
fn programs(survey: &Survey) -> Check {
    let mut details = Vec::new();
    let (mut missing, mut broken) = (Vec::new(), Vec::new());
    for (major, found) in &survey.servers {
        details.push(match found {
            Found::Given(folder, Ok(version)) => {
                format!("PostgreSQL {major}: {version} in {} (LOCKKEEPER_PG_BIN_{major})", folder.display())
            }
            Found::Given(folder, Err(problem)) => {
                broken.push(major.to_string());
                format!(
                    "PostgreSQL {major}: cannot run from {} (LOCKKEEPER_PG_BIN_{major}): {problem}",
                    folder.display()
                )
            }
            Found::Installed(folder, version) => {
                format!("PostgreSQL {major}: {version} in {} (installed)", folder.display())
            }
            Found::Kept(folder, version) => {
                format!("PostgreSQL {major}: {version} in {} (downloaded)", folder.display())
            }
            Found::Missing => {
                missing.push(major.to_string());
                continue;
            }
        });
    }
    let (missing, n) = (missing.join(", "), details.len() - broken.len());
    if !broken.is_empty() {
        let says = format!("{n} here; what is named for {} does not run", broken.join(", "));
        return Check::note("servers", says, "name a folder with postgres and initdb, or unset the variable")
            .with(details);
    }
    if !missing.is_empty() && !survey.has_npm {
        let says = format!("{n} here, and there is no npm that could fetch the others: {missing}");
        let next = "for `dry-run` on those install PostgreSQL, or npm, or set LOCKKEEPER_PG_BIN_<version>; `lint` needs none";
        return Check::note("servers", says, next).with(details);
    }
    let says = match (n, missing.as_str()) {
        (_, "") => "one of each major version".to_owned(),
        (0, _) => "none here; npm can fetch one when it is needed, and `lint` needs none".to_owned(),
        (n, missing) => format!("{n} here; npm can fetch the others when needed: {missing}"),
    };
    Check::ok("servers", says).with(details)
}

/// What a server needs that is not there yet: somebody to run as, and room.
#[cfg(unix)]
fn room(survey: &Survey) -> Check {
    /// A new server takes some 40 MB, and each of its databases 8.
    const ENOUGH_BYTES: u64 = 200_000_000;
    const NAME: &str = "throwaway servers";
    let account = match &survey.account {
        Ok(account) => account,
        Err(problem) => {
            return Check::note(NAME, problem, "run lockkeeper as another user; `lint` needs no server");
        }
    };
    let home = survey.home.display();
    let mut details = Vec::new();
    match &survey.cache {
        Ok(folder) => details.push(format!("kept for later runs: {}", folder.display())),
        Err(problem) => {
            return Check::note(NAME, problem, "without it `dry-run` does not start; `lint` does");
        }
    }
    details.extend(survey.left.iter().map(|it| format!("left by a run that was killed: {}", it.display())));
    if let Some(problem) = &survey.problem {
        let says = format!("there can be none in {home}: {problem}");
        return Check::note(NAME, says, "set TMPDIR to a folder that can be written").with(details);
    }
    let free = survey.free_bytes.map_or_else(
        || "an unknown size".to_owned(),
        |it| {
            let tenths = it / 100_000_000;
            format!("{}.{} GB", tenths / 10, tenths % 10)
        },
    );
    let says = format!("run as {account}, in {home}, where {free} is free");
    if survey.free_bytes.is_some_and(|it| it < ENOUGH_BYTES) {
        return Check::note(NAME, says, "a server takes 200 MB; make room, or set TMPDIR").with(details);
    }
    if survey.left.is_empty() {
        return Check::ok(NAME, says).with(details);
    }
    Check::note(NAME, says, "the next run removes what was left").with(details)
}
