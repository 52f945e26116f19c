//! Statements of texts that are read again and again, most of which stay as they were.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use crate::sql::{Statement, parse};

/// A statement; `None` for what cannot be read, or depends on a variable.
pub(super) type Reading = Option<Rc<Statement>>;

/// What each text was read to.
#[derive(Default)]
pub(super) struct Readings(RefCell<HashMap<String, Reading>>);

impl Readings {
    /// Reads one statement, unless that was done before.
    pub(super) fn read(&self, sql: &str) -> Reading {
        if let Some(known) = self.0.borrow().get(sql) {
            return known.clone();
        }
        let reading = parse::parse(sql).ok().map(Rc::new);
        self.0.borrow_mut().insert(sql.to_owned(), reading.clone());
        reading
    }
}
