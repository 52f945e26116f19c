//! Where a server is and who we are there: a URL or libpq's `key=value` words, and for what they leave open libpq's variables.
//!
//! Never shown: the text as it was given, which may hold a password.
//! Source: <https://www.postgresql.org/docs/current/libpq-connect.html>.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use percent_encoding::percent_decode_str;
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
    error::SqlState,
};

use super::{
    Session, passfile,
    tls::{self, Mode},
};
use crate::error::Error;

/// How long a server may take to answer at all, unless the user says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the client's crate does not know, and we take out before it reads the rest.
const OURS: [&str; 3] = ["sslmode", "sslrootcert", "passfile"];

/// A server, a database and a user.
#[derive(Clone)]
pub struct Address {
    config: Config,
    mode: Mode,
    roots: Option<PathBuf>,
}

impl Address {
    /// Reads `text`; `variable` gives the value of a variable of the environment.
    pub fn parse(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let (rest, ours) = taken_out(text);
        let of = |name: &str, or: &str| {
            let said = ours.iter().rev().find(|it| it.0 == name).map(|it| it.1.clone());
            said.or_else(|| variable(or))
        };
        // What the parser complains of could be part of a password, so its words are not repeated.
        let mut config: Config = rest.parse().map_err(|_| unreadable())?;
        let mode = match of("sslmode", "PGSSLMODE") {
            Some(name) => Mode::parse(&name).ok_or_else(|| {
                let choices = "disable, allow, prefer, require, verify-ca, verify-full";
                Error::Usage(format!("unknown sslmode, choose from {choices}"))
            })?,
            None => Mode::default(),
        };
        let roots = of("sslrootcert", "PGSSLROOTCERT").filter(|it| it != "system").map(PathBuf::from);
        complete(&mut config, variable)?;
        if config.get_password().is_none() {
            let home = || Some(Path::new(&variable("HOME")?).join(".pgpass"));
            let file = of("passfile", "PGPASSFILE").map(PathBuf::from).or_else(home);
            let kept = file.and_then(|file| {
                let host = config.get_hosts().first().map_or_else(|| "localhost".to_owned(), shown);
                let host = if host.starts_with('/') { "localhost".to_owned() } else { host };
                let user = config.get_user().unwrap_or_default();
                let database = config.get_dbname().unwrap_or(user);
                passfile::password(&file, &host, port(&config), database, user)
            });
            if let Some(password) = kept {
                config.password(password);
            }
        }
        config.application_name("lockkeeper");
        Ok(Self { config, mode, roots })
    }

    /// The same server and user, another database.
    #[must_use]
    pub fn to_database(&self, name: &str) -> Self {
        let mut other = self.clone();
        other.config.dbname(name);
        other
    }

    /// The database.
    pub fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_else(|| self.config.get_user().unwrap_or_default())
    }

    /// The same with another name that the server shows of who is connected.
    #[must_use]
    pub fn named(mut self, application: &str) -> Self {
        self.config.application_name(application);
        self
    }

    /// Opens a connection.
    pub fn connect(&self) -> Result<Session, Error> {
        let is_local = self.config.get_hosts().iter().all(|it| !matches!(it, Host::Tcp(_)));
        let modes: &[SslMode] = match self.mode {
            // As libpq: what never leaves the machine is not encrypted.
            _ if is_local => &[SslMode::Disable],
            Mode::Disable => &[SslMode::Disable],
            Mode::Allow => &[SslMode::Disable, SslMode::Require],
            Mode::Prefer => &[SslMode::Prefer, SslMode::Disable],
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => &[SslMode::Require],
        };
        let tls = tls::connector(self.mode, self.roots.as_deref()).map_err(Error::Usage)?;
        let mut first = None;
        for mode in modes {
            let mut config = self.config.clone();
            config.ssl_mode(*mode);
            match Session::open_with(&config, tls.clone(), &self.to_string()) {
                Ok(session) => return Ok(session),
                Err(error) => {
                    let another_may_do = may_depend_on_encryption(&error);
                    first.get_or_insert(error);
                    if !another_may_do {
                        break;
                    }
                }
            }
        }
        Err(match first {
            Some(Error::Postgres { source, .. }) => {
                Error::Connect { server: self.to_string(), next: next(&source).to_owned(), source }
            }
            Some(error) => error,
            None => unreadable(),
        })
    }
}

/// `db.example:5432/shop as app`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<String> = self.config.get_hosts().iter().map(shown).collect();
        let user = self.config.get_user().unwrap_or_default();
        let database = self.config.get_dbname().unwrap_or(user);
        write!(f, "{}:{}/{database} as {user}", hosts.join(","), port(&self.config))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// A host without what stands before an `@`: of a password that holds one, the rest ends up here.
fn shown(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.rsplit('@').next().unwrap_or_default().to_owned(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    }
}

fn port(config: &Config) -> u16 {
    config.get_ports().first().copied().unwrap_or(5432)
}

fn unreadable() -> Error {
    Error::Usage(
        "cannot read a server's address; write postgres://user@host:5432/database, or 'host=… dbname=… user=…', \
         with special characters in a URL as %40 (it is not shown here, as it may hold a password)"
            .to_owned(),
    )
}

