//! What those who write the same journal in memory know of each other.

use crate::journal::writer::RecordedErasure;
use crate::model::Seq;

/// Whose turn it is, and what each has to repeat.
#[derive(Debug, Default)]
pub(super) struct Sharing {
    processes: u64,
    /// The process whose turn it is.
    pub(super) turn: Option<u64>,
    /// The process that saves checkpoints.
    pub(super) maintainer: Option<u64>,
    /// Number of compactions and erasures.
    pub(super) revision: u64,
    erasures: Vec<RecordedErasure>,
}

impl Sharing {
    /// Returns the number of a new process.
    pub(super) fn begin_process(&mut self) -> u64 {
        self.processes += 1;
        self.processes
    }

    pub(super) fn end_process(&mut self, process: u64) {
        for held in [&mut self.turn, &mut self.maintainer] {
            held.take_if(|of| *of == process);
        }
    }

    pub(super) fn record_erasure(&mut self, location: &str, at: Seq, seqs: &[Seq]) {
        self.revision += 1;
        let (revision, location, seqs) = (self.revision, location.into(), seqs.to_vec());
        self.erasures.push(RecordedErasure { revision, location, at, seqs });
    }

    pub(super) fn erasures_after(&self, revision: u64) -> Vec<RecordedErasure> {
        let known = self.erasures.partition_point(|erasure| erasure.revision <= revision);
        self.erasures.get(known..).unwrap_or_default().to_vec()
    }
}
