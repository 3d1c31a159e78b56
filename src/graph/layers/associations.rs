//! The associations of one location, known or only named.

use crate::graph::memory::id_index::IdIndex;
use crate::graph::memory::table::{AssociationNo, CowTable};
use crate::graph::outcome::Outcome;
use crate::model::{Association, Side, Stamp};

/// One association.
#[derive(Debug, Clone)]
pub(crate) struct AssociationRow {
    pub(crate) id: Box<str>,
    /// The event that made its state; absent while only relations have named it.
    pub(crate) stamp: Option<Stamp>,
    /// Its definition; absent while unknown and after a delete.
    pub(crate) definition: Option<Association>,
}

impl AssociationRow {
    pub(crate) fn is_deleted(&self) -> bool {
        self.stamp.is_some_and(Stamp::is_delete)
    }

    /// Returns the label of this end, or `None` while the association is unknown.
    pub(crate) fn label(&self, side: Side) -> Option<&str> {
        self.definition.as_ref().map(|definition| definition.end(side).label.as_ref())
    }

    /// Returns whether this is its id or key.
    pub(crate) fn is_called(&self, id_or_key: &str) -> bool {
        *self.id == *id_or_key
            || self.definition.as_ref().is_some_and(|definition| *definition.key == *id_or_key)
    }
}

/// Associations by number and by id. Label texts live here alone, so a rename
/// touches one place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Associations {
    rows: CowTable<AssociationNo, AssociationRow>,
    by_id: IdIndex,
}

impl Associations {
    pub(crate) fn rows(&self) -> &CowTable<AssociationNo, AssociationRow> {
        &self.rows
    }

    /// Returns the bytes of memory that finding one by its id takes.
    pub(in crate::graph) fn index_bytes(&self) -> usize {
        self.by_id.bytes()
    }

    pub(crate) fn find(&self, id: &str) -> Option<AssociationNo> {
        self.by_id.find(self.by_id.hash(id), |number| *self.rows[number].id == *id)
    }

    /// Returns the number of an association, assigned now if it had none, and whether it
    /// had none.
    pub(crate) fn intern(&mut self, id: &str) -> (AssociationNo, bool) {
        if let Some(known) = self.find(id) {
            return (known, false);
        }
        let row = AssociationRow { id: id.into(), stamp: None, definition: None };
        let number = self.rows.push(row);
        self.by_id.insert(self.by_id.hash(id), number);
        (number, true)
    }

    /// Restores an association to the place that it had, or returns `None` if it cannot be
    /// there.
    pub(crate) fn add(&mut self, id: &str, place: u32) -> Option<AssociationNo> {
        if !self.rows.skip_to(place) {
            return None;
        }
        let (number, is_new) = self.intern(id);
        is_new.then_some(number)
    }

    /// Merges one event: a definition, or a delete.
    pub(crate) fn merge(
        &mut self,
        number: AssociationNo,
        definition: Option<&Association>,
        stamp: Stamp,
    ) -> Outcome {
        let old = &self.rows[number];
        let same = old.stamp.is_some() && old.definition.as_ref() == definition;
        match old.stamp {
            Some(old) if same && stamp.same_but_seq(old) => return Outcome::Unchanged,
            Some(old) if stamp <= old => return Outcome::Stale,
            _ => {}
        }
        let row = &mut self.rows[number];
        row.stamp = Some(stamp);
        row.definition = definition.cloned();
        if same { Outcome::Unchanged } else { Outcome::Applied }
    }

    pub(crate) fn restore(
        &mut self,
        number: AssociationNo,
        stamp: Option<Stamp>,
        definition: Option<Association>,
    ) {
        let row = &mut self.rows[number];
        (row.stamp, row.definition) = (stamp, definition);
    }
}
