//! The files that are read again: JSON, and in it which format it is.

use serde::{Deserialize, de::DeserializeOwned};

/// Reads a file of the format `schema`; else what is wrong with it.
pub(super) fn parse<T: DeserializeOwned>(text: &str, schema: &str) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Head {
        schema: String,
    }
    let head: Head = serde_json::from_str(text).map_err(|it| it.to_string())?;
    if head.schema != schema {
        return Err(format!("its schema is `{}`, and this release reads `{schema}`", head.schema));
    }
    serde_json::from_str(text).map_err(|it| it.to_string())
}
