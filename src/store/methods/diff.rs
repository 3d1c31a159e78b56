//! Differences of a location between two moments.

use crate::store::index::scan::Stop;
use crate::store::location::Location;
use crate::store::past::as_of::AsOf;
use crate::store::past::replay::PastError;
use crate::store::query::diff::LocationDiff;
use crate::store::store::Store;

impl Store {
    /// Returns a location at two moments, the second of which may be now, to compare them,
    /// or `None` if no event has ever named it. See [`Store::past`] for its cost.
    ///
    /// ```
    /// use relata::graph::{DiffQuery, Budget};
    /// use relata::{AsOf, Store};
    ///
    /// let store = Store::in_memory()?;
    /// for (kind, relation) in [("Create", "67ae"), ("Create", "67af"), ("Delete", "67ae")] {
    ///     let body = format!(r#"{{"type":"Relation{kind}","id":"{relation}",
    ///         "associationId":"67ad","locationId":"eHy2",
    ///         "firstObjectKey":"contact","firstRecordId":"amara",
    ///         "secondObjectKey":"property","secondRecordId":"p-{relation}"}}"#);
    ///     store.ingest(body.as_bytes())?;
    /// }
    /// let between = store.diff("eHy2", AsOf::Seq(1), None)?.unwrap();
    /// let diff = between.links(&DiffQuery::default(), &mut Budget::unbounded());
    /// assert_eq!(diff.added[0].relation, Some("67af"));
    /// assert_eq!(diff.removed[0].relation, Some("67ae"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn diff(
        &self,
        location: &str,
        from: AsOf,
        to: Option<AsOf>,
    ) -> Result<Option<LocationDiff>, PastError> {
        let Some(known) = self.location(location)? else { return Ok(None) };
        self.diff_until(&known, from, to, &|| false).map(Some)
    }

    /// Returns a location at two moments as [`Store::diff`] does, until it is to stop.
    pub(crate) fn diff_until(
        &self,
        location: &Location,
        from: AsOf,
        to: Option<AsOf>,
        stop: Stop<'_>,
    ) -> Result<LocationDiff, PastError> {
        let from = self.snapshot_until(location, Some(from), &(), stop)?;
        let to = self.snapshot_until(location, to, &(), stop)?;
        Ok(LocationDiff { from, to })
    }
}
