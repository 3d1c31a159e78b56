//! Exporting accepted events as NDJSON.

use std::io::{self, Write};
use std::ops::ControlFlow;

use crate::journal::JournalError;
use crate::model::{EventType, Seq};
use crate::store::index::scan::{Scan, Stop};
use crate::store::pruned::Pruned;
use crate::store::store::Store;
use crate::webhook::wrapped;

impl Store {
    /// Writes the accepted events of a location up to `upto`, one per line in journal order,
    /// and returns their number. Ingested into an empty store they give the same graph.
    ///
    /// Reads the location's events and a few around each, while the writer continues.
    pub fn export_events(
        &self,
        location: &str,
        upto: Seq,
        to: &mut dyn Write,
    ) -> Result<u64, ExportEventsError> {
        self.export_events_until(location, upto, to, &|| false)
    }

    /// Writes events as [`Store::export_events`] does, until it is to stop.
    pub(crate) fn export_events_until(
        &self,
        location: &str,
        upto: Seq,
        to: &mut dyn Write,
        stop: Stop<'_>,
    ) -> Result<u64, ExportEventsError> {
        let mut written = 0;
        let mut failed = None;
        let mut reader = self.reader()?;
        let upto_pruned = reader.pruned()?;
        if upto_pruned > 0 {
            return Err(ExportEventsError::Pruned(Pruned { upto: upto_pruned, asked: 0 }));
        }
        let scan = Scan { location, after: 0, upto, entries_max: u64::MAX, stop };
        let stopped = scan.run(reader.as_mut(), &mut Vec::new(), &mut |_, entry, _| {
            if EventType::from_name(entry.event_type).is_none() {
                return ControlFlow::Continue(());
            }
            match writeln!(to, "{}", wrapped(entry.body, entry.event_type)) {
                Ok(()) => {
                    written += 1;
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        match (failed, stopped) {
            (Some(error), _) => Err(error.into()),
            (None, Some(at)) => Err(ExportEventsError::Stopped { at }),
            (None, None) => Ok(written),
        }
    }
}

/// Why an export of events failed.
#[derive(Debug, thiserror::Error)]
pub enum ExportEventsError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(JournalError),
    /// The oldest events were pruned, so the others do not give the graph: back up the
    /// database instead, or export the graph.
    #[error(
        "{0}, so the others would not give the same graph; \
         `relata backup` copies the whole store"
    )]
    Pruned(Pruned),
    /// It was stopped.
    #[error("the export was stopped at event {at}")]
    Stopped {
        /// The last event that was read.
        at: Seq,
    },
    /// The events cannot be written where they should go.
    #[error("{0}")]
    Write(#[from] io::Error),
}

impl From<JournalError> for ExportEventsError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::PrunedWhileReading { pruned, .. } => {
                Self::Pruned(Pruned { upto: pruned, asked: 0 })
            }
            error => Self::Journal(error),
        }
    }
}
