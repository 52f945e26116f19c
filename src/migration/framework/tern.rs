//! tern: `001_name.sql`, one transaction a file.
//!
//! Source: tern's README: `---- create above / drop below ----` parts a file, `---- tern: disable-tx ----` runs its statements one by one.
//! Observed with tern 2.4.2 on PostgreSQL 15: that line may stand anywhere in a file, and in one without a way back.

use super::{BASE, Framework, Sign, numbered};
use crate::effect::Runner;

pub(super) static TERN: Framework = Framework {
    name: "tern",
    signs: &[Sign::File("tern.conf")],
    role: numbered,
    says: |_, text| {
        let mut lines = text.split(|it| *it == b'\n').map(<[u8]>::trim_ascii);
        lines.any(|it| it == b"---- tern: disable-tx ----").then_some(Runner::Own)
    },
    ..BASE
};
