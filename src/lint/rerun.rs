//! A history judged again and again, as files of it change: only from the first change on, and what stays is read once.

use std::{
    ops::ControlFlow,
    sync::{Arc, Mutex},
};

use rustc_hash::FxHashMap;

use super::{
    Input, LintedFile, Options, judge,
    read::{self, File, Memory},
    replay::Replay,
    run,
    undone::FILES,
};
use crate::{catalog::Catalog, rule::RuleSet};

/// What is remembered between one judgement of a history and the next.
pub struct Rerun<'r> {
    rules: &'r RuleSet,
    options: Options,
    library: Library,
    /// What ran before the file of this number, in order.
    marks: Vec<(usize, Replay)>,
    /// Of each file, whether what it says depends on later ones.
    waits: Vec<bool>,
    n_run: usize,
}

/// The end of a history, judged again.
pub struct Relinted<'i> {
    /// The number of the first file that was judged: nothing is to be said anew of those before.
    pub from: usize,
    /// The files from there on, in order.
    pub files: Vec<LintedFile<'i>>,
}

/// At most so many marks are kept: each holds a catalog.
const MAX_MARKS: usize = 32;

/// A mark saves replaying at least so many files.
const MARK_EVERY: usize = 8;

impl<'r> Rerun<'r> {
    /// Nothing is known yet.
    pub fn new(rules: &'r RuleSet, options: Options) -> Self {
        let marks = vec![(0, Replay::new(rules, &options))];
        Self { rules, options, library: Library::default(), marks, waits: Vec::new(), n_run: 0 }
    }

    /// Judges the files of a history that may say something else than last time, of which the `first` that changed has this number: those
    /// from there on, and those before that wait for what follows.
    pub fn lint<'i>(&mut self, inputs: &'i [Input], first: usize) -> Relinted<'i> {
        let from = self.first_that_waits(first);
        let mut replay = self.before(inputs, from);
        let rest = inputs.get(from..).unwrap_or_default();
        self.n_run += rest.len();
        let Self { rules, options, library, .. } = self;
        let mut files = Vec::new();
        let judge = |some| judge::all(some, rules, options);
        run(rest, &mut replay, &|it| library.file(it), &judge, &mut |some| {
            files.extend(some);
            ControlFlow::Continue(())
        });
        Relinted { from, files }
    }

    /// What there is before the file `n`. No file before it may have changed since the last [`keep`](Self::keep).
    pub fn catalog_before(&mut self, inputs: &[Input], n: usize) -> Catalog {
        self.before(inputs, n).catalog().clone()
    }

    /// What there is after all files, of which the file `first` is the first that changed, without judging any.
    pub fn catalog_after(&mut self, inputs: &[Input], first: usize) -> Catalog {
        let mut replay = self.before(inputs, first);
        replay.be_quiet();
        let rest = inputs.get(first..).unwrap_or_default();
        self.n_run += rest.len();
        for (input, file) in read::all(rest, &|it| self.library.file(it)) {
            replay.run(input, file);
        }
        replay.into_catalog()
    }

    /// The history stays as it was judged last, from the file `from` on: whether each waits for later ones. The file `first` is the first
    /// that changed.
    pub fn keep(&mut self, first: usize, from: usize, waits: impl Iterator<Item = bool>) {
        self.marks.retain(|it| it.0 <= first);
        self.waits.truncate(from);
        self.waits.extend(waits);
        self.library.prune();
    }

    /// How many files were run so far, each as often as it was run.
    pub fn n_run(&self) -> usize {
        self.n_run
    }

    /// The first of the files before `first` whose findings may depend on it and those behind it.
    fn first_that_waits(&self, first: usize) -> usize {
        let start = first.saturating_sub(FILES as usize + 1);
        let mut before = self.waits.get(start..first).unwrap_or_default().iter();
        before.position(|it| *it).map_or(first, |it| start + it)
    }

    /// Replays what runs before the file `n`.
    fn before(&mut self, inputs: &[Input], n: usize) -> Replay {
        let n = n.min(inputs.len());
        let near = self.marks.partition_point(|it| it.0 <= n);
        let (mut at, mut replay) = match near.checked_sub(1).and_then(|it| self.marks.get(it)) {
            Some((at, replay)) => (*at, replay.clone()),
            None => (0, Replay::new(self.rules, &self.options)),
        };
        let start = at;
        for (input, file) in read::all(inputs.get(at..n).unwrap_or_default(), &|it| self.library.file(it)) {
            replay.run(input, file);
            at += 1;
            self.n_run += 1;
        }
        if at >= start + MARK_EVERY {
            self.marks.insert(near, (at, replay.clone()));
        }
        if self.marks.len() > MAX_MARKS {
            let mut place = 0;
            self.marks.retain(|_| {
                place += 1;
                place % 2 == 1
            });
        }
        replay
    }
}

/// Texts that were read, and what of each statement.
#[derive(Default)]
struct Library {
    files: Mutex<Files>,
    statements: Memory,
}

#[derive(Default)]
struct Files {
    by_text: FxHashMap<String, Arc<File>>,
    /// How long the texts are altogether, and how long they were after the first reading.
    n_bytes: usize,
    n_bytes_first: Option<usize>,
}

/// With more than so many times the text of the history, most of the files are of what was tried and dropped.
const MAX_TEXTS: usize = 4;

impl Library {
    /// Reads a file, or what of it is new.
    fn file(&self, input: &Input) -> File {
        let text = input.source.text();
        // What of a file is unreadable is not in its text.
        let is_plain = input.source.unreadable().is_empty();
        // A poisoned lock is one that a panic left, and then nothing matters any more.
        let known = || self.files.lock().ok()?.by_text.get(text).cloned();
        if is_plain && let Some(known) = known() {
            return File::clone(&known);
        }
        let file = read::file(input, &|text| self.statements.parse(text));
        if is_plain && let Ok(mut files) = self.files.lock() {
            files.n_bytes += text.len();
            files.by_text.insert(text.to_owned(), Arc::new(file.clone()));
        }
        file
    }

    /// Forgets the files, not their statements, if most of them are of the past.
    fn prune(&mut self) {
        let Ok(files) = self.files.get_mut() else { return };
        let first = *files.n_bytes_first.get_or_insert(files.n_bytes);
        if files.n_bytes > MAX_TEXTS * first {
            files.by_text.clear();
            files.n_bytes = 0;
        }
    }
}
