//! Applied events, handed on as they happen.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{AppliedEvent, Store};
use crate::model::Seq;

/// Who is told of every applied event.
#[derive(Debug, Default)]
pub(super) struct Followers(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    /// The last event that followers were told of, or would have been.
    head: Seq,
    boxes: Vec<Arc<Mutex<Taken>>>,
}

/// What came since a follower looked last.
#[derive(Debug, Default)]
pub struct Taken {
    /// Applied events of all locations, in order.
    pub events: Vec<AppliedEvent>,
    /// They are all that were applied up to this one.
    pub upto: Seq,
    /// More came than there was room for: none is here, and they have to be read by
    /// [`Store::changes`].
    pub lost: bool,
    room: usize,
}

/// Is handed every event that is applied while it exists; see [`Store::follow`].
#[derive(Debug)]
pub struct Follower {
    followers: Arc<Followers>,
    mailbox: Arc<Mutex<Taken>>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Followers {
    pub(super) fn starting_at(head: Seq) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Told { head, boxes: Vec::new() })))
    }

    /// Tells what was applied up to `head`. Asks for the events only while somebody
    /// follows, and with the lock held, so that one who begins to misses none.
    pub(super) fn tell(&self, head: Seq, events: impl Fn() -> Vec<AppliedEvent>) {
        let mut told = held(&self.0);
        told.head = head;
        for mailbox in &told.boxes {
            let mut mailbox = held(mailbox);
            mailbox.events.append(&mut events());
            mailbox.upto = head;
            if mailbox.events.len() > mailbox.room {
                mailbox.events = Vec::new();
                mailbox.lost = true;
            }
        }
    }
}

impl Store {
    /// Has every event of all locations handed over that is applied from now on, for
    /// as long as the follower exists. [Wait](Self::wait_for) for the event behind
    /// [`Taken::upto`], then [`take`](Follower::take).
    ///
    /// Reads nothing from the disk, and costs the writer a copy of each applied event.
    /// In a store that is open for reading only nothing is applied.
    /// A follower that falls more than `room` events behind loses them.
    pub fn follow(&self, room: usize) -> Follower {
        let followers = Arc::clone(&self.followers);
        let mut told = held(&followers.0);
        let mailbox = Taken { upto: told.head, room, ..Taken::default() };
        let mailbox = Arc::new(Mutex::new(mailbox));
        told.boxes.push(Arc::clone(&mailbox));
        drop(told);
        Follower { followers, mailbox }
    }
}

impl Follower {
    /// What came since the last call.
    pub fn take(&self) -> Taken {
        let mut mailbox = held(&self.mailbox);
        let fresh = Taken { upto: mailbox.upto, room: mailbox.room, ..Taken::default() };
        std::mem::replace(&mut mailbox, fresh)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        held(&self.followers.0).boxes.retain(|other| !Arc::ptr_eq(other, &self.mailbox));
    }
}
