//! The hub of one location: a task that takes every new event and queues it for the
//! subscribers whose filters it matches.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::http::feed::registry::{HubRegistry, SHUTDOWN, SubscribeRequest, Subscribed};
use crate::http::feed::subscriber::{Position, Subscriber};
use crate::http::feed::topics::Topics;
use crate::http::respond::problem::Problem;
use crate::model::Seq;
use crate::store::{AppliedEvent, ChangeFilter, Definitions, Location, Subscription};

/// Minimum time between two rounds: after a quiet time an event is sent at once, otherwise
/// together with all others of this time.
const PACE: Duration = Duration::from_millis(50);

/// Time for each subscriber that was sent something, so that all hubs together cost no
/// more than 4,000 writes a second, in equal shares.
const PACE_EACH: Duration = Duration::from_micros(250);

/// Maximum time between two rounds.
const PACE_MOST: Duration = Duration::from_secs(1);

/// Interval between sweeps for disconnected or unauthorized subscribers.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Number of changes that a hub reads from the journal at once, on behalf of all its
/// subscribers, when events arrive faster than it sends them.
const PAGE_CHANGES: usize = 2_000;

/// Subscribes to new events and returns the last event before them, or `None` if the server
/// is stopping.
pub(crate) async fn subscribe(
    registry: &Arc<HubRegistry>,
    location: &str,
    filter: &ChangeFilter,
    subscriber: &Arc<Subscriber>,
) -> Option<Subscribed> {
    let (reply, answer) = oneshot::channel();
    let subscriber = Arc::clone(subscriber);
    let request = SubscribeRequest { filter: filter.clone(), subscriber, reply };
    registry.send(location, request, || start(registry, location))?;
    answer.await.ok()
}

/// Starts the hub of a location. It ends with its last sender, or after a moment without
/// subscribers.
fn start(registry: &Arc<HubRegistry>, location: &str) -> mpsc::UnboundedSender<SubscribeRequest> {
    let (sender, requests) = mpsc::unbounded_channel();
    let news = Arc::new(Notify::new());
    let wake = Arc::clone(&news);
    let store = &registry.store;
    let hub = Hub {
        topics: Topics::new(Arc::clone(&registry.stats), store.epochs().mark()),
        known: store.loaded_location(location),
        events: store.subscribe(location, registry.backlog_max, move || wake.notify_one()),
        location: location.into(),
        position: Position::default(),
        is_busy: false,
        registry: Arc::clone(registry),
    };
    tokio::spawn(hub.run(news, requests));
    sender
}

struct Hub {
    registry: Arc<HubRegistry>,
    location: Box<str>,
    /// The location as it was when the first subscriber came.
    known: Option<Arc<Location>>,
    events: Subscription,
    topics: Topics,
    position: Position,
    is_busy: bool,
}

impl Hub {
    async fn run(
        mut self,
        news: Arc<Notify>,
        mut requests: mpsc::UnboundedReceiver<SubscribeRequest>,
    ) {
        let mut sweep = interval(SWEEP_EVERY);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut next = Instant::now();
        loop {
            let has_news = async {
                news.notified().await;
                sleep_until(next).await;
            };
            let mut joining = Vec::new();
            tokio::select! {
                request = requests.recv() => match request {
                    Some(request) => joining.push(request),
                    None => break,
                },
                () = has_news => {}
                _ = sweep.tick() => {
                    self.sweep();
                    if self.topics.is_empty()
                        && self.registry.remove_if_idle(&self.location, &requests)
                    {
                        return;
                    }
                }
            }
            while let Ok(request) = requests.try_recv() {
                joining.push(request);
            }
            match self.send_new_events().await {
                Ok(sent) => next = Instant::now() + self.pace(sent),
                Err(problem) => self.end_all(problem.code.as_str(), &problem.detail),
            }
            // Only now, so that they are sent no event from before they joined.
            for request in joining {
                self.join(request);
            }
        }
        self.end_all("shutdown", SHUTDOWN);
    }

