//! The only place that talks to a PostgreSQL server, and the only one that names the client's crate.

#[cfg(unix)]
pub mod observe;
#[cfg(unix)]
pub mod sandbox;
pub mod session;

#[cfg(unix)]
pub use sandbox::Sandbox;
pub use session::{Notice, Row, Session};
