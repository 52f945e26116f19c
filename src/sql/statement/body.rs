//! Code that runs statements: the bodies of `DO` and of functions.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

/// What code runs, as far as it is readable.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// Its statements, in order of appearance, branches and loops flattened.
    pub statements: Vec<Embedded>,
    /// The dynamic SQL that is not constant, each the source text of its expression.
    pub dynamic: Vec<Dynamic>,
    /// Why the body could not be read: another language, say, or a mistake in it.
    pub unreadable: Option<String>,
}

/// A statement inside a body.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    /// The statement. `EXECUTE '…'` with a constant string is parsed into the statement that it runs.
    pub statement: super::Statement,
    /// Its place, in bytes from the start of the outermost statement's text.
    pub offset: usize,
    /// Its length in bytes.
    pub length: usize,
}

/// Dynamic SQL whose text is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dynamic {
    /// The expression after `EXECUTE`, as written.
    pub text: String,
    /// Its place, in bytes from the start of the outermost statement's text.
    pub offset: usize,
    /// Its length in bytes.
    pub length: usize,
}

/// A function's code, read when it is first asked for: most functions are never called by the migrations that make them.
///
/// Clones share what was read.
#[derive(Clone)]
pub struct LazyBody(Arc<Unread>);

struct Unread {
    /// The whole statement that makes the function.
    text: String,
    read: fn(&str) -> Body,
    body: OnceLock<Body>,
}

impl LazyBody {
    /// The code in `text`, as `read` will find it there.
    pub fn new(text: String, read: fn(&str) -> Body) -> Self {
        Self(Arc::new(Unread { text, read, body: OnceLock::new() }))
    }

    /// What the code runs.
    pub fn get(&self) -> &Body {
        self.0.body.get_or_init(|| (self.0.read)(&self.0.text))
    }
}

impl Default for LazyBody {
    fn default() -> Self {
        Self::new(String::new(), |_| Body::default())
    }
}

impl PartialEq for LazyBody {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

impl fmt::Debug for LazyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}
