//! What is around: a CI job, and servers that need not be downloaded.

use super::{super::World, Check};
#[cfg(unix)]
use crate::{config::MAJORS, pg::sandbox};

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

/// Which servers are there. `lint` needs none.
#[cfg(unix)]
pub(super) fn servers() -> Check {
    let found: Vec<_> = MAJORS.map(|it| (it, sandbox::available(it))).collect();
    let details = found.iter().filter_map(|(major, found)| {
        let (folder, version) = found.as_ref()?;
        Some(format!("PostgreSQL {major}: {version} in {}", folder.display()))
    });
    let details: Vec<String> = details.collect();
    let missing: Vec<String> = found.iter().filter(|it| it.1.is_none()).map(|it| it.0.to_string()).collect();
    let says = match (details.len(), missing.len()) {
        (0, _) => "none here; npm can fetch one when it is needed, and `lint` needs none".to_owned(),
        (_, 0) => "one of each major version".to_owned(),
        (n, _) => format!("{n} here; npm can fetch the others when needed: {}", missing.join(", ")),
    };
    Check::ok("servers", says).with(details)
}
