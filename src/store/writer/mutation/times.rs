//! The times of events that are made here: they take effect, and stand in the way of no later
//! event of the sender.

use crate::model::{Stamp, Timestamp};
use crate::store::mutation::MutationRefusal;

/// Returns the time of an event that is to follow another one: now, but at least a millisecond
/// after it, whose clock may be fast.
pub(super) fn after(now: Timestamp, newest: Option<Stamp>) -> Result<Timestamp, MutationRefusal> {
    let next = |at: Timestamp| Timestamp::from_millis(at.as_millis().saturating_add(1));
    let at = newest.and_then(Stamp::at).map_or(now, |newest| now.max(next(newest)));
    if at.is_writable() { Ok(at) } else { Err(MutationRefusal::NoLaterTime) }
}

/// Returns the time of an update of a thing by its newest event, or `None` if it is to have
/// none: of a thing that undated events alone have made, a dated update would hide every
/// undated one that follows.
pub(super) fn of_update(
    now: Timestamp,
    newest: Option<Stamp>,
) -> Result<Option<Timestamp>, MutationRefusal> {
    let is_undated = newest.is_none_or(|newest| newest.at().is_none() && !newest.is_delete());
    if is_undated { Ok(None) } else { after(now, newest).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Rank;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn stamp(millis: Option<i64>, rank: Rank) -> Stamp {
        Stamp::new(millis.map(at), rank, 7)
    }

    #[test]
    fn an_event_follows_the_newest_one_whatever_its_clock() {
        let last = 253_402_300_799_999;
        for (newest, expected) in [
            (None, Some(500)),
            (Some(stamp(None, Rank::Delete)), Some(500)),
            (Some(stamp(Some(400), Rank::Create)), Some(500)),
            (Some(stamp(Some(500), Rank::Delete)), Some(501)),
            (Some(stamp(Some(3_600_000), Rank::Update)), Some(3_600_001)),
            (Some(stamp(Some(last - 1), Rank::Create)), Some(last)),
            (Some(stamp(Some(last), Rank::Create)), None),
        ] {
            assert_eq!(after(at(500), newest).ok(), expected.map(at), "{newest:?}");
        }
    }

    #[test]
    fn an_update_is_dated_only_where_another_event_is() {
        for (newest, expected) in [
            (None, None),
            (Some(stamp(None, Rank::Create)), None),
            (Some(stamp(None, Rank::Update)), None),
            (Some(stamp(None, Rank::Delete)), Some(500)),
            (Some(stamp(Some(400), Rank::Create)), Some(500)),
            (Some(stamp(Some(600), Rank::Update)), Some(601)),
        ] {
            assert_eq!(of_update(at(500), newest).ok(), Some(expected.map(at)), "{newest:?}");
        }
    }
}
