//! Runs cases on a server.

use lockkeeper::{
    error::Error,
    pg::{
        Sandbox, Session,
        observe::{self, Observed},
    },
};

use super::{Case, is_query, line, memory, without_planned};

/// The database that holds what a case's setup made.
const DATABASE: &str = "shop";

/// The newest minor releases that lock what a new object depends on only where that is said in the fixtures.
///
/// Later ones, seen in 15.20, also take ACCESS SHARE on the index that a foreign key needs, on the sequence of a default and on the
/// composite type of a column, which stand in the way of nobody who reads or writes.
const LAST_WITHOUT: [(u16, u16); 6] = [(13, 23), (14, 23), (15, 18), (16, 14), (17, 10), (18, 4)];

/// Whether this release may lock what a new object depends on.
pub(super) fn locks_dependencies(server: &Sandbox) -> bool {
    let minor = server.version().split('.').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
    LAST_WITHOUT.iter().any(|(major, last)| *major == server.major() && minor > *last)
}

/// What each case does on this server; `None` for those that are not for its version.
///
/// Cases that share a setup share a database: those that run in a transaction are rolled back, and those that run alone run in copies.
pub(super) fn all(server: &Sandbox, cases: &[Case]) -> Vec<Option<String>> {
    let mut results = Vec::new();
    for group in cases.chunk_by(|a, b| a.setup == b.setup) {
        let mut prepared = None;
        let mut watcher = None;
        for case in group {
            let is_for_this = case.majors.contains(&server.major());
            results.push(is_for_this.then(|| {
                memory::recall(server.version(), case).unwrap_or_else(|| {
                    let prepared = prepared.get_or_insert_with(|| prepare(server, case));
                    let did = prepared
                        .clone()
                        .map_or_else(|problem| problem, |()| observe(server, &mut watcher, case));
                    memory::remember(server.version(), case, &did);
                    did
                })
            }));
        }
    }
    results
}

/// Makes a database in which the setup was run.
fn prepare(server: &Sandbox, case: &Case) -> Result<(), String> {
    let made = || {
        server.drop_database(DATABASE)?;
        drop_roles(server)?;
        server.create_database(DATABASE)?;
        let session = server.connect(DATABASE)?;
        case.setup.iter().try_for_each(|statement| session.batch(statement))
    };
    made().map_err(|error| format!("      the setup fails: {}\n", explained(&error)))
}

/// Drops the roles that an earlier setup made.
fn drop_roles(server: &Sandbox) -> Result<(), Error> {
    let session = server.connect("postgres")?;
    let roles = session.rows(
        "SELECT quote_ident(rolname) FROM pg_roles WHERE rolname !~ '^pg_' AND rolname NOT IN ('postgres', 'app')",
    )?;
    roles.iter().try_for_each(|role| session.batch(&format!("DROP ROLE {}", role.text(0))))
}

/// Runs one case. The watcher serves one case after the other.
fn observe(server: &Sandbox, watcher: &mut Option<Session>, case: &Case) -> String {
    let observed = if case.alone {
        // Nobody may be connected to a database that is copied.
        *watcher = None;
        observe::alone(server, DATABASE, &case.before, &case.statement)
    } else {
        in_transaction(server, watcher, case)
    };
    match observed {
        Ok(observed) => shown(&observed, case),
        Err(error) => format!("      {}\n", explained(&error)),
    }
}

fn in_transaction(server: &Sandbox, watcher: &mut Option<Session>, case: &Case) -> Result<Observed, Error> {
    let session = server.connect(DATABASE)?;
    let watcher = match watcher {
        Some(watcher) => watcher,
        None => watcher.insert(server.connect(DATABASE)?),
    };
    observe::in_transaction(&session, watcher, &case.before, &case.statement)
}

fn shown(observed: &Observed, case: &Case) -> String {
    match &observed.refusal {
        Some(refusal) if case.fails.as_ref() == Some(&refusal.sqlstate) => {
            format!("      fails: {}\n", refusal.sqlstate)
        }
        Some(refusal) => format!("      fails: {} {}\n", refusal.sqlstate, refusal.message),
        None if observed.relations.is_empty() => "      nothing\n".to_owned(),
        None => {
            let work = |work| without_planned(work, is_query(case));
            observed.relations.iter().map(|it| line(&it.name, it.lock, work(it.work))).collect()
        }
    }
}

fn explained(error: &Error) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    let cause = cause.zip(std::error::Error::source(error).and_then(std::error::Error::source));
    format!("{error}: {}", cause.map_or(String::new(), |(outer, inner)| format!("{outer}: {inner}")))
}
