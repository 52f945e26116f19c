//! Between whole numbers and those that are estimated with.

/// As a number that can be multiplied: estimates have two digits, and this keeps fifteen.
#[expect(clippy::cast_precision_loss, reason = "estimates have two digits")]
pub const fn float(number: u64) -> f64 {
    number as f64
}

/// The nearest whole number; estimates are far below what does not fit.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
pub const fn whole(number: f64) -> u64 {
    number.round() as u64
}
