//! The judgement: rules weigh effects, and never see SQL.
//!
//! A rule is a Markdown page in `rules/`: a TOML fence with its conditions, prose, and examples that are its tests.
//! OR between conditions is another `[[when]]`; what a condition cannot say is a missing field of an effect, never an expression.

mod baseline;
mod example;
mod file;
mod foreign;
mod judge;
mod many;
mod overrides;
mod page;
mod set;
mod suppress;
mod template;
mod timeouts;
mod weigh;
mod when;

pub use baseline::{Baseline, Known};
pub use example::{Example, ExampleOptions, Mark, Reasons};
pub use file::{Pack, Producer, Rule, Severities};
pub use foreign::Foreign;
pub use judge::Judgement;
pub use overrides::{Override, OverrideMisuse, Overrides};
pub use set::RuleSet;
pub use suppress::{Misuse, Suppressions};
pub use template::{Template, blocked, in_words, list};
pub use weigh::Weights;
pub use when::When;
