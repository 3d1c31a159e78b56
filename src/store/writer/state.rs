//! What the writer shares with the store that it works for.

use std::sync::Arc;
use std::time::Duration;

use crate::model::Seq;
use crate::store::watermark::Watermark;
use crate::store::writer::health::Health;
use crate::store::writer::observer::{Observers, WriteEvent};
use crate::store::writer::queue::QueueSize;
use crate::store::writer::stats::WriteStats;

/// State of the writer that any thread may read.
#[derive(Debug)]
pub(crate) struct WriterState {
    pub(crate) queued: Arc<QueueSize>,
    pub(crate) health: Health,
    pub(crate) watermark: Watermark,
    pub(crate) observers: Observers,
    pub(crate) stats: WriteStats,
}

impl WriterState {
    /// Creates the state of a writer whose graphs and checkpoint have come this far.
    pub(crate) fn new(head: Seq, checkpoint: Seq) -> Self {
        Self {
            queued: Arc::default(),
            health: Health::default(),
            watermark: Watermark::new(head),
            observers: Observers::default(),
            stats: WriteStats::new(checkpoint),
        }
    }

    /// Makes events up to this one visible, and notifies whoever waits for them.
    pub(crate) fn make_visible(&self, head: Seq) {
        self.watermark.advance(head);
        self.observers.notify(WriteEvent::Visible { upto: head });
    }

    /// Records a checkpoint that covers events up to this one.
    pub(crate) fn record_checkpoint(&self, upto: Seq, took: Duration) {
        self.stats.set_checkpoint(upto);
        self.observers.notify(WriteEvent::CheckpointSaved { upto, took });
    }
}
