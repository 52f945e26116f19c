//! A file's text to its statements' texts.
