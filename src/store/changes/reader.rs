//! The change feed: applied events, from where a reader left off.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::journal::{JournalError, JournalReader};
use crate::model::{
    Association, AssociationId, Change, Event, NodeRef, ObjectKey, Seq, Side, Timestamp,
};
use crate::store::history;
use crate::store::index::scan::{Scan, Stop};
use crate::store::locations::Location;
use crate::store::store::Store;

/// Entries read for one page at most: those of other locations lie between.
const PAGE_ENTRIES: u64 = 50_000;

/// Which changes to show. The default is every change.
///
/// ```
/// use relata::ChangeFilter;
///
/// let amara = ChangeFilter { of: "contact/amara".parse().ok(), ..ChangeFilter::default() };
/// # assert!(amara.of.is_some());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ChangeFilter {
    /// Only relations of which an end has one of these labels; none is no filter. It
    /// keeps back relations alone, and only those whose labels are known.
    pub labels: Vec<String>,
    /// Only events about things of this object key.
    pub object: Option<String>,
    /// Only events that name this record, or are about an association of its object
    /// key; or for an object key, its schema and its associations.
    pub of: Option<NodeRef>,
}

/// An event that changed the graph of its location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedEvent {
    /// Its position.
    pub seq: Seq,
    /// When it came in.
    pub received_at: Timestamp,
    /// What it says.
    pub event: Event,
    /// The association of a relation, as far as it was known when this was read.
    pub association: Option<Arc<Association>>,
}

/// Which changes of a location to read, up to an event that is visible.
#[derive(Debug)]
pub(crate) struct ChangeQuery<'q> {
    pub(crate) location: &'q str,
    pub(crate) filter: &'q ChangeFilter,
    pub(crate) after: Seq,
    pub(crate) upto: Seq,
    pub(crate) limit: usize,
}

/// Changes, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangePage {
    /// The changes.
    pub events: Vec<AppliedEvent>,
    /// What to pass as `after` to go on; less than [`Store::head`] if there may be
    /// more already.
    pub upto: Seq,
}

/// The changes behind an event cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangesError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(JournalError),
    /// Some of them were pruned: ask for the graph anew, and go on from its seq.
    #[error("events up to {pruned} are pruned, so what changed since {after} is not known")]
    Pruned {
        /// Where the reader left off.
        after: Seq,
        /// The last event that was pruned.
        pruned: Seq,
    },
}

impl From<JournalError> for ChangesError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::PrunedWhileReading { seq, pruned } => {
                Self::Pruned { after: seq.saturating_sub(1), pruned }
            }
            error => Self::Journal(error),
        }
    }
}

impl Store {
    /// Up to `limit` changes of a location behind `after`, or behind what was there
    /// when it was asked if none is; see [`ChangePage::upto`]. Events that were accepted
    /// but did nothing, because what they say was known already or something newer was,
    /// are no changes. (Of those that a Relata without this feed accepted, it is not
    /// known: all of them are shown.)
    ///
    /// Reads the location's events behind `after` and a few around each, and whatever
    /// came since the last checkpoint, up to 50,000: a page may hold few changes, or
    /// none, and not be the last.
    ///
    /// ```
    /// use std::time::Duration;
    /// use relata::{ChangeFilter, Store};
    ///
    /// let store = Store::in_memory()?;
    /// store.ingest(br#"{"id":"67ae","associationId":"67ad","locationId":"eHy2",
    ///     "firstObjectKey":"contact","firstRecordId":"amara",
    ///     "secondObjectKey":"custom_objects.property","secondRecordId":"12-maple-street"}"#)?;
    ///
    /// let filter = ChangeFilter { object: Some("contact".into()), ..Default::default() };
    /// let mut after = 0;
    /// loop {
    ///     let page = store.changes("eHy2", after, &filter, 100)?;
    ///     for change in &page.events {
    ///         println!("{} {}", change.seq, change.event.event_type);
    ///     }
    ///     after = page.upto;
    ///     // Followed for as long as something happens within a millisecond.
    ///     if !store.wait_for(after + 1, Duration::from_millis(1)) {
    ///         break;
    ///     }
    /// }
    /// assert_eq!(after, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn changes(
        &self,
        location: &str,
        after: Seq,
        filter: &ChangeFilter,
        limit: usize,
    ) -> Result<ChangePage, ChangesError> {
        let query = ChangeQuery { location, filter, after, upto: self.head(), limit };
        self.changes_until(self.reader()?.as_mut(), &query, &|| false)
    }

    /// Reads one page of changes with a reader of the journal that may be used for many,
    /// until it is to stop: the page then ends early.
    pub(crate) fn changes_until(
        &self,
        journal: &mut dyn JournalReader,
        query: &ChangeQuery<'_>,
        stop: Stop<'_>,
    ) -> Result<ChangePage, ChangesError> {
        let &ChangeQuery { location, filter, after, upto, limit } = query;
        // Before the journal is looked at: see there.
        let unsaved = self.idle.behind(after);
        let pruned = journal.pruned()?;
        if after < pruned {
            return Err(ChangesError::Pruned { after, pruned });
        }
        let mut definitions = Definitions::of(self.location(location));
        let mut page = ChangePage { events: Vec::new(), upto: upto.max(after) };
        let mut failed = None;
        let scan = Scan { location, after, upto, entries_max: PAGE_ENTRIES, stop };
        let stopped = scan.run(journal, &mut Vec::new(), &mut |seq, entry, _| {
            if page.events.len() == limit {
                page.upto = seq - 1;
                return ControlFlow::Break(());
            }
            if unsaved.contains(&seq) {
                return ControlFlow::Continue(());
            }
            let event = match history::read(seq, &entry) {
                Ok(Some(event)) => event,
                Ok(None) => return ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
            };
            if filter.names(&event) {
                let association = definitions.association_of(&event);
                if filter.labels(&event, association.as_deref()) {
                    let received_at = entry.received_at;
                    page.events.push(AppliedEvent { seq, received_at, event, association });
                }
            }
            ControlFlow::Continue(())
        })?;
        failed.map_or(Ok(()), Err)?;
        page.upto = stopped.unwrap_or(page.upto);
        let mut applied = Vec::with_capacity(page.events.len());
        for event in page.events {
            if !journal.is_idle(event.seq)? {
                applied.push(event);
            }
        }
        Ok(ChangePage { events: applied, ..page })
    }
}

