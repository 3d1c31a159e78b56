//! Previewing what a delivery would do.

use crate::graph::LocationGraph;
use crate::store::delivery::{Delivery, IngestError, Preview, PreviewError, Status};
use crate::store::location_ids::count_locations;
use crate::store::name_limits::NewNames;
use crate::store::options::Options;
use crate::store::store::Store;
use crate::store::writer::command::Command;
use crate::store::writer::recall::Recall;
use crate::webhook::Decoded;

impl Store {
    /// Returns what a delivery would do if it arrived now, and the seq it would get, or
    /// for a duplicate has. Stores nothing.
    ///
    /// In a store that is open for reading only, it reads those ids of the deliveries of the
    /// last seven days that may be the same, or are not indexed yet.
    pub fn preview(&self, delivery: Delivery) -> Result<Preview, PreviewError> {
        let delivery = delivery.keeping(self.options.keep);
        if self.is_read_only() {
            return self.preview_without_writer(delivery);
        }
        // In memory until the writer has looked at it.
        let _location = match delivery.decoded() {
            Decoded::Event(event) => self.location(event.location.as_str())?,
            Decoded::Ignored { .. } => None,
        };
        let (previewed, delivery) =
            self.execute(|reply| Command::Preview(Box::new(delivery), reply))?;
        let beyond = |reached| IngestError::LimitReached { reached, delivery };
        let (status, seq) = previewed?.map_err(beyond)?;
        Ok(Preview { status, seq })
    }

    fn preview_without_writer(&self, delivery: Delivery) -> Result<Preview, PreviewError> {
        let Decoded::Event(event) = delivery.decoded() else {
            return Ok(Preview { status: Status::Ignored, seq: None });
        };
        if let Some(webhook_id) = &event.webhook_id {
            let mut journal = self.reader()?;
            let room = Options::default().remembered_deliveries;
            let recall = Recall::plan(journal.as_mut(), room)?;
            let (location, id) = (event.location.as_str(), webhook_id.as_str());
            let first = recall.find(journal.as_mut(), location, id)?;
            if first.is_some() {
                return Ok(Preview { status: Status::Duplicate, seq: first });
            }
        }
        let known = match self.location(event.location.as_str())? {
            Some(_) => self.locations.len(),
            None => count_locations(self.reader()?.as_mut(), self.options.names.locations)?,
        };
        let mut names = NewNames::new(self.options.names, &self.locations, known);
        if let Err(reached) = names.check(event) {
            return Err(IngestError::LimitReached { reached, delivery: delivery.into() }.into());
        }
        let seq = self.head() + 1;
        let outcome = match self.location(event.location.as_str())? {
            Some(location) => location.read().preview(seq, event),
            None => LocationGraph::new().preview(seq, event),
        };
        Ok(Preview { status: outcome.into(), seq: Some(seq) })
    }
}
