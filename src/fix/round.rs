//! Round after round: one rewrite, judged by linting everything again, is kept or dropped.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::{
    Draft, Fixed, World, is_ours,
    layout::Layout,
    new_file,
    place::{self, Placed},
    recipe::{self, At, MAY_FOLLOW, Recipe, Turn},
    rewrite::{Phase, Step, apply},
    schema,
};
use crate::{
    catalog::Catalog,
    finding::{Finding, Severity},
    lint::{self, Input, InputRole, LintedStatement, Options},
    migration::natural,
};

/// A history on its way.
pub(super) struct Rounds<'w> {
    world: &'w World<'w>,
    options: Options,
    inputs: Vec<Input>,
    drafts: Vec<Draft>,
    judged: Vec<Judged>,
    /// What the history made before anything was rewritten.
    schema_before: BTreeSet<String>,
    fixed: Vec<Finding>,
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
}

/// One change of a rewrite, to go back.
enum Change {
    /// The file of this number said something else.
    Replaced(usize, Box<Input>, Vec<u8>),
    /// The file of this number was not there.
    Added(usize),
    /// The new files were others.
    Made(Made),
}

/// The new files: which file each continues, and how.
type Made = BTreeMap<PathBuf, (PathBuf, Phase, Vec<Step>)>;

impl<'w> Rounds<'w> {
    pub(super) fn new(inputs: Vec<Input>, bytes: Vec<Vec<u8>>, world: &'w World<'w>) -> Self {
        let options = Options { keep_statements: true, ..world.options.clone() };
        let drafts = bytes.into_iter().map(|it| Draft { before: Some(it.clone()), now: it }).collect();
        let mut rounds = Self {
            world,
            options,
            inputs,
            drafts,
            judged: Vec::new(),
            schema_before: BTreeSet::new(),
            fixed: Vec::new(),
            known: BTreeSet::new(),
            refused: BTreeMap::new(),
            made: BTreeMap::new(),
        };
        let found = rounds.judge();
        let known = found.iter().flat_map(|it| &it.findings).filter(|it| (world.is_known)(it));
        rounds.known = known.map(key).collect();
        rounds.judged = rounds.judge();
        if rounds.candidate().is_some() {
            rounds.schema_before = rounds.schema();
        }
        rounds
    }

    fn judge(&self) -> Vec<Judged> {
        let files = lint::lint(&self.inputs, self.world.rules, &self.options);
        let is_counted = |it: &mut Finding| (self.world.keep)(it) && !self.known.contains(&key(it));
        let judged = files.into_iter().map(|mut it| {
            it.findings.retain_mut(is_counted);
            Judged { statements: it.statements, findings: it.findings, n_unreadable: it.n_unreadable }
        });
        judged.collect()
    }

    /// Tries one rewrite. False when there is none left to try.
    pub(super) fn next(&mut self) -> bool {
        let Some((file, finding, recipe)) = self.candidate() else { return false };
        let outcome = self.attempt(file, &finding, recipe);
        match outcome {
            Ok(()) => self.fixed.push(finding),
            Err(why) => {
                self.refused.insert(key(&finding), (finding, why));
            }
        }
        true
    }

    /// The next finding that has a recipe and was not tried before.
    fn candidate(&self) -> Option<(usize, Finding, Recipe)> {
        for (file, (judged, input)) in self.judged.iter().zip(&self.inputs).enumerate() {
            if !is_ours(input) {
                continue;
            }
            let open = judged.findings.iter().filter(|it| !self.refused.contains_key(&key(it)));
            let open: Vec<(&Finding, Turn, Recipe)> =
                open.filter_map(|it| recipe::of(&it.rule).map(|(turn, recipe)| (it, turn, recipe))).collect();
            let statement = open.iter().rev().find(|it| it.1 == Turn::Statements);
            if let Some((finding, _, recipe)) = statement.or_else(|| open.first()) {
                return Some((file, (*finding).clone(), *recipe));
            }
        }
        None
    }

