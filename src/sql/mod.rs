//! SQL text to [`Statement`]s with exact spans.
//!
//! [`split`] finds where statements begin and end, without knowing any grammar, so that one unreadable statement never hides its
//! neighbours; [`parse`] turns one statement into our own narrow [`Statement`].

pub mod parse;
pub mod source;
pub mod split;
pub mod statement;

pub use statement::Statement;
