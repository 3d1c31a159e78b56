//! Live subscriptions to the applied events of one location.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;

use crate::model::{Event, Seq, Timestamp};
use crate::store::changes::reader::AppliedEvent;
use crate::store::store::Store;

/// Called on the writer's thread when a subscription has something to take.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

/// Every open subscription, by location: what happens in one costs the
/// subscribers of the others nothing.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions(Mutex<Registry>);

#[derive(Default)]
struct Registry {
    /// The last event that was published.
    head: Seq,
    locations: HashMap<Box<str>, Vec<Mailbox>, RandomState>,
    next_id: u64,
}

/// What one subscription has not taken yet.
struct Mailbox {
    id: u64,
    events: Vec<AppliedEvent>,
    capacity: usize,
    lagged: bool,
    wake: Wake,
}

/// The events of a subscription since it was last [taken](Subscription::take) from.
#[derive(Debug, PartialEq, Eq)]
pub struct EventBatch {
    /// Applied events of the location, in order; all of them up to `upto` unless
    /// the subscription lagged.
    pub events: Vec<AppliedEvent>,
    /// The last event that was published when they were taken.
    pub upto: Seq,
    /// Whether there were more events than the subscription has room for. Then
    /// `events` is empty; read them with [`Store::changes`].
    pub lagged: bool,
}

/// Collects the events applied to one location while it exists; see
/// [`Store::subscribe`].
#[derive(Debug)]
pub struct Subscription {
    subscriptions: Arc<Subscriptions>,
    location: Box<str>,
    id: u64,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("head", &self.head)
            .field("locations", &self.locations.len())
            .finish_non_exhaustive()
    }
}

impl Subscriptions {
    pub(crate) fn starting_at(head: Seq) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Registry { head, ..Registry::default() })))
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes what was applied up to `head`, and returns whom to wake once it is
    /// visible. Looks at the events only while somebody subscribes, and with the lock
    /// held, so that a new subscription misses none.
    pub(crate) fn publish<'e>(
        &self,
        head: Seq,
        applied: impl Iterator<Item = (Seq, Timestamp, &'e Event)>,
    ) -> Vec<Wake> {
        let mut registry = self.registry();
        registry.head = head;
        let mut woken = Vec::new();
        if registry.locations.is_empty() {
            return woken;
        }
        for (seq, received_at, event) in applied {
            let mailboxes = registry.locations.get_mut(event.location.as_str());
            for mailbox in mailboxes.into_iter().flatten() {
                if mailbox.events.is_empty() && !mailbox.lagged {
                    woken.push(Arc::clone(&mailbox.wake));
                }
                mailbox.put(|| AppliedEvent {
                    seq,
                    received_at,
                    event: event.clone(),
                    association: None,
                });
            }
        }
        woken
    }
}

impl Mailbox {
    fn put(&mut self, event: impl FnOnce() -> AppliedEvent) {
        if self.events.len() >= self.capacity {
            self.events = Vec::new();
            self.lagged = true;
        }
        if !self.lagged {
            self.events.push(event());
        }
    }
}

impl Store {
    /// Subscribes to every event applied to this location from now on, until the
    /// subscription is dropped. `wake` is called on the writer's thread, after the
    /// events are visible, when there is something to take from an emptied
    /// subscription; it must return at once.
    ///
    /// Reads nothing from disk, and costs the writer a copy of each event of the
    /// location. A subscription holds up to `capacity` events; one that falls further
    /// behind lags. In a store that is open for reading only nothing is applied.
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

impl Subscription {
    /// Returns what was applied since the last call.
    pub fn take(&self) -> EventBatch {
        let mut registry = self.subscriptions.registry();
        let upto = registry.head;
        let mailboxes = registry.locations.get_mut(&*self.location).into_iter().flatten();
        let mut own = mailboxes.filter(|mailbox| mailbox.id == self.id);
        let (events, lagged) = own.next().map_or_else(Default::default, |mailbox| {
            (std::mem::take(&mut mailbox.events), std::mem::take(&mut mailbox.lagged))
        });
        EventBatch { events, upto, lagged }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut registry = self.subscriptions.registry();
        if let Some(mailboxes) = registry.locations.get_mut(&*self.location) {
            mailboxes.retain(|mailbox| mailbox.id != self.id);
            if mailboxes.is_empty() {
                registry.locations.remove(&*self.location);
            }
        }
    }
}
