//! The change feed: who may follow, and the hub of each location that is followed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foldhash::fast::RandomState;
use tokio::sync::{mpsc, oneshot, watch};

use crate::http::feed::subscriber::{Position, Stats, Subscriber};
use crate::http::respond::problem::Problem;
use crate::model::Seq;
use crate::store::ChangeFilter;

/// Why a stream ends when the server stops.
pub(crate) const STOPS: &str = "the server stops; come back with Last-Event-ID";

/// The hubs of all locations that somebody follows. What happens in one location, and
/// how many follow it, does not touch the readers of another.
#[derive(Debug)]
pub(crate) struct Feed {
    /// How often a reader is sent a sign of life.
    pub(crate) heartbeat: Duration,
    pub(crate) stats: Arc<Stats>,
    /// Hubs that had something to send in their last round.
    pub(crate) busy_hubs: AtomicUsize,
    readers_max: usize,
    /// Whether the server stops.
    ended: watch::Sender<bool>,
    hubs: Mutex<Hubs>,
}

/// A reader that wants to be sent what happens from now on.
#[derive(Debug)]
pub(crate) struct SubscribeRequest {
    pub(crate) filter: ChangeFilter,
    pub(crate) outbox: Arc<Subscriber>,
    pub(crate) joined: oneshot::Sender<Subscribed>,
}

/// Where a subscription begins.
#[derive(Debug)]
pub(crate) struct Subscribed {
    /// The last event before it.
    pub(crate) now: Seq,
    pub(crate) position: Position,
}

type Hubs = HashMap<Box<str>, mpsc::UnboundedSender<SubscribeRequest>, RandomState>;

impl Feed {
    pub(crate) fn new(readers_max: usize, unsent_max: usize, heartbeat: Duration) -> Arc<Self> {
        Arc::new(Self {
            heartbeat,
            stats: Arc::new(Stats::new(unsent_max)),
            busy_hubs: AtomicUsize::new(0),
            readers_max,
            ended: watch::Sender::new(false),
            hubs: Mutex::default(),
        })
    }

    /// Counts one more reader, if there may be one, until its body is dropped.
    pub(crate) fn enter(&self) -> Result<(), Problem> {
        if *self.ended.borrow() {
            return Err(Problem::unavailable("the server is stopping"));
        }
        if self.stats.open.fetch_add(1, Ordering::Relaxed) >= self.readers_max {
            self.stats.open.fetch_sub(1, Ordering::Relaxed);
            let most = self.readers_max;
            return Err(Problem::overloaded(format!("{most} readers of changes are open")));
        }
        Ok(())
    }

    /// Returns the number of open readers.
    pub(crate) fn open_readers(&self) -> usize {
        self.stats.open.load(Ordering::Relaxed)
    }

    /// Returns how many readers were dropped because they were too slow.
    pub(crate) fn dropped_readers(&self) -> u64 {
        self.stats.dropped.load(Ordering::Relaxed)
    }

    fn hubs(&self) -> MutexGuard<'_, Hubs> {
        self.hubs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a subscription to the hub of its location, starting one where there is
    /// none. Returns `None` if the server is stopping.
    pub(crate) fn send(
        &self,
        location: &str,
        subscribe: SubscribeRequest,
        start: impl FnOnce() -> mpsc::UnboundedSender<SubscribeRequest>,
    ) -> Option<()> {
        let mut hubs = self.hubs();
        if *self.ended.borrow() {
            return None;
        }
        let known = hubs.get(location).filter(|hub| !hub.is_closed());
        let hub = known.cloned().unwrap_or_else(start);
        hub.send(subscribe).ok()?;
        hubs.insert(location.into(), hub);
        Some(())
    }

    /// Ends for every reader: the server stops.
    pub(crate) fn end(&self) {
        self.ended.send_replace(true);
        // Each hub ends with its last sender.
        self.hubs().clear();
    }

    /// Waits until the server stops.
    pub(crate) async fn ended(&self) {
        let mut ended = self.ended.subscribe();
        while !*ended.borrow_and_update() && ended.changed().await.is_ok() {}
    }

    /// Forgets the hub of a location unless somebody has come meanwhile; true if it is
    /// forgotten.
    pub(crate) fn stop_if_idle(
        &self,
        location: &str,
        waiting: &mpsc::UnboundedReceiver<SubscribeRequest>,
    ) -> bool {
        let mut hubs = self.hubs();
        let is_idle = waiting.is_empty() && !*self.ended.borrow();
        if is_idle {
            hubs.remove(location);
        }
        is_idle
    }
}
