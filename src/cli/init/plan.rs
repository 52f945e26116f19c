//! What `init` writes, what it leaves as it is, and what is left to the user.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    super::{
        args::{Ci, Init},
        known::folder_of,
        place,
    },
    CONFIG,
    ci::{self, Provider},
    config, pre_commit,
    survey::Survey,
};
use crate::error::Error;

const PRE_COMMIT: &str = ".pre-commit-config.yaml";

/// A file that is to be written.
pub(super) struct Planned {
    pub(super) path: PathBuf,
    /// What it says now; `None` if it is not there.
    pub(super) before: Option<String>,
    pub(super) now: String,
}

/// All that is to be done, and what is not.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) files: Vec<Planned>,
    /// What is left as it is, and why.
    pub(super) left: Vec<String>,
    /// What the user has to do.
    pub(super) next: Vec<String>,
}

impl Plan {
    /// What is to be done for what was found, with the configuration in `path`.
    pub(super) fn of(args: &Init, survey: &Survey, path: &Path) -> Result<Self, Error> {
        let mut plan = Self::default();
        let folder = folder_of(path);
        plan.own(path.to_owned(), config::text(survey, &folder), args.force)?;
        plan.next.extend(above(&folder).map(|it| {
            let shown = place::shown(&it);
            format!("look at {shown}: it holds no longer for what the new configuration is nearer to")
        }));
        if survey.projects.histories.is_empty() {
            // What prints the SQL of a change is not known, so that a job would judge nothing.
            plan.next.push(
                "lint what prints the SQL of a change, here and in CI: `lockkeeper lint --from-command …`"
                    .to_owned(),
            );
            return Ok(plan);
        }
        let command = command(path, &survey.root);
        let provider = match args.ci {
            Ci::Auto => survey.provider.as_ref().map(|it| it.0),
            Ci::Github => Some(Provider::GitHub),
            Ci::Gitlab => Some(Provider::GitLab),
            Ci::None => None,
        };
        if let Some(provider) = provider {
            plan.own(survey.root.join(provider.path()), provider.job(&command), args.force)?;
            if provider == Provider::GitLab {
                plan.include(&survey.root.join(ci::GITLAB))?;
            }
        } else if args.ci == Ci::Auto {
            plan.next.push("`lockkeeper init --ci github` or `--ci gitlab` writes a CI job".to_owned());
        }
        plan.hook(survey.root.join(PRE_COMMIT), &command, args.pre_commit)?;
        let lint = format!(
            "`{command}` judges all that is there; in CI, with --since auto, only what a change brings"
        );
        let baseline =
            "`lockkeeper baseline` writes down what is found today, so that `lint` reports what comes on top"
                .to_owned();
        plan.next.extend([lint, baseline]);
        Ok(plan)
    }

    /// A file that is lockkeeper's own.
    fn own(&mut self, path: PathBuf, now: String, force: bool) -> Result<(), Error> {
        match existing(&path)? {
            Some(before) if before == now => {
                self.left.push(format!("{} says that already", place::shown(&path)));
            }
            Some(_) if !force => {
                self.left.push(format!("{} exists; --force writes it anew", place::shown(&path)));
            }
            before => self.files.push(Planned { path, before, now }),
        }
        Ok(())
    }

    /// GitLab's own file runs the job when it includes it.
    fn include(&mut self, path: &Path) -> Result<(), Error> {
        match existing(path)? {
            None => self.files.push(Planned { path: path.to_owned(), before: None, now: ci::include() }),
            Some(text) if text.contains(Provider::GitLab.path()) => {}
            Some(_) => {
                let include =
                    format!("include `local: {}` in {}", Provider::GitLab.path(), place::shown(path));
                self.next.push(include);
            }
        }
        Ok(())
    }

    /// The hook for pre-commit, in a file that may be there.
    fn hook(&mut self, path: PathBuf, command: &str, is_wanted: bool) -> Result<(), Error> {
        let shown = place::shown(&path);
        match existing(&path)? {
            None if is_wanted => {
                self.files.push(Planned { path, before: None, now: pre_commit::new(command) });
            }
            None => {}
            Some(text) if pre_commit::has_hook(&text) => {
                self.left.push(format!("{shown} has the hook already"));
            }
            Some(text) => {
                let Some(now) = pre_commit::with_hook(&text, command) else {
                    let item = pre_commit::item(command, "  ");
                    self.left.push(format!("{shown}, which has no plain list of `repos`"));
                    self.next.push(format!("add this to {shown}:\n{}", item.trim_end()));
                    return Ok(());
                };
                self.files.push(Planned { path, before: Some(text), now });
            }
        }
        Ok(())
    }
}

/// The configuration that held in `folder` so far, if it stands above it.
fn above(folder: &Path) -> Option<PathBuf> {
    if folder.join(".git").exists() {
        return None;
    }
    crate::config::find(std::path::absolute(folder).ok()?.parent()?)
}

/// How `lint` is called from the repository's root.
fn command(config: &Path, root: &Path) -> String {
    match place::relative(config, root) {
        it if it == CONFIG => "lockkeeper lint".to_owned(),
        it if it.chars().all(is_harmless) => format!("lockkeeper lint --config {it}"),
        it => format!("lockkeeper lint --config '{}'", it.replace('\'', "'\\''")),
    }
}

/// Whether a character stands for itself in a shell and in YAML.
fn is_harmless(it: char) -> bool {
    it.is_ascii_alphanumeric() || "._-/".contains(it)
}

/// A command as a value in YAML.
pub(super) fn in_yaml(command: &str) -> String {
    if command.chars().all(|it| it == ' ' || is_harmless(it)) {
        return command.to_owned();
    }
    // A string of JSON is one of YAML.
    serde_json::Value::from(command).to_string()
}

/// What a file says; `None` if it is not there.
fn existing(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Read { path: path.to_owned(), source }),
    }
}
