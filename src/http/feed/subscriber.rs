//! The queue of one subscriber.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::Stream;
use hyper::body::Bytes;
use tokio::sync::Notify;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::api::EndOfChanges;
use crate::http::auth::token::Grant;
use crate::http::feed::stats::Stats;
use crate::http::respond::sse;
use crate::model::{EpochId, EventId, Seq};
use crate::sync::IgnorePoison;

/// The last event that a hub has queued for its subscribers.
pub(crate) type Position = Arc<AtomicU64>;

/// A subscriber, with a bounded queue between the hub and the connection.
#[derive(Debug)]
pub(crate) struct Subscriber {
    /// What the subscriber may see.
    pub(crate) grant: Grant,
    epoch: Option<EpochId>,
    bytes_max: usize,
    queue: Mutex<Queue>,
    /// Notified when chunks have been sent.
    room: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    /// Each with the event up to which it completes the subscriber's stream.
    chunks: VecDeque<(Seq, Bytes)>,
    /// New events that wait while the subscriber catches up.
    later: Option<VecDeque<(Seq, Bytes)>>,
    bytes: usize,
    /// The subscriber has been sent everything up to this event.
    sent: Seq,
    /// The position of the hub, once the subscriber has caught up.
    position: Option<Position>,
    over: bool,
    waker: Option<Waker>,
}

impl Queue {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Subscriber {
    /// Returns a subscriber for whom new events wait until it has
    /// [caught up](Self::caught_up).
    pub(crate) fn new(grant: Grant, epoch: Option<EpochId>, bytes_max: usize) -> Arc<Self> {
        let queue = Queue { later: Some(VecDeque::new()), ..Queue::default() };
        Arc::new(Self { grant, epoch, bytes_max, queue: Mutex::new(queue), room: Notify::new() })
    }

    /// Queues the opening of the stream, which names where it begins: a client that is cut
    /// off before the first event resumes there.
    pub(crate) fn begin(&self, after: Seq) {
        let opening = sse::opening(self.id(after));
        let mut queue = self.queue();
        queue.bytes += opening.len();
        queue.sent = after;
        queue.chunks.push_back((after, opening));
    }

    fn id(&self, seq: Seq) -> EventId {
        EventId { seq, epoch: self.epoch }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().ignore_poison()
    }

    /// Returns whether nothing more is to be sent.
    pub(crate) fn is_over(&self) -> bool {
        self.queue().over
    }

    /// Queues new events. Returns `false` if there is no room, or the stream is over.
    pub(crate) fn push(&self, upto: Seq, chunk: Bytes, stats: &Stats) -> bool {
        let mut queue = self.queue();
        let is_full = queue.bytes + chunk.len() > self.bytes_max || stats.is_too_much(queue.bytes);
        if queue.over || queue.bytes > 0 && is_full {
            return false;
        }
        queue.bytes += chunk.len();
        if let Some(later) = &mut queue.later {
            later.push_back((upto, chunk));
        } else {
            queue.chunks.push_back((upto, chunk));
            queue.wake();
        }
        true
    }

    /// Queues past events, and waits while more than one chunk is unsent.
    pub(crate) async fn catch_up(&self, upto: Seq, chunk: Bytes) {
        {
            let mut queue = self.queue();
            queue.bytes += chunk.len();
            queue.chunks.push_back((upto, chunk));
            queue.wake();
        }
        loop {
            let room = self.room.notified();
            {
                let queue = self.queue();
                if queue.over || queue.chunks.len() <= 1 {
                    return;
                }
            }
            room.await;
        }
    }

    /// Ends the catching up: from now on the subscriber is sent new events.
    pub(crate) fn caught_up(&self, position: Position) {
        let mut queue = self.queue();
        queue.position = Some(position);
        let later = queue.later.take().unwrap_or_default();
        queue.chunks.extend(later);
        queue.wake();
    }

    /// Drops what is unsent, and queues a last event that says why the stream ends.
    pub(crate) fn end(&self, code: &'static str, detail: String) {
        let mut queue = self.queue();
        if queue.over {
            return;
        }
        let sent = queue.sent;
        let chunk = sse::end(self.id(sent), &EndOfChanges { code, detail, seq: sent });
        (queue.chunks, queue.later) = (VecDeque::from([(sent, chunk)]), None);
        queue.over = true;
        queue.wake();
        self.room.notify_waiters();
    }

    /// Ends the stream of a subscriber that does not keep up.
    pub(crate) fn drop_lagging(&self, stats: &Stats) {
        if !self.is_over() {
            stats.dropped.fetch_add(1, Ordering::Relaxed);
            tracing::info!("a change-feed subscriber is too slow and is disconnected");
            let detail = "the client reads changes more slowly than they arrive; \
                          reconnect with Last-Event-ID";
            self.end("too_slow", detail.to_owned());
        }
    }

    /// Empties the queue: the client has disconnected.
    fn abandon(&self) {
        let mut queue = self.queue();
        queue.over = true;
        (queue.chunks, queue.later) = (VecDeque::new(), None);
        self.room.notify_waiters();
    }

