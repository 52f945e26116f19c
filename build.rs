//! Tells cargo that `rules/` is embedded, so that a new rule needs no other change.

fn main() {
    println!("cargo::rerun-if-changed=rules");
}
