//! How far a verification has come.

/// How far a verification has come: counts of events read, each as often as it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyProgress {
    /// Number of events read.
    pub read: u64,
    /// Number of events to read in all, as far as is known.
    pub all: u64,
}

/// Number of events between two reports.
const EVERY: u64 = 4_096;

/// Reports progress now and then.
pub(super) struct Progress<'p> {
    now: VerifyProgress,
    report: &'p mut dyn FnMut(VerifyProgress),
}

impl<'p> Progress<'p> {
    pub(super) fn new(report: &'p mut dyn FnMut(VerifyProgress)) -> Self {
        Self { now: VerifyProgress { read: 0, all: 0 }, report }
    }

    /// Adds events that are to be read.
    pub(super) fn expect(&mut self, events: u64) {
        self.now.all = self.now.all.saturating_add(events);
    }

    /// Counts an event that is read, and returns true: it is wanted.
    pub(super) fn count(&mut self) -> bool {
        self.now.read += 1;
        self.now.all = self.now.all.max(self.now.read);
        if self.now.read.is_multiple_of(EVERY) {
            (self.report)(self.now);
        }
        true
    }

    /// Takes off events that need not be read.
    pub(super) fn spare(&mut self, events: u64) {
        self.now.all = self.now.all.saturating_sub(events).max(self.now.read);
    }
}
