//! The effect: *this statement holds this lock on this relation while this work goes on*.

pub mod lock;
pub mod work;

pub use lock::{Blocks, Lock};
pub use work::{Work, WorkSet};
