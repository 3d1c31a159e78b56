//! The hub of one location: a task that takes every change as it happens and puts it
//! into the outboxes of those whom it concerns.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::http::app::App;
use crate::http::feed::stats::{STOPS, SubscribeRequest, Subscribed};
use crate::http::feed::subscriber::{Position, Subscriber};
use crate::http::feed::topics::Topics;
use crate::http::respond::problem::Problem;
use crate::model::Seq;
use crate::store::{AppliedEvent, ChangeFilter, Definitions, Location, Subscription};

/// Minimum time between two rounds: readers are sent what happens at once after a
/// quiet time, and else all that has happened in this time together.
const PACE: Duration = Duration::from_millis(50);

/// Time for each outbox that was sent something, so that all hubs together cost no
/// more than 4,000 writes a second, in equal shares.
const PACE_EACH: Duration = Duration::from_micros(250);

/// Maximum time between two rounds.
const PACE_MOST: Duration = Duration::from_secs(1);

/// Interval between sweeps for disconnected or unauthorized subscribers.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Changes that a hub reads from the journal at once, on behalf of all its subscribers,
/// when events come faster than it hands them out.
const PAGE_CHANGES: usize = 2_000;

/// Subscribes an outbox to new events and returns the last event before them, or
/// `None` if the server is stopping.
pub(crate) async fn subscribe(
    app: &Arc<App>,
    location: &str,
    filter: &ChangeFilter,
    outbox: &Arc<Subscriber>,
) -> Option<Subscribed> {
    let (joined, now) = oneshot::channel();
    let subscribe = SubscribeRequest { filter: filter.clone(), outbox: Arc::clone(outbox), joined };
    app.feed.send(location, subscribe, || start(app, location))?;
    now.await.ok()
}

/// Starts the hub of a location. It ends with the last sender, or when nobody has
/// followed for a moment.
fn start(app: &Arc<App>, location: &str) -> mpsc::UnboundedSender<SubscribeRequest> {
    let (sender, waiting) = mpsc::unbounded_channel();
    let news = Arc::new(Notify::new());
    let wake = Arc::clone(&news);
    let events =
        app.store.subscribe(location, app.limits.change_backlog, move || wake.notify_one());
    let hub = Hub {
        topics: Topics::new(Arc::clone(&app.feed.stats), app.store.epochs().mark()),
        app: Arc::clone(app),
        known: app.store.location(location),
        location: location.into(),
        events,
        position: Position::default(),
        is_busy: false,
    };
    tokio::spawn(hub.run(news, waiting));
    sender
}

struct Hub {
    app: Arc<App>,
    location: Box<str>,
    /// The location as it was when somebody began to follow.
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
        mut waiting: mpsc::UnboundedReceiver<SubscribeRequest>,
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
                subscribe = waiting.recv() => match subscribe {
                    Some(subscribe) => joining.push(subscribe),
                    None => break,
                },
                () = has_news => {}
                _ = sweep.tick() => {
                    self.end_forbidden();
                    self.end_if_erased();
                    self.topics.sweep();
                    if self.topics.is_empty() && self.app.feed.stop_if_idle(&self.location, &waiting) {
                        return;
                    }
                }
            }
            while let Ok(subscribe) = waiting.try_recv() {
                joining.push(subscribe);
            }
            match self.hand_out().await {
                Ok(sent) => next = Instant::now() + self.pace(sent),
                Err(problem) => {
                    let ends = |outbox: &Arc<Subscriber>| {
                        outbox.end(problem.code, problem.detail.to_string());
                    };
                    self.topics.outboxes().for_each(ends);
                }
            }
            // Only now, so that they are sent nothing that was there before.
            for SubscribeRequest { filter, outbox, joined } in joining {
                self.topics.add(&filter, vec![outbox]);
                let now = self.position.load(Ordering::Relaxed);
                joined
                    .send(Subscribed { now, position: Arc::clone(&self.position) })
                    .unwrap_or_default();
            }
        }
        self.topics.outboxes().for_each(|outbox| outbox.end("shutdown", STOPS.to_owned()));
    }

    /// Hands out what has happened, and returns how many were sent something.
    async fn hand_out(&mut self) -> Result<usize, Problem> {
        let batch = self.events.take();
        let mut sent = 0;
        if batch.lagged {
            let mut at = self.position.load(Ordering::Relaxed);
            let reading = self.app.catch_ups.begin(&self.location, &ChangeFilter::default());
            while at < batch.upto && !self.topics.is_empty() {
                let all = |_: &App, page| page;
                let page = reading.page(&self.app, (at, batch.upto), PAGE_CHANGES, all).await?;
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
        let empty = Topics::new(Arc::clone(&self.app.feed.stats), self.app.store.epochs().mark());
        let mut topics = std::mem::replace(&mut self.topics, empty);
        let (app, location) = (Arc::clone(&self.app), self.location.clone());
        let fanning_out = self.app.background.spawn(move || {
            let mut definitions = Definitions::of(app.store.location(&location));
            let sent = topics.fan_out(events, upto, &mut definitions);
            (topics, sent)
        });
        let (topics, sent) = fanning_out.await.map_err(Problem::unavailable)?;
        self.topics = topics;
        Ok(sent)
    }

    /// Returns how long to wait after a round that sent to this many.
    fn pace(&mut self, sent: usize) -> Duration {
        let busy = &self.app.feed.busy_hubs;
        match (std::mem::replace(&mut self.is_busy, sent > 0), sent > 0) {
            (false, true) => busy.fetch_add(1, Ordering::Relaxed),
            (true, false) => busy.fetch_sub(1, Ordering::Relaxed),
            _ => 0,
        };
        let writes = sent.saturating_mul(busy.load(Ordering::Relaxed));
        let writes = u32::try_from(writes).unwrap_or(u32::MAX);
        PACE_EACH.saturating_mul(writes).clamp(PACE, PACE_MOST)
    }

    /// Ends for every reader once the location is not the one that they began with.
    fn end_if_erased(&mut self) {
        let now = self.app.store.location(&self.location);
        let is_same = match (&self.known, &now) {
            (Some(known), Some(now)) => Arc::ptr_eq(known, now),
            (known, now) => known.is_none() && now.is_none(),
        };
        if !is_same {
            let ends = "the location was erased".to_owned();
            self.topics.outboxes().for_each(|outbox| outbox.end("erased", ends.clone()));
            self.known = now;
        }
    }

    /// Ends what may not be read any more.
    fn end_forbidden(&self) {
        for outbox in self.topics.outboxes() {
            if !self.app.protection.still_grants(&outbox.grant) {
                outbox.end("unauthorized", "the token is not good any more".to_owned());
            }
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        if self.is_busy {
            self.app.feed.busy_hubs.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
