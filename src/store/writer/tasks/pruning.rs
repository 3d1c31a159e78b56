//! Deleting old events between deliveries.

use crate::store::writer::thread::Writer;

impl Writer {
    /// Deletes the next events that are old enough.
    pub(crate) fn prune(&mut self) {
        if self.state.health.failure().is_some() {
            return self.pruning.end();
        }
        let pruned = self.maintains().and_then(|maintains| {
            let Self { journal, pruning, clock, .. } = &mut *self;
            if maintains {
                return pruning.step(journal.as_mut(), clock.settled());
            }
            pruning.pass();
            Ok(())
        });
        if let Err(error) = pruned {
            self.state.stats.count_write_failure();
            let (reason, advice) = (error.to_string(), error.advice());
            tracing::error!(reason, advice, "old events cannot be pruned; it is tried again");
        }
    }
}
