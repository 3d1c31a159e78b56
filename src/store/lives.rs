//! When the things of a location were there, told by its events.

use std::sync::PoisonError;

use super::past::replay;
use super::{AsOf, PastError, Store};
use crate::graph::Lives;
use crate::model::Seq;

impl Store {
    /// All that ever was in a location up to a moment, or up to now, and when it
    /// was; and the last event that counts.
    ///
    /// Reads the journal like [`Store::past`], keeps nothing, and holds as much as
    /// [`Lives`] says while it lasts; so there is one at a time.
    pub fn lives(&self, location: &str, as_of: Option<AsOf>) -> Result<(Seq, Lives), PastError> {
        let past = as_of.map(|as_of| self.seq_as_of(as_of)).transpose()?.flatten();
        let seq = past.unwrap_or_else(|| self.head());
        let _one_at_a_time = self.pasts.building.lock().unwrap_or_else(PoisonError::into_inner);
        let mut journal = self.whole_journal()?;
        let mut lives = Lives::default();
        replay(journal.as_mut(), location, 0, seq, &mut |at, event| lives.take(at, event))?;
        lives.settle();
        Ok((seq, lives))
    }
}
