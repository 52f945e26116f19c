//! tern: `001_name.sql`, one transaction a file.
//!
//! Source: tern's README: `---- create above / drop below ----` parts a file, `---- tern: disable-tx ----` runs its statements one by one.

use super::{BASE, Framework, Sign, numbered};

pub(super) static TERN: Framework =
    Framework { name: "tern", signs: &[Sign::File("tern.conf")], role: numbered, ..BASE };