impl ChangeFilter {
    /// Whether an event is about what is to be shown, as far as it names that itself.
    /// What it leaves open may be it.
    pub fn names(&self, event: &Event) -> bool {
        let is_of = |key: &str| self.object.as_deref().is_none_or(|object| object == key);
        let joins = |keys: [&ObjectKey; 2]| {
            keys.iter().any(|key| is_of(key.as_str()))
                && self.of.as_ref().is_none_or(|of| keys.contains(&&of.object))
        };
        match &event.change {
            Change::AssociationGone { first, second, .. } => joins([first, second]),
            Change::Association(association) => {
                joins([Side::First, Side::Second].map(|side| &association.end(side).object))
            }
            Change::Relation(relation) => {
                let ends = [&relation.first, &relation.second];
                let has = |of: &NodeRef| {
                    ends.iter()
                        .any(|end| end.object == of.object && Some(&end.id) == of.record.as_ref())
                };
                ends.iter().any(|end| is_of(end.object.as_str()))
                    && self.of.as_ref().is_none_or(has)
            }
            Change::Record { object, id } => {
                object.as_ref().is_none_or(|key| is_of(key.as_str()))
                    && self.of.as_ref().is_none_or(|of| {
                        of.record.as_ref() == Some(id)
                            && object.as_ref().is_none_or(|key| *key == of.object)
                    })
            }
            Change::ObjectSchema(schema) => {
                is_of(schema.key.as_str())
                    && self
                        .of
                        .as_ref()
                        .is_none_or(|of| of.record.is_none() && of.object == schema.key)
            }
        }
    }

    /// Whether an event has one of the labels, or may have: only relations of a known
    /// association are kept back.
    pub fn labels(&self, event: &Event, association: Option<&Association>) -> bool {
        match (&event.change, association) {
            (Change::Relation(_), Some(association)) if !self.labels.is_empty() => {
                let ends = [&association.first, &association.second];
                ends.iter().any(|end| self.labels.iter().any(|label| **label == *end.label))
            }
            _ => true,
        }
    }
}

/// The associations of a location, each looked up once.
#[derive(Debug)]
pub(crate) struct Definitions {
    location: Option<Arc<Location>>,
    known: HashMap<AssociationId, Option<Arc<Association>>>,
}

impl Definitions {
    pub(crate) fn of(location: Option<Arc<Location>>) -> Self {
        Self { location, known: HashMap::new() }
    }

    /// The association of a relation, as it stands now.
    pub(crate) fn association_of(&mut self, event: &Event) -> Option<Arc<Association>> {
        let Change::Relation(relation) = &event.change else { return None };
        if let Some(known) = self.known.get(&relation.association) {
            return known.clone();
        }
        let location = self.location.as_ref()?;
        let found = location.read().association(relation.association.as_str()).cloned();
        let found = found.map(Arc::new);
        self.known.insert(relation.association.clone(), found.clone());
        found
    }
}
