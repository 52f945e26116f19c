//! Round after round: a rewrite in each file, judged by linting what may change by it, is kept or dropped.

mod write;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    rc::Rc,
};

use super::{
    Draft, Fixed, World,
    allow::allow_all,
    is_ours,
    layout::Layout,
    place::{self, Placed},
    readings::Readings,
    recipe::{self, At, MAY_FOLLOW, Recipe, Turn},
    rewrite::{Phase, Step, apply},
    schema,
    tokens::Tokens,
};
use crate::{
    catalog::Catalog,
    finding::{Finding, Severity, Span},
    lint::{Input, LintedFile, LintedStatement, Options, Relinted, Rerun},
};
use write::Change;

/// A history on its way.
pub(super) struct Rounds<'w> {
    world: &'w World<'w>,
    /// Asked for what is before a place while nothing else changes.
    rerun: RefCell<Rerun<'w>>,
    readings: Readings,
    /// The names in each folder that was asked about.
    names: RefCell<BTreeMap<PathBuf, Rc<Vec<String>>>>,
    inputs: Vec<Input>,
    drafts: Vec<Draft>,
    judged: Vec<Judged>,
    /// What the history made before anything was rewritten.
    schema_before: BTreeSet<String>,
    fixed: Vec<Finding>,
    allowed: Vec<Finding>,
    /// What was there before and is left alone, by file and fingerprint.
    known: BTreeSet<(String, String, String)>,
    /// What was tried without success: the finding's rule, file and fingerprint.
    refused: BTreeMap<(String, String, String), (Finding, String)>,
    made: Made,
}

/// What is known of one file.
#[derive(Clone)]
struct Judged {
    statements: Vec<LintedStatement>,
    findings: Vec<Finding>,
    n_unreadable: usize,
    waits: bool,
}

/// What is known of the end of a history, after a change.
struct Rejudged {
    /// The first file that changed.
    first: usize,
    /// The first file that was judged again.
    from: usize,
    files: Vec<Judged>,
}

/// A rewrite that has its place.
struct Ready {
    path: PathBuf,
    finding: Finding,
    placed: Placed,
}

/// What is new beside the files that are judged.
#[derive(Clone, Default)]
struct Made {
    /// The new files: which file each continues, and how.
    files: BTreeMap<PathBuf, (PathBuf, Phase, Vec<Step>)>,
    /// By the file that it is beside: a file that says how that one runs.
    beside: BTreeMap<PathBuf, (&'static str, &'static str)>,
}

impl<'w> Rounds<'w> {
    pub(super) fn new(inputs: Vec<Input>, bytes: Vec<Vec<u8>>, world: &'w World<'w>) -> Self {
        let options = Options { keep_statements: true, ..world.options.clone() };
        let drafts = bytes.into_iter().map(|it| Draft { before: Some(it.clone()), now: it }).collect();
        let mut rounds = Self {
            world,
            rerun: RefCell::new(Rerun::new(world.rules, options)),
            readings: Readings::default(),
            names: RefCell::default(),
            inputs,
            drafts,
            judged: Vec::new(),
            schema_before: BTreeSet::new(),
            fixed: Vec::new(),
            allowed: Vec::new(),
            known: BTreeSet::new(),
            refused: BTreeMap::new(),
            made: Made::default(),
        };
        let found = rounds.judge(0);
        let known = found.files.iter().flat_map(|it| &it.findings).filter(|it| (world.is_known)(it));
        rounds.known = known.map(key).collect();
        rounds.keep(found);
        for file in &mut rounds.judged {
            file.findings.retain(|it| !rounds.known.contains(&key(it)));
        }
        if !rounds.candidates().is_empty() {
            rounds.schema_before = rounds.schema(0);
        }
        rounds
    }

