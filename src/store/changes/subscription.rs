//! Live subscriptions to the applied events of one location.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use foldhash::fast::RandomState;

use crate::model::{Event, Seq, Timestamp};
use crate::store::changes::reader::AppliedEvent;
use crate::sync::IgnorePoison;

/// Called on the writer's thread when an empty subscription receives events.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

/// All open subscriptions, by location: events of one location cost the subscribers of the
/// others nothing.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions(Mutex<Registry>);

#[derive(Default)]
pub(crate) struct Registry {
    /// The last event that was published.
    pub(crate) head: Seq,
    pub(crate) locations: HashMap<Box<str>, Vec<Mailbox>, RandomState>,
    pub(crate) next_id: u64,
}

/// The events that one subscription has not taken yet.
pub(crate) struct Mailbox {
    pub(crate) id: u64,
    pub(crate) events: Vec<AppliedEvent>,
    pub(crate) capacity: usize,
    pub(crate) lagged: bool,
    pub(crate) wake: Wake,
}

/// The events of a subscription since it was last [taken](Subscription::take) from.
#[derive(Debug, PartialEq, Eq)]
pub struct EventBatch {
    /// Applied events of the location, in order; all of them up to `upto` unless
    /// the subscription lagged.
    pub events: Vec<AppliedEvent>,
    /// The last event that was published when they were taken.
    pub upto: Seq,
    /// Whether there were more events than the subscription has room for. Then `events` is
    /// empty; read them with [`Store::changes`](crate::Store::changes).
    pub lagged: bool,
}

/// Collects the events applied to one location while it exists; see
/// [`Store::subscribe`](crate::Store::subscribe).
#[derive(Debug)]
pub struct Subscription {
    pub(crate) subscriptions: Arc<Subscriptions>,
    pub(crate) location: Box<str>,
    pub(crate) id: u64,
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

    pub(crate) fn registry(&self) -> MutexGuard<'_, Registry> {
        self.0.lock().ignore_poison()
    }

    /// Publishes the events applied up to `head`, and returns whom to wake once they are
    /// visible. Reads the events only while there are subscriptions, and under the lock, so
    /// that a new subscription misses none.
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
                mailbox.add(|| AppliedEvent {
                    seq,
                    received_at,
                    event: event.clone(),
                    association: None,
                    names: [None, None],
                });
            }
        }
        woken
    }
}

impl Mailbox {
    fn add(&mut self, event: impl FnOnce() -> AppliedEvent) {
        if self.events.len() >= self.capacity {
            self.events = Vec::new();
            self.lagged = true;
        }
        if !self.lagged {
            self.events.push(event());
        }
    }
}

impl Subscription {
    /// Takes the events applied since the last call.
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