    /// Returns the last event that the hub has queued, once the subscriber has caught up.
    fn position(&self) -> Option<Seq> {
        self.queue().position.as_ref().map(|position| position.load(Ordering::Acquire))
    }

    /// Polls for the next chunk; resolves to `None` once the stream is over.
    fn poll_chunk(&self, context: &Context<'_>) -> Poll<Option<Bytes>> {
        let mut queue = self.queue();
        if let Some((upto, chunk)) = queue.chunks.pop_front() {
            queue.bytes = queue.bytes.saturating_sub(chunk.len());
            queue.sent = queue.sent.max(upto);
            self.room.notify_waiters();
            return Poll::Ready(Some(chunk));
        }
        if queue.over {
            return Poll::Ready(None);
        }
        queue.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// Returns a heartbeat, which names how far the subscriber has come.
    fn heartbeat(&self, position: Option<Seq>) -> Bytes {
        let mut queue = self.queue();
        if queue.later.is_none()
            && queue.chunks.is_empty()
            && let Some(position) = position
        {
            queue.sent = queue.sent.max(position);
        }
        sse::heartbeat(self.id(queue.sent))
    }
}

/// The body of an answer: what is queued for a subscriber, and heartbeats.
pub(crate) struct Changes {
    subscriber: Arc<Subscriber>,
    stats: Arc<Stats>,
    heartbeat: Interval,
}

impl Changes {
    /// Returns a body that counts as an open subscriber until it is dropped.
    pub(crate) fn new(subscriber: Arc<Subscriber>, stats: Arc<Stats>, every: Duration) -> Self {
        let mut heartbeat = interval_at(Instant::now() + every, every);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { subscriber, stats, heartbeat }
    }
}

impl Stream for Changes {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // Before the queue is read: everything up to here is in it.
        let position = self.subscriber.position();
        if let Poll::Ready(chunk) = self.subscriber.poll_chunk(context) {
            return Poll::Ready(chunk.map(Ok));
        }
        if self.heartbeat.poll_tick(context).is_ready() {
            return Poll::Ready(Some(Ok(self.subscriber.heartbeat(position))));
        }
        Poll::Pending
    }
}

impl Drop for Changes {
    fn drop(&mut self) {
        self.subscriber.abandon();
        self.stats.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// What the connection is handed now.
    fn taken(subscriber: &Subscriber) -> Vec<Bytes> {
        let context = Context::from_waker(Waker::noop());
        let mut taken = Vec::new();
        while let Poll::Ready(Some(chunk)) = subscriber.poll_chunk(&context) {
            taken.push(chunk);
        }
        taken
    }

    #[test]
    fn what_happens_waits_until_what_was_before_is_sent() {
        let subscriber = Subscriber::new(Grant::ALL, None, 1 << 20);
        let stats = Stats::new(1 << 20);
        subscriber.begin(3);
        assert!(subscriber.push(9, Bytes::from_static(b"live"), &stats));
        assert_eq!(taken(&subscriber), ["retry: 2000\nid: 3\n\n"]);
        subscriber.catch_up(5, Bytes::from_static(b"before")).now_or_never().unwrap();
        assert_eq!(taken(&subscriber), ["before"]);
        subscriber.caught_up(Position::default());
        assert_eq!(taken(&subscriber), ["live"]);
        assert!(subscriber.push(10, Bytes::from_static(b"next"), &stats));
        assert_eq!(taken(&subscriber), ["next"]);
    }

    /// 2,048 slow readers that all asked for something else held 8 GiB.
    #[test]
    fn all_queues_together_have_a_limit_and_who_holds_most_makes_room() {
        let stats = Arc::new(Stats::new(1_000));
        stats.open.store(3, Ordering::Relaxed);
        let subscribers = [(); 3].map(|()| Subscriber::new(Grant::ALL, None, 1 << 20));
        let [slow, small, quick] = &subscribers;
        let chunk = || stats.chunk(vec![b'x'; 300]);
        let shared = chunk();
        for subscriber in &subscribers {
            subscriber.caught_up(Position::default());
            assert!(subscriber.push(1, shared.clone(), &stats), "counted once");
        }
        drop(shared);
        assert_eq!(stats.unsent.load(Ordering::Relaxed), 300);
        taken(quick);
        for seq in 2..=3 {
            assert!(slow.push(seq, chunk(), &stats));
        }
        assert!(!slow.push(5, chunk(), &stats), "it is too much, and most of it is this one's");
        assert!(small.push(5, chunk(), &stats) && quick.push(5, chunk(), &stats));
        slow.drop_lagging(&stats);
        assert!(stats.unsent.load(Ordering::Relaxed) < 1_000);
        assert!(quick.push(6, chunk(), &stats));
        for subscriber in &subscribers {
            subscriber.abandon();
        }
        assert_eq!(stats.unsent.load(Ordering::Relaxed), 0);
    }
}