    fn join(&mut self, request: SubscribeRequest) {
        let SubscribeRequest { filter, subscriber, reply } = request;
        self.topics.add(&filter, vec![subscriber]);
        let now = self.position.load(Ordering::Relaxed);
        reply.send(Subscribed { now, position: Arc::clone(&self.position) }).unwrap_or_default();
    }

    /// Sends what has happened since the last round, and returns the number of subscribers
    /// that were sent something.
    async fn send_new_events(&mut self) -> Result<usize, Problem> {
        let batch = self.events.take();
        let mut sent = 0;
        if batch.lagged {
            let mut at = self.position.load(Ordering::Relaxed);
            let all = ChangeFilter::default();
            let catch_up = self.registry.catch_ups.begin(&self.location, &all);
            while at < batch.upto && !self.topics.is_empty() {
                let page = catch_up.read_page((at, batch.upto), PAGE_CHANGES, |page| page).await?;
                sent += self.fan_out(page.events, page.upto).await?;
                at = page.upto;
            }
        } else if !batch.events.is_empty() {
            sent = self.fan_out(batch.events, batch.upto).await?;
        }
        self.position.store(batch.upto, Ordering::Release);
        Ok(sent)
    }

    async fn fan_out(&mut self, events: Vec<AppliedEvent>, upto: Seq) -> Result<usize, Problem> {
        let HubRegistry { store, stats, background, .. } = &*self.registry;
        let empty = Topics::new(Arc::clone(stats), store.epochs().mark());
        let mut topics = std::mem::replace(&mut self.topics, empty);
        let (store, location) = (Arc::clone(store), self.location.clone());
        let fanning_out = background.spawn(move || {
            let mut definitions = Definitions::of(store.loaded_location(&location));
            let sent = topics.fan_out(events, upto, &mut definitions);
            (topics, sent)
        });
        let (topics, sent) = fanning_out.await.map_err(Problem::unavailable)?;
        self.topics = topics;
        Ok(sent)
    }

    /// Returns how long to wait after a round that sent to this many subscribers.
    fn pace(&mut self, sent: usize) -> Duration {
        let busy = &self.registry.busy_hubs;
        match (std::mem::replace(&mut self.is_busy, sent > 0), sent > 0) {
            (false, true) => busy.fetch_add(1, Ordering::Relaxed),
            (true, false) => busy.fetch_sub(1, Ordering::Relaxed),
            _ => 0,
        };
        let writes = sent.saturating_mul(busy.load(Ordering::Relaxed));
        let writes = u32::try_from(writes).unwrap_or(u32::MAX);
        PACE_EACH.saturating_mul(writes).clamp(PACE, PACE_MOST)
    }

    /// Ends the subscriptions that may not continue, and forgets those that have ended.
    fn sweep(&mut self) {
        self.end_unauthorized();
        self.end_if_erased();
        self.topics.sweep();
    }

    /// Ends every subscription once the location is not the one that they began with.
    fn end_if_erased(&mut self) {
        let now = self.registry.store.loaded_location(&self.location);
        let is_same = match (&self.known, &now) {
            (Some(known), Some(now)) => Arc::ptr_eq(known, now),
            (known, now) => known.is_none() && now.is_none(),
        };
        if !is_same {
            self.end_all("erased", "the location was erased");
            self.known = now;
        }
    }

    /// Ends the subscriptions whose tokens have been revoked.
    fn end_unauthorized(&self) {
        for subscriber in self.topics.subscribers() {
            if !self.registry.policy.still_grants(&subscriber.grant) {
                subscriber.end("unauthorized", "the token was revoked".to_owned());
            }
        }
    }

    fn end_all(&self, code: &'static str, detail: &str) {
        self.topics.subscribers().for_each(|subscriber| subscriber.end(code, detail.to_owned()));
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        if self.is_busy {
            self.registry.busy_hubs.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
