//! How each statement changes the catalog.
