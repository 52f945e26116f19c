//! The file of passwords that libpq reads, too, so that none need stand on a command line.
//!
//! Source: <https://www.postgresql.org/docs/current/libpq-pgpass.html>.

use std::{fs, path::Path};

/// The password for these; `None` if the file has none, is not there, or may be read by others than its owner.
pub(super) fn password(path: &Path, host: &str, port: u16, database: &str, user: &str) -> Option<String> {
    if !is_private(path) {
        return None;
    }
    let text = fs::read_to_string(path).ok()?;
    let wanted = [host, &port.to_string(), database, user];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let (password, keys) = fields.split_last()?;
        let matches = keys.len() == wanted.len()
            && keys.iter().zip(wanted).all(|(key, wanted)| key == "*" || key == wanted);
        matches.then(|| password.clone())
    })
}

/// libpq ignores a file that others may read, and so do we.
fn is_private(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).is_ok_and(|it| it.is_file() && it.permissions().mode().is_multiple_of(0o100))
    }
    #[cfg(not(unix))]
    path.is_file()
}

/// The fields between colons; a backslash takes the meaning from a colon and from a backslash.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(it) = characters.next() {
        match (it, fields.last_mut()) {
            ('\\', Some(field)) => field.extend(characters.next()),
            (':', _) => fields.push(String::new()),
            (it, Some(field)) => field.push(it),
            (_, None) => {}
        }
    }
    fields
}
