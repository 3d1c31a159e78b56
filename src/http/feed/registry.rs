//! The hubs of all locations that have subscribers, and what they work with.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use foldhash::fast::RandomState;
use tokio::sync::{mpsc, oneshot, watch};

use crate::http::auth::policy::AuthPolicy;
use crate::http::feed::catch_up::CatchUps;
use crate::http::feed::stats::Stats;
use crate::http::feed::subscriber::{Position, Subscriber};
use crate::http::limits::background::Background;
use crate::http::limits::settings::Limits;
use crate::http::respond::problem::Problem;
use crate::model::Seq;
use crate::store::{ChangeFilter, Store};
use crate::sync::IgnorePoison;

/// Why a stream ends when the server stops.
pub(crate) const SHUTDOWN: &str = "the server is stopping; reconnect with Last-Event-ID";

/// The hubs of all locations that have subscribers. The events of a location, and the
/// number of its subscribers, do not affect the subscribers of another.
#[derive(Debug)]
pub(crate) struct HubRegistry {
    pub(super) store: Arc<Store>,
    pub(super) policy: Arc<AuthPolicy>,
    pub(super) background: Arc<Background>,
    pub(crate) catch_ups: CatchUps,
    pub(crate) stats: Arc<Stats>,
    /// Hubs that had something to send in their last round.
    pub(super) busy_hubs: AtomicUsize,
    /// Maximum number of events of one location that may wait for its hub.
    pub(super) backlog_max: usize,
    readers_max: usize,
    /// Whether the server is stopping.
    ended: watch::Sender<bool>,
    hubs: Mutex<Hubs>,
}

/// A request to be sent new events from now on.
#[derive(Debug)]
pub(super) struct SubscribeRequest {
    pub(super) filter: ChangeFilter,
    pub(super) subscriber: Arc<Subscriber>,
    pub(super) reply: oneshot::Sender<Subscribed>,
}

/// Where a subscription begins.
#[derive(Debug)]
pub(crate) struct Subscribed {
    /// The last event before it.
    pub(crate) now: Seq,
    pub(crate) position: Position,
}

type Hubs = HashMap<Box<str>, mpsc::UnboundedSender<SubscribeRequest>, RandomState>;

impl HubRegistry {
    /// Returns a registry without hubs.
    pub(crate) fn new(
        store: &Arc<Store>,
        policy: &Arc<AuthPolicy>,
        background: &Arc<Background>,
        stopping: &Arc<AtomicBool>,
        limits: &Limits,
    ) -> Arc<Self> {
        Arc::new(Self {
            store: Arc::clone(store),
            policy: Arc::clone(policy),
            background: Arc::clone(background),
            catch_ups: CatchUps::new(store, background, stopping),
            stats: Arc::new(Stats::new(limits.change_total_bytes)),
            busy_hubs: AtomicUsize::new(0),
            backlog_max: limits.change_backlog,
            readers_max: limits.change_readers,
            ended: watch::Sender::new(false),
            hubs: Mutex::default(),
        })
    }

    /// Counts one more subscriber, if one more is allowed, until its body is dropped.
    pub(crate) fn enter(&self) -> Result<(), Problem> {
        if *self.ended.borrow() {
            return Err(Problem::unavailable("the server is stopping"));
        }
        if self.stats.open.fetch_add(1, Ordering::Relaxed) >= self.readers_max {
            self.stats.open.fetch_sub(1, Ordering::Relaxed);
            let most = self.readers_max;
            return Err(Problem::overloaded(format!(
                "{most} change-feed subscribers are connected"
            )));
        }
        Ok(())
    }

    fn hubs(&self) -> MutexGuard<'_, Hubs> {
        self.hubs.lock().ignore_poison()
    }

    /// Sends a request to the hub of a location, and starts one where there is none.
    /// Returns `None` if the server is stopping.
    pub(super) fn send(
        &self,
        location: &str,
        request: SubscribeRequest,
        start: impl FnOnce() -> mpsc::UnboundedSender<SubscribeRequest>,
    ) -> Option<()> {
        let mut hubs = self.hubs();
        if *self.ended.borrow() {
            return None;
        }
        let known = hubs.get(location).filter(|hub| !hub.is_closed());
        let hub = known.cloned().unwrap_or_else(start);
        hub.send(request).ok()?;
        hubs.insert(location.into(), hub);
        Some(())
    }

    /// Ends every subscription: the server is stopping.
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

    /// Removes the hub of a location unless a request has arrived meanwhile, and returns
    /// whether it was removed.
    pub(super) fn remove_if_idle(
        &self,
        location: &str,
        requests: &mpsc::UnboundedReceiver<SubscribeRequest>,
    ) -> bool {
        let mut hubs = self.hubs();
        let is_idle = requests.is_empty() && !*self.ended.borrow();
        if is_idle {
            hubs.remove(location);
        }
        is_idle
    }
}
