//! Opening a store beside the processes that write to its database.

use crate::journal::{CheckpointRow, Database, JournalError, JournalReader};
use crate::model::{LocationId, Seq};
use crate::store::changes::reader::ChangesError;
use crate::store::location::LocationSummary;
use crate::store::location_ids::{each_location, forget_changes};
use crate::store::locations::Locations;
use crate::store::options::Options;
use crate::store::pruned::Pruned;
use crate::store::recovery::{OpenError, Replaying, replay};
use crate::store::store::Store;
use crate::store::writer::checkpoint::checkpointer::Checkpointer;
use crate::store::writer::compaction::Compactions;
use crate::sync::IgnorePoison;

/// Number of events without effect that are remembered before checking which of them are
/// saved.
const IDLE_MAX: usize = 10_000;

impl Store {
    /// Opens one location of the store in this database as
    /// [`open_read_only`](Self::open_read_only) does; it contains no others.
    ///
    /// Costs the checkpoint of that location, and skipping the events of others after it.
    pub fn open_location_read_only(
        database: impl Into<Database>,
        location: &str,
    ) -> Result<Self, OpenError> {
        Self::open_location_read_only_with(database, location, &Options::default())
    }

    /// Opens one location as [`open_location_read_only`](Self::open_location_read_only)
    /// does, under the limits of these options.
    pub fn open_location_read_only_with(
        database: impl Into<Database>,
        location: &str,
        options: &Options,
    ) -> Result<Self, OpenError> {
        Self::open_beside_writer(database.into(), Some(location), options)
    }

    /// Returns the ids of up to `limit` locations of the store in this database, in
    /// the order of their first event, without building a graph.
    pub fn location_ids(
        database: impl Into<Database>,
        limit: usize,
    ) -> Result<Vec<String>, OpenError> {
        let mut journal = database.into().open_read_only()?;
        let mut ids = Vec::new();
        each_location(journal.as_mut(), limit, |id| ids.push(id.to_owned()))?;
        Ok(ids)
    }

    /// Describes up to `limit` locations of the store in this database, in the order of
    /// their first event, without building a graph: what a location holds is as of the last
    /// checkpoint, and `None` if that does not know it.
    pub fn describe_locations(
        database: impl Into<Database>,
        limit: usize,
    ) -> Result<Vec<(String, Option<LocationSummary>)>, OpenError> {
        let mut journal = database.into().open_read_only()?;
        let locations = Locations::default();
        journal.list_locations(&mut |row| {
            match row {
                CheckpointRow::Location { number, id, .. } => {
                    locations.restore_on_disk(*number, &LocationId::from(*id));
                }
                CheckpointRow::Summary { location, name, counts, tombstones } => {
                    locations.set_summary(*location, *name, *counts, *tombstones);
                }
                _ => {}
            }
            Ok(())
        })?;
        let mut described = Vec::new();
        each_location(journal.as_mut(), limit, |id| {
            described.push((id.to_owned(), locations.summary(id)));
        })?;
        Ok(described)
    }

    /// Merges the events that a writing process has added since, in a store that was opened
    /// [for reading only](Self::open_read_only), and returns the seq that every query sees
    /// from now on. Other stores are always up to date.
    ///
    /// Costs opening the database and the new events.
    ///
    /// # Errors
    ///
    /// [`ChangesError::Pruned`] if some of them were pruned before: open it again.
    pub fn refresh(&self) -> Result<Seq, ChangesError> {
        if !self.is_read_only() {
            return Ok(self.head());
        }
        let _one_at_a_time = self.refreshing.lock().ignore_poison();
        let mut journal = self.reader()?;
        let (known, pruned) = (self.head(), journal.pruned()?);
        if pruned > known {
            return Err(ChangesError::Pruned(Pruned { upto: pruned, asked: known }));
        }
        let mut checkpointer =
            Checkpointer::new(&Options::default()).with_no_ops(self.no_ops.clone());
        let head = journal.head()?;
        if head > known {
            let compactions = Compactions::load(journal.as_mut(), known)?;
            let replaying = Replaying { after: known, upto: head, compactions: &compactions };
            replay(journal.as_mut(), &replaying, &self.locations, &mut checkpointer)?;
            checkpointer.touched().for_each(|number| forget_changes(&self.locations, number));
            self.state.make_visible(head);
        }
        self.forget_saved(journal.as_mut())?;
        Ok(head)
    }

    /// Keeps no more in memory than a writer would, while a file is followed for long.
    fn forget_saved(&self, journal: &mut dyn JournalReader) -> Result<(), JournalError> {
        let known = self.no_ops.after(0);
        if known.len() < IDLE_MAX {
            return Ok(());
        }
        if let (Some(first), Some(last)) = (known.first(), known.last()) {
            let saved = journal.no_ops(*first..=*last)?;
            self.no_ops.remove_all(&saved.into_iter().collect());
        }
        Ok(())
    }
}
