//! One statement's text to our narrow statement.