    /// Judges the history, of which the file `first` is the first that changed.
    fn judge(&self, first: usize) -> Rejudged {
        let Relinted { from, files } = self.rerun.borrow_mut().lint(&self.inputs, first);
        let is_counted = |it: &mut Finding| (self.world.keep)(it) && !self.known.contains(&key(it));
        let judged = |mut it: LintedFile<'_>| {
            it.findings.retain_mut(is_counted);
            Judged {
                statements: it.statements,
                findings: it.findings,
                n_unreadable: it.n_unreadable,
                waits: it.waits,
            }
        };
        let files = files.into_iter().map(judged).collect();
        Rejudged { first, from, files }
    }

    /// The history is now as it was judged last.
    fn keep(&mut self, now: Rejudged) {
        self.rerun.get_mut().keep(now.first, now.from, now.files.iter().map(|it| it.waits));
        self.judged.truncate(now.from);
        self.judged.extend(now.files);
    }

    /// Tries one rewrite in each file. False when there is none left to try.
    pub(super) fn next(&mut self) -> bool {
        let candidates = self.candidates();
        let is_left = !candidates.is_empty();
        let mut ready = Vec::new();
        for (file, finding, recipe) in candidates {
            let path = self.inputs.get(file).map(|it| it.source.path().to_owned()).unwrap_or_default();
            match self.placed(file, &finding, recipe) {
                Ok(placed) => ready.push(Ready { path, finding, placed }),
                Err(why) => self.refuse(finding, why),
            }
        }
        self.attempt(ready);
        is_left
    }

    fn refuse(&mut self, finding: Finding, why: String) {
        self.refused.insert(key(&finding), (finding, why));
    }

    /// The next finding of each file that has a recipe and was not tried before; all have the same turn.
    ///
    /// New files wait until nothing else is left, since their text may be made anew.
    fn candidates(&self) -> Vec<(usize, Finding, Recipe)> {
        let made = |input: &Input| self.made.files.contains_key(input.source.path());
        for turn in [Turn::Statements, Turn::Settings] {
            let of = |is_made: bool| {
                let files = self.judged.iter().zip(&self.inputs).enumerate();
                let files = files.filter(move |(_, (_, input))| is_ours(input) && made(input) == is_made);
                files.filter_map(|(file, (judged, _))| {
                    let (finding, recipe) = self.candidate(judged, turn)?;
                    Some((file, finding, recipe))
                })
            };
            let candidates: Vec<_> = of(false).collect();
            let candidates = if candidates.is_empty() { of(true).collect() } else { candidates };
            if !candidates.is_empty() {
                return candidates;
            }
        }
        Vec::new()
    }

    fn candidate(&self, judged: &Judged, turn: Turn) -> Option<(Finding, Recipe)> {
        let open = judged.findings.iter().filter(|it| !self.refused.contains_key(&key(it)));
        let mut open = open.filter_map(|it| {
            let (of, recipe) = recipe::of(&it.rule)?;
            (of == turn).then(|| (it.clone(), recipe))
        });
        match turn {
            Turn::Statements => open.next_back(),
            Turn::Settings => open.next(),
        }
    }

    /// Makes these rewrites, each of another file; if they are not good together, those of either half, down to one.
    fn attempt(&mut self, mut ready: Vec<Ready>) {
        if ready.is_empty() {
            return;
        }
        let mut changes = vec![Change::Made(self.made.clone())];
        let written = ready.iter().try_for_each(|it| self.write(it, &mut changes));
        let objection = written.err().or_else(|| {
            let first = changes.iter().filter_map(Change::place).min().unwrap_or(self.inputs.len());
            // The schema is found without judging anything, and most of what is not good enough makes another.
            if let Some(why) = self.other_schema(first) {
                return Some(why);
            }
            let now = self.judge(first);
            let objection = self.objection(&now, &ready);
            if objection.is_none() {
                self.keep(now);
            }
            objection
        });
        let Some(why) = objection else {
            let left: BTreeSet<_> = self.judged.iter().flat_map(|it| &it.findings).map(key).collect();
            self.fixed.extend(ready.into_iter().map(|it| it.finding).filter(|it| !left.contains(&key(it))));
            return;
        };
        self.undo(changes);
        let second = ready.split_off(ready.len() / 2);
        match (ready.is_empty(), second) {
            (true, second) => {
                for it in second {
                    self.refuse(it.finding, why.clone());
                }
            }
            (false, second) => {
                self.attempt(ready);
                self.attempt(second);
            }
        }
    }

    fn placed(&self, file: usize, finding: &Finding, recipe: Recipe) -> Result<Placed, String> {
        let unclear = || "the statement is not found".to_owned();
        let input = self.inputs.get(file).ok_or_else(unclear)?;
        let judged = self.judged.get(file).ok_or_else(unclear)?;
        let layout = Layout::of(input.source.text());
        let n = layout.at(finding.span).ok_or_else(unclear)?;
        let start = layout.pieces.get(n).ok_or_else(unclear)?.span.start;
        let statement = judged.statements.iter().find(|it| it.span.start == start).ok_or_else(unclear)?;
        let at = At {
            layout: &layout,
            input,
            n,
            situation: &statement.outcome.situation,
            finding,
            major: self.world.options.postgres,
            lock_timeout: self.world.lock_timeout,
            catalog: &|| self.catalog_before(file, start),
            named_by: &|names| self.named_by(file, names),
            has_beside: &|name| self.has_beside(input.source.path(), name),
        };
        let placed = place::place(&at, recipe(&at)?)?;
        self.can_continue(input, &placed.elsewhere)?;
        Ok(placed)
    }

    /// The first file after `file` that names one of `names`, other than those that continue it.
    fn named_by(&self, file: usize, names: &[String]) -> Option<String> {
        let origin = self.inputs.get(file)?.source.path();
        let later = self.inputs.iter().skip(file + 1).map(|it| &it.source);
        let mut later = later
            .filter(|it| self.made.files.get(it.path()).is_none_or(|(made_for, _, _)| made_for != origin));
        let names_one = |text: &str| {
            // Reading a file takes much longer than finding that the words are not in it.
            let lower = text.to_ascii_lowercase();
            if !names.iter().any(|it| lower.contains(&it.to_ascii_lowercase())) {
                return false;
            }
            let tokens = Tokens::of(text, Span { start: 0, end: text.len() });
            names.iter().any(|it| tokens.name(it))
        };
        later.find(|it| names_one(it.text())).map(|it| it.path().display().to_string())
    }

    /// The catalog as it is before the statement that starts at `start`.
    fn catalog_before(&self, file: usize, start: usize) -> Catalog {
        let mut catalog = self.rerun.borrow_mut().catalog_before(&self.inputs, file);
        catalog.start_file(u32::try_from(file + 1).unwrap_or(u32::MAX));
        let text = self.inputs.get(file).map(|it| it.source.text()).unwrap_or_default();
        schema::apply(&mut catalog, text, 0..start, self.world.options.postgres, &self.readings);
        catalog
    }

    /// What the whole history makes. The file `first` is the first that changed.
    fn schema(&self, first: usize) -> BTreeSet<String> {
        schema::lines(&self.rerun.borrow_mut().catalog_after(&self.inputs, first))
    }

    /// What is not as it was before: what runs later may come too late for the files in between.
    fn other_schema(&self, first: usize) -> Option<String> {
        let now = self.schema(first);
        let other = self.schema_before.symmetric_difference(&now).next()?;
        Some(format!("the schema would be another: {other}"))
    }

    /// Why rewrites are not good enough: a finding is still there, or something else is worse. What was not judged again counts nothing.
    fn objection(&self, now: &Rejudged, ready: &[Ready]) -> Option<String> {
        let before = self.judged.get(now.from..).unwrap_or_default();
        let judged = now.files.as_slice();
        let n = |judged: &[Judged]| judged.iter().map(|it| it.n_unreadable).sum::<usize>();
        if n(judged) > n(before) {
            return Some("the rewritten statement could not be read".to_owned());
        }
        let of = |counts: &BTreeMap<&str, usize>, rule: &str| counts.get(rule).copied().unwrap_or(0);
        let earlier = before;
        let (before, after) = (counts(earlier, Severity::Note), counts(judged, Severity::Note));
        for it in ready {
            let rule = &it.finding.rule;
            let n_meant = ready.iter().filter(|it| it.finding.rule == *rule).count();
            if of(&after, rule) + n_meant > of(&before, rule) {
                return Some("the finding would still be there".to_owned());
            }
        }
        let (before, after) = (counts(earlier, Severity::Warning), counts(judged, Severity::Warning));
        let rules: BTreeSet<&str> = after.keys().copied().filter(|it| !MAY_FOLLOW.contains(it)).collect();
        if let Some(worse) = rules.into_iter().find(|it| of(&after, it) > of(&before, it)) {
            let earlier: BTreeSet<_> = earlier.iter().flat_map(|it| &it.findings).map(key).collect();
            let said = judged.iter().flat_map(|it| &it.findings);
            let said = said.filter(|it| it.rule == worse).find(|it| !earlier.contains(&key(it)));
            return Some(format!("then {worse}: {}", said.map_or("", |it| it.message.as_str())));
        }
        None
    }

    /// Allows by comments what is left.
    pub(super) fn allow(&mut self, reason: &str) {
        let files: Vec<usize> = (0..self.inputs.len()).collect();
        for file in files {
            let (Some(input), Some(judged)) = (self.inputs.get(file), self.judged.get(file)) else {
                continue;
            };
            let Some(draft) = self.drafts.get(file).filter(|_| is_ours(input)) else { continue };
            let edits = allow_all(input.source.text(), &judged.findings, reason);
            if !edits.is_empty() {
                let now = apply(&draft.now, &edits);
                self.replace(file, now, &mut Vec::new());
            }
        }
        let now = self.judge(0);
        let before = std::mem::take(&mut self.judged);
        self.keep(now);
        let left: BTreeSet<_> = self.judged.iter().flat_map(|it| &it.findings).map(key).collect();
        let before = before.into_iter().flat_map(|it| it.findings);
        self.allowed = before.filter(|it| !left.contains(&key(it))).collect();
    }

    pub(super) fn finish(self) -> Fixed {
        let left: Vec<Finding> = self.judged.into_iter().flat_map(|it| it.findings).collect();
        let refused =
            self.refused.into_values().filter(|(it, _)| left.iter().any(|left| key(left) == key(it)));
        let refused = refused.collect();
        let files = self.inputs.into_iter().zip(self.drafts);
        let files = files.filter(|(_, draft)| draft.before.as_ref() != Some(&draft.now));
        let files = files.map(|(input, draft)| (input.source.path().to_owned(), draft));
        let beside = self.made.beside.into_iter().map(|(path, (name, text))| {
            (path.with_file_name(name), Draft { before: None, now: text.as_bytes().to_vec() })
        });
        let files = files.chain(beside).collect();
        let n_run = self.rerun.into_inner().n_run();
        Fixed { files, fixed: self.fixed, allowed: self.allowed, refused, left, n_run }
    }
}

fn key(finding: &Finding) -> (String, String, String) {
    (finding.rule.to_string(), finding.path.to_string(), finding.fingerprint.clone())
}

/// How often each rule has something to say that is at least so bad.
fn counts(judged: &[Judged], least: Severity) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for finding in judged.iter().flat_map(|it| &it.findings).filter(|it| it.severity >= least) {
        *counts.entry(finding.rule.as_str()).or_default() += 1;
    }
    counts
}
