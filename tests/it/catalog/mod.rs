//! The catalog after a history is what a server's own is.

mod dump;
mod order;
mod server;
mod session;
mod speed;
mod unknown;
