//! The job that lints what a pull or merge request changes.

use std::{fs, path::Path};

use super::plan::in_yaml;

/// Who runs the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    GitHub,
    GitLab,
}

impl Provider {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
        }
    }

    /// Where its job goes, from the repository's root.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::GitHub => ".github/workflows/lockkeeper.yml",
            Self::GitLab => ".gitlab/lockkeeper.yml",
        }
    }

    /// The job.
    pub(super) fn job(self, command: &str) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let command = in_yaml(&format!("{command} --since auto"));
        match self {
            Self::GitHub => format!(
                "\
# Judges the migrations that a pull request adds or changes.
name: lockkeeper

on: pull_request

permissions:
  contents: read

jobs:
  lint:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0 # --since asks git where the branch was left
      - run: cargo install lockkeeper --version {version} --locked
      - run: {command}
"
            ),
            Self::GitLab => format!(
                "\
# Judges the migrations that a merge request adds or changes.
lockkeeper:
  image: rust:1
  rules:
    - if: $CI_PIPELINE_SOURCE == \"merge_request_event\"
  variables:
    GIT_DEPTH: \"0\" # --since asks git where the branch was left
  script:
    - cargo install lockkeeper --version {version} --locked
    - {command}
"
            ),
        }
    }
}

/// GitLab's own file, which runs no other unless it says so.
pub(super) const GITLAB: &str = ".gitlab-ci.yml";

/// What GitLab's own file needs.
pub(super) fn include() -> String {
    format!("include:\n  - local: {}\n", Provider::GitLab.path())
}

/// The provider that the repository at `root` uses, and what shows it.
pub(super) fn detected(root: &Path) -> Option<(Provider, String)> {
    let shows = [(Provider::GitHub, ".github"), (Provider::GitLab, GITLAB), (Provider::GitLab, ".gitlab")];
    if let Some((provider, sign)) = shows.iter().find(|it| root.join(it.1).exists()) {
        return Some((*provider, (*sign).to_owned()));
    }
    let config = fs::read_to_string(root.join(".git/config")).unwrap_or_default();
    let urls = config.lines().filter_map(|it| it.trim().strip_prefix("url"));
    let hosts = [(Provider::GitHub, "github."), (Provider::GitLab, "gitlab.")];
    let mut found = urls.filter_map(|url| hosts.iter().find(|it| url.contains(it.1)));
    found.next().map(|it| (it.0, "the remote's address".to_owned()))
}
