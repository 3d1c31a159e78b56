//! The change feed: one task takes every change as it happens and hands it to the
//! readers whom it concerns. Readers that ask for the same share what they are sent.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::app::App;
use super::channels::Channels;
use super::outbox::Outbox;
use super::problem::Problem;
use crate::model::Seq;
use crate::store::{ChangeFilter, Follower};

/// Readers are sent what happens at once after a quiet time, and else all that has
/// happened in this time together.
const PACE: Duration = Duration::from_millis(50);

/// Longer the more of them were sent something, so that all together they cost no
/// more than 4,000 writes a second.
const PACE_EACH: Duration = Duration::from_micros(250);

/// But not longer than this.
const PACE_MOST: Duration = Duration::from_secs(1);

/// How often it is looked for readers that are gone or may not read any more.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Changes that may wait to be handed out, over all locations: a second of the fastest
/// writing.
const ROOM: usize = 65_536;

/// What a reader is told when the server stops.
pub(super) const STOPS: &str = "the server stops; come back with Last-Event-ID";

/// Who reads changes.
#[derive(Debug)]
pub(super) struct Feed {
    /// How often a reader is sent a sign of life.
    pub(super) heartbeat: Duration,
    readers_max: usize,
    open: AtomicUsize,
    dropped: AtomicU64,
    /// Everything up to here is in the outboxes.
    position: AtomicU64,
    /// Whether the server stops.
    ended: watch::Sender<bool>,
    task: Mutex<Option<mpsc::UnboundedSender<Join>>>,
}

/// A reader that wants to be told what happens from now on.
#[derive(Debug)]
pub(super) struct Join {
    location: Box<str>,
    filter: ChangeFilter,
    outbox: Arc<Outbox>,
    /// Told where "now" is.
    joined: oneshot::Sender<Seq>,
}

impl Feed {
    pub(super) fn new(readers_max: usize, heartbeat: Duration) -> Arc<Self> {
        Arc::new(Self {
            heartbeat,
            readers_max,
            open: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
            position: AtomicU64::new(0),
            ended: watch::Sender::new(false),
            task: Mutex::default(),
        })
    }

    /// Counts one more reader, if there may be one; until it [leaves](Self::leave).
    pub(super) fn enter(&self) -> Result<(), Problem> {
        if *self.ended.borrow() {
            return Err(Problem::unavailable("the server is stopping"));
        }
        if self.open.fetch_add(1, Ordering::Relaxed) >= self.readers_max {
            self.leave();
            let most = self.readers_max;
            return Err(Problem::overloaded(format!("{most} readers of changes are open")));
        }
        Ok(())
    }

    pub(super) fn leave(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// Readers that are open.
    pub(super) fn open_readers(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Readers that were dropped since they were too slow.
    pub(super) fn dropped_readers(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    pub(super) fn position(&self) -> Seq {
        self.position.load(Ordering::Acquire)
    }

    fn task(&self) -> MutexGuard<'_, Option<mpsc::UnboundedSender<Join>>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has an outbox filled with what happens from now on, and answers with the last
    /// event before. Nothing if the server stops.
    pub(super) async fn join(
        self: &Arc<Self>,
        app: &Arc<App>,
        location: &str,
        filter: &ChangeFilter,
        outbox: &Arc<Outbox>,
    ) -> Option<Seq> {
        let (joined, now) = oneshot::channel();
        let (location, filter, outbox) = (location.into(), filter.clone(), Arc::clone(outbox));
        let join = Join { location, filter, outbox, joined };
        {
            let mut task = self.task();
            if *self.ended.borrow() {
                return None;
            }
            let sender = match task.take() {
                Some(sender) if !sender.is_closed() => sender,
                _ => {
                    let (sender, joins) = mpsc::unbounded_channel();
                    let follower = app.store.follow(ROOM);
                    tokio::spawn(run(Arc::clone(app), Arc::clone(self), follower, joins));
                    sender
                }
            };
            task.insert(sender).send(join).ok()?;
        }
        now.await.ok()
    }

    /// Ends for every reader: the server stops.
    pub(super) fn end(&self) {
        self.ended.send_replace(true);
        // The task ends with its last sender.
        *self.task() = None;
    }

    /// Waits until the server stops.
    pub(super) async fn ended(&self) {
        let mut ended = self.ended.subscribe();
        while !*ended.borrow_and_update() && ended.changed().await.is_ok() {}
    }

    /// Whether the task ends, since nobody has come meanwhile.
    fn rest(&self, joins: &mpsc::UnboundedReceiver<Join>) -> bool {
        let mut task = self.task();
        let rests = joins.is_empty() && !*self.ended.borrow();
        if rests {
            *task = None;
        }
        rests
    }

    /// Drops a reader that does not keep up.
    pub(super) fn drop_slow(&self, outbox: &Outbox) {
        if !outbox.is_over() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            tracing::info!("a reader of changes is too slow and is dropped");
            let detail = "the reader takes changes more slowly than they come; \
                          come back with Last-Event-ID";
            outbox.end("too_slow", detail.to_owned());
        }
    }
}

/// Takes what happens while there are readers.
async fn run(
    app: Arc<App>,
    feed: Arc<Feed>,
    follower: Follower,
    mut joins: mpsc::UnboundedReceiver<Join>,
) {
    let mut channels = Channels::new(Arc::clone(&feed));
    let mut head = app.head.subscribe();
    let mut look = interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut position, mut next) = (0, Instant::now());
    loop {
        let news = async {
            // Of an app that is not told, `look` finds out.
            let seen = head.wait_for(|head| *head > position).await.is_ok();
            sleep_until(next).await;
            seen
        };
        let mut joining = Vec::new();
        tokio::select! {
            join = joins.recv() => match join {
                Some(join) => joining.push(join),
                None => break,
            },
            _ = news => {}
            _ = look.tick() => {
                end_forbidden(&app, &channels);
                channels.sweep();
                if channels.is_empty() && feed.rest(&joins) {
                    return;
                }
            }
        }
        while let Ok(join) = joins.try_recv() {
            joining.push(join);
        }
        let mut sent = 0;
        let taken = follower.take();
        position = taken.upto;
        if taken.lost {
            channels.outboxes().for_each(|outbox| feed.drop_slow(outbox));
        }
        if !taken.events.is_empty() {
            let store = Arc::clone(&app.store);
            let handing_out = tokio::task::spawn_blocking(move || {
                let sent = channels.hand_out(&store, taken.events, taken.upto);
                (channels, sent)
            });
            let Ok(handed_out) = handing_out.await else { return };
            (channels, sent) = handed_out;
        }
        next = Instant::now() + (PACE_EACH * sent).clamp(PACE, PACE_MOST);
        feed.position.store(position, Ordering::Release);
        // Only now, so that they are sent nothing that was there before.
        for Join { location, filter, outbox, joined } in joining {
            channels.add(&location, &filter, &outbox);
            joined.send(position).unwrap_or_default();
        }
    }
    channels.outboxes().for_each(|outbox| outbox.end("shutdown", STOPS.to_owned()));
}

/// Ends what may not be read any more.
fn end_forbidden(app: &App, channels: &Channels) {
    for outbox in channels.outboxes() {
        if !app.protection.still_grants(&outbox.grant) {
            outbox.end("unauthorized", "the token is not good any more".to_owned());
        }
    }
}
