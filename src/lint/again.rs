//! One file judged again and again, as whoever writes it changes it: what ran before it is replayed once.

use super::{
    Input, LintedFile, Observations, Options, judge,
    read::{self, Memory},
    replay::Replay,
    undone,
};
use crate::{catalog::Catalog, rule::RuleSet};

/// What ran before a file, and what is remembered of the file's own statements.
pub struct Past {
    replay: Replay,
    options: Options,
    memory: Memory,
}

impl Past {
    /// Replays what ran before.
    pub fn new(history: &[Input], rules: &RuleSet, options: Options) -> Self {
        let mut replay = Replay::new(rules, &options);
        for (input, file) in read::all(history, &|it| read::file(it, &read::parse)) {
            replay.run(input, file);
        }
        Self { replay, options, memory: Memory::default() }
    }

    /// Judges the file that comes next, as [`lint`](super::lint) would.
    pub fn judge<'i>(&mut self, input: &'i Input, rules: &RuleSet) -> LintedFile<'i> {
        self.judge_observed(input, rules, Observations::default())
    }

    /// Judges the file that comes next by what a server did with its statements, as far as that is known. Its number is that of the files
    /// before it.
    pub fn judge_observed<'i>(
        &mut self,
        input: &'i Input,
        rules: &RuleSet,
        observed: Observations,
    ) -> LintedFile<'i> {
        let file = read::again(input, &mut self.memory);
        let mut replay = self.replay.clone();
        replay.observe(observed);
        let mut replayed = replay.run(input, file);
        // No file is known to come later.
        undone::answer(&mut replayed, replay.catalog());
        judge::file(input, replayed, rules, &self.options)
    }

    /// What exists before the file.
    pub fn catalog(&self) -> &Catalog {
        self.replay.catalog()
    }
}
