//! What a statement will do, from SQL, the catalog so far and the major version.
