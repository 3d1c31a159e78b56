//! Previewing a delivery against the graphs as they stand.

use crate::graph::LocationGraph;
use crate::store::delivery::Status;
use crate::store::name_limits::NewNames;
use crate::store::writer::command::PreviewedOutcome;
use crate::store::writer::thread::Writer;
use crate::webhook::Decoded;

impl Writer {
    /// Returns what a delivery would do, and the seq it would get, or for a duplicate has.
    pub(crate) fn preview(&self, decoded: &Decoded) -> PreviewedOutcome {
        let Decoded::Event(event) = decoded else { return Ok((Status::Ignored, None)) };
        let location = event.location.as_str();
        let webhook_id = event.webhook_id.as_ref();
        let first = webhook_id.and_then(|id| self.deliveries.find(location, id.as_str()));
        if let Some(first) = first {
            return Ok((Status::Duplicate, Some(first)));
        }
        let locations = &*self.locations;
        NewNames::new(self.options.names, locations, locations.len()).check(event)?;
        let seq = self.head + 1;
        let known = self.locations.find(location);
        let outcome = match known {
            Some(location) => location.read().preview(seq, event),
            None => LocationGraph::new().preview(seq, event),
        };
        Ok((outcome.into(), Some(seq)))
    }
}
