//! Judges what servers did: the same files by the same rules, with what was observed of a statement in place of what is predicted of it.

use rustc_hash::FxHashMap;

use super::{Input, LintedFile, Options, judge, read, replay::Replay, run};
use crate::{effect::Effect, rule::RuleSet};

/// What a server did with one statement.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// What it did, as far as that was seen; `None` if nothing was.
    pub effects: Option<Vec<Effect>>,
    /// What is to be said besides: a rule that no condition finds, and the detail for its message.
    pub said: Vec<(&'static str, String)>,
}

/// What servers did with the statements of a history.
#[derive(Clone, Debug, Default)]
pub struct Observations(FxHashMap<(u32, usize), Observation>);

impl Observations {
    /// Adds what was done with the statement at `offset`, in bytes, of the history's file `n`, counted from 0.
    pub fn add(&mut self, n: usize, offset: usize, observation: Observation) {
        if let Ok(n) = u32::try_from(n + 1) {
            self.0.insert((n, offset), observation);
        }
    }

    /// Takes out what was done with the statement at `offset` of the file `n`, counted from 1.
    pub(super) fn take(&mut self, n: u32, offset: usize) -> Option<Observation> {
        self.0.remove(&(n, offset))
    }
}

/// Judges one history of which a server ran some statements.
pub fn judge_observed<'i>(
    inputs: &'i [Input],
    rules: &RuleSet,
    options: &Options,
    observed: Observations,
) -> Vec<LintedFile<'i>> {
    let mut replay = Replay::new(rules, options);
    replay.observe(observed);
    let judge = |some| judge::all(some, rules, options);
    let mut files = Vec::new();
    run(inputs, &mut replay, &|it| read::file(it, &read::parse), &judge, &mut |some| {
        files.extend(some);
        std::ops::ControlFlow::Continue(())
    });
    files
}
