//! What a dry run says to people, of runs that are imagined: what stands in them is worse than what a server says.

mod browser;
mod html;
mod imagined;
mod json;
mod markdown;
