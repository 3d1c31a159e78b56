//! Subscribing to the changes of a location.

use std::sync::Arc;

use crate::store::changes::subscription::Mailbox;
use crate::store::changes::subscription::Subscription;
use crate::store::store::Store;

impl Store {
    /// Subscribes to every event applied to this location from now on, until the
    /// subscription is dropped. `wake` is called on the writer's thread, after the events
    /// are visible, when an empty subscription receives events; it must return at once.
    ///
    /// A subscription holds up to `capacity` events; one that falls further behind lags. In
    /// a store that is open for reading only nothing is applied.
    ///
    /// # Performance
    ///
    /// Reads nothing from disk, and costs the writer a copy of each event of the location.
    ///
    /// ```
    /// use relata::Store;
    ///
    /// let store = Store::in_memory()?;
    /// let subscription = store.subscribe("eHy2", 1_000, || {});
    /// store.ingest(br#"{"type":"RecordCreate","id":"amara","objectKey":"contact",
    ///     "locationId":"eHy2"}"#)?;
    /// assert_eq!(subscription.take().events.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscribe(
        &self,
        location: &str,
        capacity: usize,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Subscription {
        let subscriptions = Arc::clone(&self.subscriptions);
        let mut registry = subscriptions.registry();
        let id = registry.next_id;
        registry.next_id += 1;
        let mailbox =
            Mailbox { id, events: Vec::new(), capacity, lagged: false, wake: Arc::new(wake) };
        registry.locations.entry(location.into()).or_default().push(mailbox);
        drop(registry);
        Subscription { subscriptions, location: location.into(), id }
    }
}
