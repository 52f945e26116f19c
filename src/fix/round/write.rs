//! The changes that a rewrite makes to files, old and new, and the way back.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    rc::Rc,
};

use super::{Made, Ready, Rounds};
use crate::{
    effect::Runner,
    fix::{
        Draft, is_ours, new_file,
        rewrite::{Phase, Step, apply},
    },
    lint::{Input, InputRole},
    migration::natural,
};

/// One change of a rewrite, to go back.
pub(super) enum Change {
    /// The file of this number said something else.
    Replaced(usize, Box<Input>, Vec<u8>),
    /// The file of this number was not there.
    Added(usize),
    /// The file of this number was there.
    Removed(usize, Box<Input>, Draft),
    /// The new files were others.
    Made(Made),
}

impl Change {
    /// Up to which file all stayed as it was; `None` if no file changed.
    pub(super) fn place(&self) -> Option<usize> {
        match self {
            Self::Replaced(n, ..) | Self::Added(n) | Self::Removed(n, ..) => Some(*n),
            Self::Made(_) => None,
        }
    }
}

impl Rounds<'_> {
    /// Makes the edits and the new files.
    pub(super) fn write(&mut self, ready: &Ready, changes: &mut Vec<Change>) -> Result<(), String> {
        let is_it = |it: &Input| is_ours(it) && it.source.path() == ready.path;
        let Some(file) = self.inputs.iter().position(is_it) else {
            return Ok(());
        };
        let (Some(input), Some(draft)) = (self.inputs.get(file), self.drafts.get(file)) else {
            return Ok(());
        };
        let framework = input.framework;
        let now = apply(&draft.now, &ready.placed.edits);
        if let Some(beside) = ready.placed.beside {
            self.made.beside.insert(ready.path.clone(), beside);
        }
        self.replace(file, now, changes);
        let mut phases: BTreeMap<Phase, Vec<Step>> = BTreeMap::new();
        for step in &ready.placed.elsewhere {
            phases.entry(step.phase).or_default().push(step.clone());
        }
        let is_alone = |steps: &[Step]| steps.iter().any(|it| it.alone);
        let apart = new_file::is_one_message(framework);
        self.make_room(&ready.path, &mut phases, apart, changes);
        for (phase, steps) in phases {
            if apart && is_alone(&steps) {
                for step in steps {
                    self.add_file(&ready.path, framework, phase, vec![step], changes)?;
                }
            } else {
                self.continue_in(&ready.path, framework, phase, steps, changes)?;
            }
        }
        Ok(())
    }

    /// Whether these steps can have new files. Known before anything is tried, since to judge the whole history takes its time.
    pub(super) fn can_continue(&self, input: &Input, steps: &[Step]) -> Result<(), String> {
        if steps.is_empty() {
            return Ok(());
        }
        let (framework, origin) = (input.framework, input.source.path());
        let names = self.names(framework, origin);
        for step in steps {
            new_file::text(framework, origin, step.phase, std::slice::from_ref(step))?;
            new_file::path_after(framework, origin, &names, step.phase)?;
        }
        Ok(())
    }

    /// Takes the new files of `origin` back into `phases` if one of these must run before them: they are to be numbered anew. So must
    /// each step that has a file of its own, `apart` from the others.
    fn make_room(
        &mut self,
        origin: &Path,
        phases: &mut BTreeMap<Phase, Vec<Step>>,
        apart: bool,
        changes: &mut Vec<Change>,
    ) {
        let made = self.made.files.iter().filter(|(_, made)| made.0 == origin);
        let made: Vec<(PathBuf, Phase)> = made.map(|(path, (_, phase, _))| (path.clone(), *phase)).collect();
        let is_late = |phase: &Phase| {
            made.iter().all(|it| it.1 != *phase) && made.iter().any(|(_, existing)| existing > phase)
        };
        let is_apart = apart && phases.values().flatten().any(|it| it.alone);
        if !is_apart && !phases.keys().any(is_late) {
            return;
        }
        for (path, phase) in made {
            self.made.beside.remove(&path);
            let steps = self.made.files.remove(&path).map(|it| it.2).unwrap_or_default();
            phases.entry(phase).or_default().extend(steps);
            if let Some(n) = self.inputs.iter().position(|it| it.source.path() == path) {
                let (input, draft) = (self.inputs.remove(n), self.drafts.remove(n));
                changes.push(Change::Removed(n, Box::new(input), draft));
            }
        }
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
        let existing = self.made.files.iter().find(|(_, made)| made.0 == origin && made.1 == phase);
        let Some((path, (_, _, existing))) = existing else {
            return self.add_file(origin, framework, phase, steps, changes);
        };
        let path = path.clone();
        steps.extend(existing.iter().cloned());
        let text = new_file::text(framework, origin, phase, &steps)?.into_bytes();
        self.note_beside(framework, &path, &steps);
        let n = self.inputs.iter().position(|it| it.source.path() == path);
        self.replace(n.ok_or("its new file is not found")?, text, changes);
        self.made.files.insert(path, (origin.to_owned(), phase, steps));
        Ok(())
    }

    /// Writes steps to one more new file.
    fn add_file(
        &mut self,
        origin: &Path,
        framework: &'static str,
        phase: Phase,
        steps: Vec<Step>,
        changes: &mut Vec<Change>,
    ) -> Result<(), String> {
        let text = new_file::text(framework, origin, phase, &steps)?.into_bytes();
        let path = new_file::path_after(framework, origin, &self.names(framework, origin), phase)?;
        self.note_beside(framework, &path, &steps);
        self.add(&path, text, changes);
        self.made.files.insert(path, (origin.to_owned(), phase, steps));
        Ok(())
    }

    /// Remembers the file beside a new one that says how it runs.
    fn note_beside(&mut self, framework: &str, path: &Path, steps: &[Step]) {
        let beside = new_file::opt_out_beside(framework).filter(|_| steps.iter().any(|it| it.alone));
        self.made.beside.extend(beside.map(|it| (path.to_owned(), it)));
    }

    /// The names beside the migration that `origin` is, with those of new ones.
    fn names(&self, framework: &str, origin: &Path) -> Vec<String> {
        let beside = |path: &Path| new_file::unit(framework, path).0.parent().map(Path::to_owned);
        let own = beside(origin);
        let mut names = self.names_in(own.as_deref().unwrap_or(Path::new(""))).to_vec();
        let made = self.made.files.keys().filter(|it| beside(it) == own);
        names.extend(
            made.filter_map(|it| Some(new_file::unit(framework, it).0.file_name()?.to_str()?.to_owned())),
        );
        names
    }

    /// Whether there is a file of this name beside `path`.
    pub(super) fn has_beside(&self, path: &Path, name: &str) -> bool {
        let folder = path.parent().unwrap_or(Path::new(""));
        self.names_in(folder).iter().any(|it| it == name)
    }

    /// The names in a folder, which are asked for once.
    fn names_in(&self, folder: &Path) -> Rc<Vec<String>> {
        let mut names = self.names.borrow_mut();
        if let Some(known) = names.get(folder) {
            return Rc::clone(known);
        }
        let listed = Rc::new((self.world.names)(folder));
        names.insert(folder.to_owned(), Rc::clone(&listed));
        listed
    }

    /// Reads a file as it is to be, with what is to be beside it.
    fn read(&self, path: &Path, text: Vec<u8>) -> Input {
        let mut input = (self.world.read)(path, text);
        if self.made.beside.contains_key(path) {
            input.runner = Some(Runner::Query);
        }
        input
    }

    fn add(&mut self, path: &Path, text: Vec<u8>, changes: &mut Vec<Change>) {
        let mut input = self.read(path, text.clone());
        input.role = InputRole::Linted;
        let runs_before = |it: &Input| it.role.is_schema() || natural(it.source.path(), path).is_lt();
        let n = self.inputs.iter().take_while(|it| runs_before(it)).count();
        self.inputs.insert(n, input);
        self.drafts.insert(n, Draft { before: None, now: text });
        changes.push(Change::Added(n));
    }

    pub(super) fn replace(&mut self, file: usize, now: Vec<u8>, changes: &mut Vec<Change>) {
        let Some(path) = self.inputs.get(file).map(|it| it.source.path().to_owned()) else { return };
        let mut next = self.read(&path, now.clone());
        let (Some(input), Some(draft)) = (self.inputs.get_mut(file), self.drafts.get_mut(file)) else {
            return;
        };
        next.role = input.role;
        next.change = input.change.clone();
        let (input, now) = (std::mem::replace(input, next), std::mem::replace(&mut draft.now, now));
        changes.push(Change::Replaced(file, Box::new(input), now));
    }

    pub(super) fn undo(&mut self, changes: Vec<Change>) {
        for change in changes.into_iter().rev() {
            match change {
                Change::Made(made) => self.made = made,
                Change::Added(n) => {
                    self.inputs.remove(n);
                    self.drafts.remove(n);
                }
                Change::Removed(n, input, draft) => {
                    self.inputs.insert(n, *input);
                    self.drafts.insert(n, draft);
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
}
