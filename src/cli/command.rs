//! `--from-command`: the SQL that a command prints, for frameworks whose migrations are code.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use super::preset;
use crate::{effect::Runner, error::Error};

/// How much of what a failed command said is shown, in lines from its end.
const MAX_LINES: usize = 20;

/// What a command printed of one migration, or of all.
pub(super) struct Printed {
    /// How reports name it: the command itself.
    pub(super) path: PathBuf,
    /// The SQL.
    pub(super) text: Vec<u8>,
    /// The framework whose preset it is.
    pub(super) framework: Option<&'static str>,
    /// How it is run, if that is known.
    pub(super) runner: Option<Runner>,
}

/// The migrations that a preset of this name, else this command prints, in the order in which they run.
pub(super) fn run(command: &str) -> Result<Vec<Printed>, Error> {
    if let Some(preset) = preset::named(command) {
        return preset.migrations();
    }
    let text = printed(command, &mut by_shell(command))?;
    Ok(vec![Printed { path: PathBuf::from(format!("<{command}>")), text, framework: None, runner: None }])
}

/// The command, run by the system's shell.
pub(super) fn by_shell(command: &str) -> Command {
    let (shell, option) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut by_shell = Command::new(shell);
    by_shell.args([option, command]);
    by_shell
}

/// What it prints. A command that fails, or that prints nothing, is no migration without a finding.
pub(super) fn printed(shown: &str, command: &mut Command) -> Result<Vec<u8>, Error> {
    let failed = |problem: String| Error::Usage(format!("cannot lint what `{shown}` prints: {problem}"));
    let ran = command.stdin(Stdio::null()).output();
    let ran = ran.map_err(|it| failed(format!("{}: {it}", command.get_program().display())))?;
    if !ran.status.success() {
        return Err(failed(format!("{}{}", ran.status, last_lines(&ran.stderr))));
    }
    if ran.stdout.trim_ascii().is_empty() {
        return Err(failed(format!("it prints nothing to standard output{}", last_lines(&ran.stderr))));
    }
    Ok(ran.stdout)
}

/// The end of what a command said, each line indented.
fn last_lines(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let lines: Vec<&str> = said.trim_end().lines().collect();
    let last = lines.get(lines.len().saturating_sub(MAX_LINES)..).unwrap_or_default();
    last.iter().flat_map(|it| ["\n  ", it]).collect()
}
