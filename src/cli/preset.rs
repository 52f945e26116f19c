//! Frameworks whose migrations are code, by their names: what makes each print its SQL, and how that is run.
//!
//! Sources: Alembic, Generating SQL Scripts; Django, `sqlmigrate` and `MigrationExecutor.migration_plan`. What they print is in
//! `fixtures/from-command`; that the server gets the same transactions was observed with Alembic 1.20.1 and Django 5.2.19 on PostgreSQL 15.
//! There Knex 3.3.0 runs each migration in a transaction, or, with `config = { transaction: false }`, statement by statement.

use std::{path::PathBuf, process::Command};

use super::command::{self, Printed};
use crate::{effect::Runner, error::Error};

/// What the SQL of one framework is.
pub(super) struct Preset {
    /// Its name on the command line.
    name: &'static str,
    /// What prints it.
    source: Source,
}

enum Source {
    /// A command of its own, by the shell.
    Prints(&'static str),
    /// Python code in the project of a `manage.py`, which begins each migration by [`MARK`].
    Manages(&'static str),
    /// None: the framework only runs its migrations.
    Runs(&'static str),
}

/// Begins a migration among others, before its name.
const MARK: &str = "-- migration ";

const PRESETS: &[Preset] = &[
    Preset { name: "alembic", source: Source::Prints("alembic upgrade heads --sql") },
    Preset { name: "django", source: Source::Manages(include_str!("django.py")) },
    Preset { name: "rails", source: Source::Runs("bin/rails db:migrate") },
    Preset { name: "ecto", source: Source::Runs("mix ecto.migrate") },
    Preset { name: "knex", source: Source::Runs("knex migrate:latest") },
    Preset { name: "kysely", source: Source::Runs("kysely migrate:latest") },
    Preset { name: "typeorm", source: Source::Runs("typeorm migration:run") },
];

/// The preset of this name, if `command` is one.
pub(super) fn named(command: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|it| it.name == command)
}

impl Preset {
    /// All migrations of the project, in the order in which they run.
    pub(super) fn migrations(&self) -> Result<Vec<Printed>, Error> {
        match self.source {
            Source::Prints(command) => {
                let printed = command::printed(command, &mut command::by_shell(command))?;
                Ok(vec![self.migration(command, printed)])
            }
            Source::Manages(code) => self.managed(code),
            Source::Runs(command) => Err(Error::Usage(format!(
                "`{}` prints no SQL of its migrations, it only runs them: run `{command}` against an empty database whose server logs \
                 statements (log_statement = 'all'), and give --from-command a command that prints these",
                self.name
            ))),
        }
    }

    /// What is printed says itself where transactions begin and end; what is outside of them commits by itself.
    fn migration(&self, title: &str, text: impl Into<Vec<u8>>) -> Printed {
        let path = PathBuf::from(format!("<{title}>"));
        Printed { path, text: text.into(), framework: Some(self.name), runner: Some(Runner::Own) }
    }

    fn managed(&self, code: &str) -> Result<Vec<Printed>, Error> {
        let python = ["python", "python3"].into_iter().find(|it| is_there(it)).unwrap_or("python");
        let shown = format!("{python} manage.py sqlmigrate");
        let printed =
            command::printed(&shown, Command::new(python).args(["manage.py", "shell", "-c", code]))?;
        let printed = String::from_utf8_lossy(&printed);
        // What stands before the first is none of them.
        let migrations = printed.split(MARK).skip(1).filter_map(|it| it.split_once('\n'));
        let migrations: Vec<Printed> = migrations
            .map(|(name, text)| self.migration(&format!("{} {}", self.name, name.trim()), text))
            .collect();
        if migrations.is_empty() {
            return Err(Error::Usage(format!("cannot lint what `{shown}` prints: there is no migration")));
        }
        Ok(migrations)
    }
}

/// Whether the program can be run.
fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}
