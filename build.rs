//! Tells cargo that `rules/` is embedded, so that a new rule needs no other change.
#![expect(clippy::print_stdout, reason = "that is how a build script speaks to cargo")]

fn main() {
    println!("cargo::rerun-if-changed=rules");
}
