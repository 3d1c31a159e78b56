//! A location as of a moment.

use crate::store::past::cache::{AsOf, PastError};
use crate::store::query::location_view::LocationView;
use crate::store::store::Store;

impl Store {
    /// Returns a location as of a moment, or `None` if no event has ever named it. See
    /// [`Store::past`] for its cost.
    ///
    /// ```
    /// use relata::{AsOf, Store};
    ///
    /// let store = Store::in_memory()?;
    /// for relation in ["67ae", "67af"] {
    ///     let body = format!(r#"{{"id":"{relation}","associationId":"67ad","locationId":"eHy2",
    ///         "firstObjectKey":"contact","firstRecordId":"amara",
    ///         "secondObjectKey":"property","secondRecordId":"p-{relation}"}}"#);
    ///     store.ingest(body.as_bytes())?;
    /// }
    /// let then = store.as_of("eHy2", AsOf::Seq(1))?.unwrap();
    /// assert_eq!(then.links("contact/amara").page()?.links.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn as_of(&self, location: &str, as_of: AsOf) -> Result<Option<LocationView>, PastError> {
        let Some(known) = self.location(location) else { return Ok(None) };
        Ok(Some(match self.seq_as_of(as_of)? {
            Some(seq) => LocationView::Then(self.past(location, seq)?),
            None => LocationView::Now(known),
        }))
    }
}
