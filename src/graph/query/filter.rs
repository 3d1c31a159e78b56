//! Which links a question goes along.

use crate::graph::memory::adjacency::{Run, Slot};
use crate::graph::query::budget::Budget;
use crate::graph::query::label_end::LabelEnd;
use crate::graph::view::Layer;
use crate::model::Side;

/// Which links to go along. The default is every link.
///
/// ```
/// use relata::graph::LinkFilter;
///
/// let buyers = LinkFilter::default().label("Interested Buyer").object("contact");
/// assert!(!buyers.is_everything());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkFilter {
    /// Only links with one of these labels; none is no filter.
    pub labels: Vec<String>,
    /// Only links under one of these associations, by id or key; none is no
    /// filter.
    pub associations: Vec<String>,
    /// Only links to things of this object key.
    pub object: Option<String>,
    /// Only links in which the thing that is asked about stands on this end.
    pub side: Option<Side>,
}

impl LinkFilter {
    /// Adds a label to those of which a link must have one.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.labels.push(label.into());
        self
    }

    /// Adds an association, by id or key, to those of which a link must be of
    /// one.
    #[must_use]
    pub fn association(mut self, id_or_key: impl Into<String>) -> Self {
        self.associations.push(id_or_key.into());
        self
    }

    /// Keeps links to things of this object key.
    #[must_use]
    pub fn object(mut self, key: impl Into<String>) -> Self {
        self.object = Some(key.into());
        self
    }

    /// Keeps links in which the asked thing stands on this end.
    #[must_use]
    pub fn side(mut self, side: Side) -> Self {
        self.side = Some(side);
        self
    }

    /// Whether it keeps every link.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Whether links of this slot, seen from one of its nodes, are to be gone
    /// along.
    pub(super) fn selects(&self, layer: Layer<'_>, slot: Slot, read: LabelEnd) -> bool {
        // Asked from the far end, the same links stand in the other slot.
        let slot = if read == LabelEnd::Own { slot.other() } else { slot };
        let association = layer.association(slot.kind());
        let labelled = |side: Side| {
            let label = association.label(side);
            label.is_some_and(|label| self.labels.iter().any(|wanted| wanted == label))
        };
        let (own, far) = (slot.side(), slot.side().other());
        !layer.is_hidden(slot.kind())
            && self.side.is_none_or(|side| side == own)
            && self.object.as_deref().is_none_or(|object| object == layer.far_object(slot))
            && (self.associations.is_empty()
                || self.associations.iter().any(|called| association.is_called(called)))
            && (self.labels.is_empty()
                || labelled(far)
                || read == LabelEnd::Either && labelled(own))
    }
}

/// A filter that remembers what it said of each slot.
#[derive(Debug)]
pub(super) struct SlotFilter<'q> {
    filter: &'q LinkFilter,
    read: LabelEnd,
    /// Every slot is selected.
    all: bool,
    /// Several nodes are looked at, so that remembering pays.
    remember: bool,
    known: Vec<Option<bool>>,
}

impl<'q> SlotFilter<'q> {
    pub(super) fn new(layer: Layer<'_>, filter: &'q LinkFilter, read: LabelEnd) -> Self {
        let all = filter.is_everything() && !layer.hides_some();
        Self { filter, read, all, remember: true, known: Vec::new() }
    }

    /// For one node, each of whose slots is looked at once.
    pub(super) fn of_one_node(layer: Layer<'_>, filter: &'q LinkFilter, read: LabelEnd) -> Self {
        Self { remember: false, ..Self::new(layer, filter, read) }
    }

    /// Whether a run is selected, and there is budget left to visit its links. The
    /// look at its slot is charged too: a node may have thousands that are not
    /// selected.
    #[inline]
    pub(super) fn admit(
        &mut self,
        layer: Layer<'_>,
        run: &Run<'_>,
        budget: &mut Budget<'_>,
    ) -> bool {
        if budget.is_exhausted() {
            return false;
        }
        let selected = self.has(layer, run.slot);
        budget.charge(1 + if selected { run.entries.len() } else { 0 }) && selected
    }

    #[inline]
    pub(super) fn has(&mut self, layer: Layer<'_>, slot: Slot) -> bool {
        if self.all {
            return true;
        }
        match self.known.get(slot.index()) {
            Some(Some(known)) => *known,
            _ => self.learn(layer, slot),
        }
    }

    #[cold]
    fn learn(&mut self, layer: Layer<'_>, slot: Slot) -> bool {
        let selected = self.filter.selects(layer, slot, self.read);
        if !self.remember {
            return selected;
        }
        let at = slot.index();
        if self.known.len() <= at {
            self.known.resize(at + 1, None);
        }
        if let Some(known) = self.known.get_mut(at) {
            *known = Some(selected);
        }
        selected
    }
}