/// Fills in what `config` leaves open.
fn complete(config: &mut Config, variable: &dyn Fn(&str) -> Option<String>) -> Result<(), Error> {
    let number = |name: &'static str| match variable(name).map(|it| it.parse()) {
        Some(Err(_)) => Err(Error::Usage(format!("{name} is no number"))),
        Some(Ok(number)) => Ok(Some(number)),
        None => Ok(None),
    };
    if config.get_ports().is_empty() {
        config.port(number("PGPORT")?.unwrap_or(5432));
    }
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        let port = port(config);
        config.host(variable("PGHOST").unwrap_or_else(|| usual_host(port)));
    }
    if config.get_user().is_none() {
        let user = ["PGUSER", "USER", "LOGNAME"].into_iter().find_map(variable);
        let said = "the address names no user, and neither does PGUSER; write postgres://user@host/database";
        config.user(user.ok_or_else(|| Error::Usage(said.to_owned()))?);
    }
    if config.get_dbname().is_none() {
        let user = config.get_user().unwrap_or_default().to_owned();
        config.dbname(variable("PGDATABASE").unwrap_or(user));
    }
    if config.get_password().is_none()
        && let Some(password) = variable("PGPASSWORD")
    {
        config.password(password);
    }
    if config.get_connect_timeout().is_none() {
        let seconds = number("PGCONNECT_TIMEOUT")?.map_or(PATIENCE, |it| Duration::from_secs(it.into()));
        config.connect_timeout(seconds);
    }
    Ok(())
}

/// The folder where packages put a server's socket, if one is there; else this machine.
fn usual_host(port: u16) -> String {
    let folders = if cfg!(unix) { &["/var/run/postgresql", "/tmp"][..] } else { &[] };
    let found = folders.iter().find(|it| Path::new(it).join(format!(".s.PGSQL.{port}")).exists());
    found.map_or_else(|| "localhost".to_owned(), ToString::to_string)
}

/// Takes the parameters out of `text` that only we know, and returns the rest and them.
fn taken_out(text: &str) -> (String, Vec<(String, String)>) {
    let mut ours = Vec::new();
    let mut keep = |key: &str, value: String| {
        let is_ours = OURS.contains(&key);
        if is_ours {
            ours.push((key.to_owned(), value));
        }
        !is_ours
    };
    let is_url = text.starts_with("postgres://") || text.starts_with("postgresql://");
    if !is_url {
        let kept = words(text).into_iter().filter(|word| {
            let Some((key, value)) = word.split_once('=') else { return true };
            keep(key.trim(), unquoted(value.trim()))
        });
        let rest = kept.collect::<Vec<_>>().join(" ");
        return (rest, ours);
    }
    let after_user = text.find('@').unwrap_or_default();
    let Some(at) = text.get(after_user..).and_then(|it| it.find('?')).map(|it| it + after_user) else {
        return (text.to_owned(), ours);
    };
    let (before, parameters) = text.split_at(at);
    let kept = parameters.trim_start_matches('?').split('&').filter(|parameter| {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        keep(key, percent_decode_str(value).decode_utf8_lossy().into_owned())
    });
    let kept = kept.collect::<Vec<_>>().join("&");
    (if kept.is_empty() { before.to_owned() } else { format!("{before}?{kept}") }, ours)
}

/// The `key=value` words of `text`, as they are written; a value in single quotes may have spaces.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, it) in text.char_indices() {
        match it {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' => quoted = !quoted,
            it if it.is_whitespace() && !quoted => {
                words.extend(text.get(start..at).filter(|it| !it.trim().is_empty()));
                start = at;
            }
            _ => {}
        }
    }
    words.extend(text.get(start..).filter(|it| !it.trim().is_empty()));
    words
}

fn unquoted(value: &str) -> String {
    let inner = value.strip_prefix('\'').and_then(|it| it.strip_suffix('\'')).unwrap_or(value);
    inner.replace("\\'", "'").replace("\\\\", "\\")
}

/// Whether another try, with or without encryption, may do: the server said nothing, or that it has no entry for such a connection.
fn may_depend_on_encryption(error: &Error) -> bool {
    let Error::Postgres { source, .. } = error else { return false };
    source.code().is_none_or(|it| *it == SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
}

/// What a user can do about a connection that failed.
fn next(error: &tokio_postgres::Error) -> &'static str {
    match error.code() {
        Some(it) if *it == SqlState::INVALID_PASSWORD => {
            "set PGPASSWORD, or write the password into ~/.pgpass, which nobody else may read"
        }
        Some(it) if *it == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            "see whether the role may log in, from here (pg_hba.conf), and whether sslmode= asks for what the server wants"
        }
        Some(it) if *it == SqlState::INVALID_CATALOG_NAME => "name an existing database",
        Some(it) if *it == SqlState::TOO_MANY_CONNECTIONS => "try again when a connection is free",
        Some(_) => "see what the server says",
        None => "is the server there, does it listen for this machine, and does sslmode= fit?",
    }
}
