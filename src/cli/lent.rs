//! The server that the command line of `dry-run` names instead of a throwaway one.

use super::{World, args::DryRun as Args};
use crate::{
    error::Error,
    pg::{
        Address, Sandbox,
        sandbox::lent::{Clones, Loan},
    },
};

/// How it is named.
#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// Run on this server instead, in a new database that is dropped at the end: postgres://user@host/database, or 'host=… dbname=…'.
    ///
    /// libpq's variables stand for what it leaves open (PGHOST, PGPASSWORD, ~/.pgpass, …). Nothing else on the server is touched: what would
    /// change roles, settings or other databases is refused, unless the server is marked as disposable, by
    /// ALTER DATABASE postgres SET lockkeeper.disposable = 'on'.
    #[arg(long, value_name = "URL", conflicts_with = "pg_bin")]
    pub url: Option<String>,
    /// Run in the database of --url itself, which has the schema already. It must be marked as disposable, and nobody else may be there.
    #[arg(long, requires = "url", conflicts_with_all = ["clone_cmd", "rows", "predict"])]
    pub in_place: bool,
    /// Run in a clone that this command makes: the last line that it prints is the clone's URL. The clone has the schema and the rows
    /// already; --url, if given, says what it is a clone of.
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["pg_bin", "rows", "predict"])]
    pub clone_cmd: Option<String>,
    /// Remove the clone at the end by this command, in which {url} stands for its URL.
    #[arg(long, value_name = "COMMAND", requires = "clone_cmd")]
    pub clone_drop_cmd: Option<String>,
}

/// Connects to it; `None` if none is named.
pub(super) fn take(args: &Args, world: &World<'_>) -> Result<Option<Sandbox>, Error> {
    let variable = |name: &str| world.variable(name).map(str::to_owned);
    let address = args.lent.url.as_deref().map(|it| Address::parse(it, &variable)).transpose()?;
    let loan = match (&args.lent.clone_cmd, address) {
        (Some(command), original) => Loan::Clones(Clones {
            command: command.clone(),
            drop: args.lent.clone_drop_cmd.clone(),
            original,
            variables: world.variables(),
        }),
        (None, Some(address)) if args.lent.in_place => Loan::InPlace(address),
        (None, Some(address)) => Loan::Server(address),
        (None, None) => return Ok(None),
    };
    let server = Sandbox::lend(&loan)?;
    let wanted = &args.judged.pg;
    if let Some(other) = wanted.iter().find(|it| **it != server.major()) {
        let major = server.major();
        return Err(Error::Usage(format!(
            "the server is PostgreSQL {major}, and --pg says {other}; leave --pg out"
        )));
    }
    Ok(Some(server))
}
