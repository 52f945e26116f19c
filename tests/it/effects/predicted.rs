//! What lockkeeper predicts of a case.

use super::Case;

/// The prediction, in the form of [`super::observe::all`]; `None` while there is no predictor.
pub(super) fn predicted(_case: &Case, _major: u16) -> Option<String> {
    None
}
