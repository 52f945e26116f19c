//! Transactions, savepoints and the files of a run.

use crate::{catalog::Catalog, sql::statement::Transaction};

impl Catalog {
    /// BEGIN, COMMIT, savepoints and kin. COMMIT also ends a transaction that the runner opened.
    ///
    /// What a server only warns of, such as BEGIN inside a transaction, does nothing.
    pub fn transaction(&mut self, transaction: &Transaction) {
        match transaction {
            Transaction::Begin => self.begin(false),
            Transaction::Commit { chain } => {
                let by_runner = self.session.open.as_ref().map(|it| it.by_runner);
                self.commit();
                self.chain(*chain, by_runner);
            }
            Transaction::Rollback { chain } => {
                let by_runner = self.session.open.as_ref().map(|it| it.by_runner);
                if let Some(mark) = self.session.rollback() {
                    self.undo_to(mark);
                    self.forget_journal();
                }
                self.chain(*chain, by_runner);
            }
            Transaction::Savepoint(name) => {
                if self.session.open.is_some() {
                    let mark = self.mark();
                    self.session.savepoint(name.clone(), mark);
                }
            }
            Transaction::Release(name) => self.session.release(name),
            Transaction::RollbackTo(name) => {
                if let Some(mark) = self.session.rollback_to(name) {
                    self.undo_to(mark);
                }
            }
            // Whoever prepares a transaction means to commit it.
            Transaction::Prepare => self.commit(),
            Transaction::FinishPrepared | Transaction::SetModes => {}
        }
    }

    /// Opens the transaction that the runner puts around a file, or around all files.
    pub fn begin_by_runner(&mut self) {
        self.begin(true);
    }

    /// Commits what is open when the runner is done, unless a COMMIT in the file did.
    pub fn end_by_runner(&mut self) {
        self.commit();
    }

    /// Begins the next file of the run.
    ///
    /// A transaction of the runner may go on; otherwise the file has a session of its own, since files reach a database on
    /// different days: settings go back to the defaults, temporary relations are gone, and a forgotten COMMIT is made up for.
    pub fn start_file(&mut self, file: u32) {
        if !self.session.open.as_ref().is_some_and(|it| it.by_runner) {
            self.commit();
            self.reconnect();
        }
        self.session.file = file;
    }

    /// Ends the session's own state, as DISCARD ALL does.
    pub(super) fn reconnect(&mut self) {
        self.session.reconnect();
        for oid in std::mem::take(&mut self.temporaries) {
            self.drop_relation(oid);
        }
    }

    fn begin(&mut self, by_runner: bool) {
        if self.session.open.is_none() {
            let mark = self.mark();
            self.session.begin(mark, by_runner);
        }
    }

    fn commit(&mut self) {
        if self.session.open.is_some() {
            self.session.commit();
            self.forget_journal();
        }
    }

    fn chain(&mut self, chain: bool, by_runner: Option<bool>) {
        if chain && let Some(by_runner) = by_runner {
            self.begin(by_runner);
        }
    }
}
