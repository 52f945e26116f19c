//! The only place that talks to a PostgreSQL server, and the only one that names the client's crate.

pub mod address;
#[cfg(unix)]
pub mod calibrate;
pub mod describe;
#[cfg(unix)]
pub mod observe;
mod passfile;
#[cfg(unix)]
pub mod probe;
#[cfg(unix)]
pub mod proxy;
#[cfg(unix)]
pub mod sandbox;
pub mod session;
pub mod snapshot;
mod tls;

pub use address::Address;
#[cfg(unix)]
pub use sandbox::Sandbox;
pub use session::{Notice, Row, Session};
