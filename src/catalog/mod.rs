//! What exists so far: the objects that a migration history made, and the session that runs it. Pure values, no I/O.
//!
//! [`Catalog`] is read by [`effect::predict`](crate::effect::predict) before a statement and changed by [`Catalog::apply`] after it.
//! Every change goes through a journal, so that ROLLBACK and ROLLBACK TO undo exactly what a server would undo.
//! What is not known stays unknown: a relation only heard of has `complete: false`, and nothing may be concluded from what it lacks.

pub mod apply;
mod locks;
pub mod model;
mod names_before;
mod relation;
pub mod session;
mod setting;
mod store;

pub use locks::Held;
pub use model::*;
pub use session::Session;
pub use store::Catalog;
