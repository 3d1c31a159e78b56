//! Epochs: stretches of a store's history, and event ids that say which one they are of.

use std::fmt;
use std::str::FromStr;

use crate::model::stamp::Seq;

/// The random id of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EpochId(pub u32);

/// A stretch of a store's history. A new one begins when the store is restored from a
/// copy: from then on the same seqs may belong to other events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch {
    /// Its id.
    pub id: EpochId,
    /// The last event that it shares with the epoch before.
    pub after: Seq,
}

/// A place in the change feed: an event, and the epoch it is of unless that is the
/// first. Written `17`, or `17-3f9a01c2` once a store has been restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventId {
    /// The event.
    pub seq: Seq,
    /// The epoch, or `None` for the first.
    pub epoch: Option<EpochId>,
}

/// Every epoch of a store, oldest first; there is always one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epochs {
    first: EpochId,
    later: Vec<Epoch>,
}

/// A place belongs to a history that this store does not share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "event {id} is of a history that ended when the store was restored from a copy: export the \
     graph again and follow the changes after it"
)]
pub struct ForeignEpoch {
    /// The place.
    pub id: EventId,
}

/// A text is not an [`EventId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an event id, such as 17")]
pub struct ParseEventIdError;

impl Epochs {
    /// Returns the epochs of a store that was never restored.
    pub fn starting_with(first: EpochId) -> Self {
        Self { first, later: Vec::new() }
    }

    /// Adds an epoch that begins after this event.
    pub fn push(&mut self, epoch: Epoch) {
        self.later.push(epoch);
    }

    /// Returns the id of the epoch that the store is in.
    pub fn current(&self) -> EpochId {
        self.later.last().map_or(self.first, |last| last.id)
    }

    /// Returns the epoch to write into event ids: `None` in the first.
    pub fn mark(&self) -> Option<EpochId> {
        self.later.last().map(|last| last.id)
    }

    /// Returns the seq of a place.
    ///
    /// # Errors
    ///
    /// [`ForeignEpoch`] if the place is of an epoch unknown here, or after the event
    /// after which a later epoch began.
    pub fn resolve(&self, id: EventId) -> Result<Seq, ForeignEpoch> {
        let later = match id.epoch {
            None => Some(&*self.later),
            Some(epoch) if epoch == self.first => Some(&*self.later),
            Some(epoch) => {
                let known = self.later.iter().position(|later| later.id == epoch);
                known.and_then(|at| self.later.get(at + 1..))
            }
        };
        let shared = later.is_some_and(|later| later.iter().all(|epoch| id.seq <= epoch.after));
        if shared { Ok(id.seq) } else { Err(ForeignEpoch { id }) }
    }
}

impl fmt::Display for EpochId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl FromStr for EpochId {
    type Err = ParseEventIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 8 || !text.bytes().all(is_hex) {
            return Err(ParseEventIdError);
        }
        u32::from_str_radix(text, 16).map(Self).map_err(|_| ParseEventIdError)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.epoch {
            None => write!(f, "{}", self.seq),
            Some(epoch) => write!(f, "{}-{epoch}", self.seq),
        }
    }
}

impl FromStr for EventId {
    type Err = ParseEventIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (seq, epoch) = match text.split_once('-') {
            None => (text, None),
            Some((seq, epoch)) => (seq, Some(epoch.parse()?)),
        };
        if !seq.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ParseEventIdError);
        }
        Ok(Self { seq: seq.parse().map_err(|_| ParseEventIdError)?, epoch })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_holds_as_far_as_its_history_is_shared() {
        let [a, b, c] = [1, 2, 3].map(EpochId);
        let mut epochs = Epochs::starting_with(a);
        let check = |epochs: &Epochs, seq, epoch, holds| {
            let id = EventId { seq, epoch };
            assert_eq!(epochs.resolve(id).is_ok(), holds, "{id} in {epochs:?}");
        };
        for epoch in [None, Some(a)] {
            check(&epochs, 9, epoch, true);
        }
        check(&epochs, 0, Some(b), false);
        epochs.push(Epoch { id: b, after: 4 });
        for epoch in [None, Some(a)] {
            check(&epochs, 4, epoch, true);
            check(&epochs, 5, epoch, false);
        }
        check(&epochs, 5, Some(b), true);
        // Restored once more, from a copy that is newer or older than the first was.
        for (after, from_a, from_b) in [(6, 4, 6), (2, 2, 2)] {
            let mut epochs = epochs.clone();
            epochs.push(Epoch { id: c, after });
            check(&epochs, from_a, None, true);
            check(&epochs, from_a + 1, None, false);
            check(&epochs, from_b, Some(b), true);
            check(&epochs, from_b + 1, Some(b), false);
            check(&epochs, 9, Some(c), true);
            assert_eq!((epochs.current(), epochs.mark()), (c, Some(c)));
        }
    }

    #[test]
    fn event_ids_are_read_strictly() {
        for text in ["0", "17", "18446744073709551615", "17-3f9a01c2", "0-00000000"] {
            assert_eq!(text.parse::<EventId>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "-",
            "+1",
            "-1",
            "1-",
            "1-3f9a01c",
            "1-3F9A01C2",
            "1-3f9a01c2-",
            "1-+f9a01c2",
            "x",
            "18446744073709551616",
            " 1",
            "1-3f9a01c2 ",
        ] {
            assert_eq!(text.parse::<EventId>(), Err(ParseEventIdError), "{text:?}");
        }
    }
}
