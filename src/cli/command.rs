//! `--from-command`: the SQL that a command prints, for frameworks whose migrations are code.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::error::Error;

/// How much of what a failed command said is shown, in lines from its end.
const MAX_LINES: usize = 20;

/// What a command printed.
pub(super) struct Printed {
    /// How reports name it: the command itself.
    pub(super) path: PathBuf,
    /// The SQL.
    pub(super) text: Vec<u8>,
}

/// Runs the command by the system's shell. A command that fails, or that prints nothing, is no migration without a finding.
pub(super) fn run(command: &str) -> Result<Printed, Error> {
    let (shell, option) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let failed = |problem: String| Error::Usage(format!("cannot lint what `{command}` prints: {problem}"));
    let ran = Command::new(shell).args([option, command]).stdin(Stdio::null()).output();
    let ran = ran.map_err(|it| failed(format!("{shell}: {it}")))?;
    if !ran.status.success() {
        return Err(failed(format!("{}{}", ran.status, last_lines(&ran.stderr))));
    }
    if ran.stdout.trim_ascii().is_empty() {
        return Err(failed(format!("it prints nothing to standard output{}", last_lines(&ran.stderr))));
    }
    Ok(Printed { path: PathBuf::from(format!("<{command}>")), text: ran.stdout })
}

/// The end of what a command said, each line indented.
fn last_lines(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let lines: Vec<&str> = said.trim_end().lines().collect();
    let last = lines.get(lines.len().saturating_sub(MAX_LINES)..).unwrap_or_default();
    last.iter().flat_map(|it| ["\n  ", it]).collect()
}
