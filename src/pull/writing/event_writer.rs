//! Writes the rows of a location as events.

use crate::model::Timestamp;
use crate::pull::error::PullError;
use crate::pull::reading::Row;
use crate::pull::running::RowSink;
use crate::pull::writing::destination::{Destination, EventCounts};
use crate::pull::writing::events::Events;
use crate::webhook::Keep;

/// Events that are written at once, and their bytes.
const BATCH_LINES: usize = 1_000;
const BATCH_BYTES: usize = 1 << 20;

/// Writes the rows of a location as events to a destination.
#[derive(Debug)]
pub struct EventWriter<D> {
    destination: D,
    events: Events,
    lines: Vec<u8>,
    waiting: usize,
    counts: EventCounts,
}

impl<D: Destination> EventWriter<D> {
    /// Creates a writer of a location, which asks its destination what it knows of it.
    pub fn new(location: &str, keep: Keep, mut destination: D) -> Result<Self, PullError> {
        let known = destination.known(location)?;
        if known.has_events == Some(false) {
            tracing::warn!(
                location,
                "no event of this location has arrived: subscribe to its webhooks before pulling, \
                 or what changes meanwhile is missed"
            );
        }
        let mut events = Events::new(location.to_owned(), keep);
        events.cardinalities = known.cardinalities;
        let (lines, waiting) = (Vec::new(), 0);
        Ok(Self { destination, events, lines, waiting, counts: EventCounts::default() })
    }

    /// Returns what became of the events so far.
    pub fn counts(&self) -> &EventCounts {
        &self.counts
    }

    fn flush(&mut self) -> Result<(), PullError> {
        if self.waiting > 0 {
            let counts = self.destination.write(&self.lines)?;
            self.lines.clear();
            self.waiting = 0;
            self.counts += counts;
        }
        Ok(())
    }
}

impl<D: Destination> RowSink for EventWriter<D> {
    fn take(&mut self, row: Row, at: Timestamp) -> Result<(), PullError> {
        let Some(event) = self.events.event(&row, at) else { return Ok(()) };
        let line = event.to_string();
        if self.lines.len() + line.len() > BATCH_BYTES {
            self.flush()?;
        }
        self.lines.extend_from_slice(line.as_bytes());
        self.lines.push(b'\n');
        self.waiting += 1;
        if self.waiting >= BATCH_LINES { self.flush() } else { Ok(()) }
    }

    fn commit(&mut self) -> Result<Option<u64>, PullError> {
        self.flush()?;
        self.destination.commit()
    }

    fn resume(&mut self, bytes: u64) -> Result<(), PullError> {
        self.destination.resume(bytes)
    }

    fn finish(&mut self) -> Result<(), PullError> {
        self.commit()?;
        self.destination.finish()
    }
}