    fn attempt(&mut self, file: usize, finding: &Finding, recipe: Recipe) -> Result<(), String> {
        let placed = self.placed(file, finding, recipe)?;
        let mut changes = vec![Change::Made(self.made.clone())];
        let objection = if let Err(why) = self.write(file, placed, &mut changes) {
            Some(why)
        } else {
            let judged = self.judge();
            let objection = self.objection(&judged, finding);
            if objection.is_none() {
                self.judged = judged;
            }
            objection
        };
        match objection {
            None => Ok(()),
            Some(why) => {
                self.undo(changes);
                Err(why)
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
            major: self.options.postgres,
            lock_timeout: self.world.lock_timeout,
            catalog: &|| self.catalog_before(file, start),
        };
        place::place(&at, recipe(&at)?)
    }

    /// The catalog as it is before the statement that starts at `start`.
    fn catalog_before(&self, file: usize, start: usize) -> Catalog {
        schema::after(self.inputs.get(..=file).unwrap_or_default(), start, &self.options)
    }

    /// What the whole history makes.
    fn schema(&self) -> BTreeSet<String> {
        schema::lines(&schema::after(&self.inputs, usize::MAX, &self.options))
    }

    /// Makes the edits and the new files.
    fn write(&mut self, file: usize, placed: Placed, changes: &mut Vec<Change>) -> Result<(), String> {
        let (Some(input), Some(draft)) = (self.inputs.get(file), self.drafts.get(file)) else {
            return Ok(());
        };
        let origin = (input.source.path().to_owned(), input.framework);
        let now = apply(&draft.now, &placed.edits);
        self.replace(file, now, changes);
        let mut phases: BTreeMap<Phase, Vec<Step>> = BTreeMap::new();
        for step in placed.elsewhere {
            phases.entry(step.phase).or_default().push(step);
        }
        for (phase, steps) in phases {
            self.continue_in(&origin.0, origin.1, phase, steps, changes)?;
        }
        Ok(())
    }

    /// Writes steps to the new file of this phase, in front of what earlier rounds wrote there.
    fn continue_in(
        &mut self,
        origin: &Path,
        framework: &'static str,
        phase: Phase,
        mut steps: Vec<Step>,
        changes: &mut Vec<Change>,
    ) -> Result<(), String> {
        let existing = self.made.iter().find(|(_, made)| made.0 == origin && made.1 == phase);
        let existing = existing.map(|(path, (_, _, steps))| (path.clone(), steps.clone()));
        steps.extend(existing.iter().flat_map(|it| it.1.iter().cloned()));
        let text = new_file::text(framework, origin, phase, &steps)?.into_bytes();
        let path = if let Some((path, _)) = existing {
            let n = self.inputs.iter().position(|it| it.source.path() == path);
            self.replace(n.ok_or("its new file is not found")?, text, changes);
            path
        } else {
            let path = new_file::path_after(origin, &self.names(origin), phase)?;
            self.add(&path, text, changes);
            path
        };
        self.made.insert(path, (origin.to_owned(), phase, steps));
        Ok(())
    }

    /// The names in the folder of `origin`, with those of new files.
    fn names(&self, origin: &Path) -> Vec<String> {
        let folder = origin.parent().unwrap_or(Path::new(""));
        let mut names = (self.world.names)(folder);
        let made = self.made.keys().filter(|it| it.parent() == origin.parent());
        names.extend(made.filter_map(|it| Some(it.file_name()?.to_str()?.to_owned())));
        names
    }

    fn add(&mut self, path: &Path, text: Vec<u8>, changes: &mut Vec<Change>) {
        let mut input = (self.world.read)(path, text.clone());
        input.role = InputRole::Linted;
        let runs_before =
            |it: &Input| it.role == InputRole::Schema || natural(it.source.path(), path).is_lt();
        let n = self.inputs.iter().take_while(|it| runs_before(it)).count();
        self.inputs.insert(n, input);
        self.drafts.insert(n, Draft { before: None, now: text });
        changes.push(Change::Added(n));
    }

    fn replace(&mut self, file: usize, now: Vec<u8>, changes: &mut Vec<Change>) {
        let (Some(input), Some(draft)) = (self.inputs.get_mut(file), self.drafts.get_mut(file)) else {
            return;
        };
        let mut next = (self.world.read)(input.source.path(), now.clone());
        next.role = input.role;
        next.change = input.change.clone();
        let (input, now) = (std::mem::replace(input, next), std::mem::replace(&mut draft.now, now));
        changes.push(Change::Replaced(file, Box::new(input), now));
    }

    fn undo(&mut self, changes: Vec<Change>) {
        for change in changes.into_iter().rev() {
            match change {
                Change::Made(made) => self.made = made,
                Change::Added(n) => {
                    self.inputs.remove(n);
                    self.drafts.remove(n);
                }
                Change::Replaced(n, before, bytes) => {
                    if let (Some(input), Some(draft)) = (self.inputs.get_mut(n), self.drafts.get_mut(n)) {
                        *input = *before;
                        draft.now = bytes;
                    }
                }
            }
        }
    }

    /// Why a rewrite is not good enough: its finding is still there, or something else is worse.
    fn objection(&self, judged: &[Judged], finding: &Finding) -> Option<String> {
        let n = |judged: &[Judged]| judged.iter().map(|it| it.n_unreadable).sum::<usize>();
        if n(judged) > n(&self.judged) {
            return Some("the rewritten statement could not be read".to_owned());
        }
        let (before, after) = (counts(&self.judged), counts(judged));
        let of = |counts: &BTreeMap<&str, usize>, rule: &str| counts.get(rule).copied().unwrap_or(0);
        if of(&after, &finding.rule) >= of(&before, &finding.rule) {
            return Some("the finding would still be there".to_owned());
        }
        let rules: BTreeSet<&str> = after.keys().copied().filter(|it| !MAY_FOLLOW.contains(it)).collect();
        if let Some(worse) = rules.into_iter().find(|it| of(&after, it) > of(&before, it)) {
            let earlier: BTreeSet<_> = self.judged.iter().flat_map(|it| &it.findings).map(key).collect();
            let said = judged.iter().flat_map(|it| &it.findings);
            let said = said.filter(|it| it.rule == worse).find(|it| !earlier.contains(&key(it)));
            return Some(format!("then {worse}: {}", said.map_or("", |it| it.message.as_str())));
        }
        // What runs later than before may come too late for the files in between.
        let now = self.schema();
        let other = self.schema_before.symmetric_difference(&now).next()?;
        Some(format!("the schema would be another: {other}"))
    }

    pub(super) fn finish(self) -> Fixed {
        let left: Vec<Finding> = self.judged.into_iter().flat_map(|it| it.findings).collect();
        let refused =
            self.refused.into_values().filter(|(it, _)| left.iter().any(|left| key(left) == key(it)));
        let refused = refused.collect();
        let files = self.inputs.into_iter().zip(self.drafts);
        let files = files.filter(|(_, draft)| draft.before.as_ref() != Some(&draft.now));
        let files = files.map(|(input, draft)| (input.source.path().to_owned(), draft)).collect();
        Fixed { files, fixed: self.fixed, refused, left }
    }
}

fn key(finding: &Finding) -> (String, String, String) {
    (finding.rule.to_string(), finding.path.to_string(), finding.fingerprint.clone())
}

/// How often each rule has something to say that is more than a note.
fn counts(judged: &[Judged]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for finding in judged.iter().flat_map(|it| &it.findings).filter(|it| it.severity > Severity::Note) {
        *counts.entry(finding.rule.as_str()).or_default() += 1;
    }
    counts
}
