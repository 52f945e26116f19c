//! Since when: what the user names, or what the variables of a CI job say.

use super::git::Repository;
use crate::{cli::World, error::Error};

/// What stands for "as the variables of the CI job say".
const AUTO: &str = "auto";

/// A commit to compare with.
pub(super) struct Base {
    /// What was named.
    pub(super) reference: String,
    /// The commit from which on everything counts as changed.
    pub(super) commit: String,
}

/// A variable that CI sets for a pull or merge request, and what it holds.
const VARIABLES: &[(&str, Holds)] = &[
    ("GITHUB_BASE_REF", Holds::Branch), // GitHub Actions, Gitea, Forgejo
    ("CI_MERGE_REQUEST_DIFF_BASE_SHA", Holds::Commit), // GitLab
    ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", Holds::Branch), // GitLab
    ("BITBUCKET_PR_DESTINATION_BRANCH", Holds::Branch), // Bitbucket Pipelines
    ("SYSTEM_PULLREQUEST_TARGETBRANCH", Holds::Branch), // Azure Pipelines
    ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", Holds::Branch), // Buildkite
    ("CHANGE_TARGET", Holds::Branch),   // Jenkins
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Branch,
    Commit,
}

/// The reference that `wanted` means here: itself, or for `auto` what the environment says; `None` if that says nothing.
pub(super) fn references(wanted: &str, world: &World<'_>) -> Vec<String> {
    if wanted != AUTO {
        return vec![wanted.to_owned()];
    }
    let mut references = Vec::new();
    for (name, holds) in VARIABLES {
        let Some(value) = world.variable(name) else { continue };
        match holds {
            Holds::Commit => references.push(value.to_owned()),
            Holds::Branch => {
                // CI checks out a commit; the branch itself is known of the remote only.
                let branch = value.strip_prefix("refs/heads/").unwrap_or(value);
                references.extend([format!("origin/{branch}"), branch.to_owned()]);
            }
        }
    }
    references
}

/// The first of `references` that git knows, and where HEAD left it.
pub(super) fn find(repository: &Repository, references: &[String]) -> Result<Base, Error> {
    for reference in references {
        let Some(commit) = repository.commit(reference)? else { continue };
        return match repository.merge_base(&commit)? {
            Some(commit) => Ok(Base { reference: reference.clone(), commit }),
            None if repository.is_shallow()? => Err(shallow(&format!("where HEAD left {reference}"))),
            None => Err(Error::Usage(format!("--since: HEAD and {reference} have no common commit"))),
        };
    }
    let named = references.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(" or ");
    if repository.is_shallow()? {
        return Err(shallow(&format!("what {named} is")));
    }
    let hint = match references {
        [one] if repository.commit(&format!("origin/{one}"))?.is_some() => {
            format!("; did you mean `origin/{one}`?")
        }
        _ => "; `git fetch` brings what a remote has".to_owned(),
    };
    Err(Error::Usage(format!("--since: git knows no commit {named}{hint}")))
}

/// What to do about a clone that lacks the commits in question.
fn shallow(unknown: &str) -> Error {
    Error::Usage(format!(
        "--since: this clone is shallow, so that git cannot tell {unknown}; fetch all commits: \
         `fetch-depth: 0` for actions/checkout, `GIT_DEPTH: \"0\"` for GitLab, else `git fetch --unshallow`"
    ))
}
