//! Decides which label slots a [`LinkFilter`] selects: where the label of a query meets the
//! links.

use crate::graph::memory::adjacency::{Run, Slot};
use crate::graph::query::budget::Budget;
use crate::graph::query::label_end::LabelEnd;
use crate::graph::query::layer::Layer;
use crate::graph::query::link_filter::LinkFilter;
use crate::model::Side;

/// A filter that remembers which slots it selects.
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
    /// Returns a filter that reads a link's label at this end.
    pub(super) fn new(layer: Layer<'_>, filter: &'q LinkFilter, read: LabelEnd) -> Self {
        let all = filter.is_everything() && !layer.hides_some();
        Self { filter, read, all, remember: true, known: Vec::new() }
    }

    /// Returns a filter for one node, each of whose slots is looked at once.
    pub(super) fn of_one_node(layer: Layer<'_>, filter: &'q LinkFilter, read: LabelEnd) -> Self {
        Self { remember: false, ..Self::new(layer, filter, read) }
    }

    /// Returns whether a run is selected, and there is budget left to visit its links. The
    /// look at its slot is charged too: a node may have thousands that are not selected.
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

impl LinkFilter {
    /// Returns whether the filter selects the links of a slot, as seen from the node that
    /// has it, from the far end, or from either.
    fn selects(&self, layer: Layer<'_>, slot: Slot, from: LabelEnd) -> bool {
        // Seen from the far end, the same links are in the other slot.
        !layer.is_hidden(slot.kind())
            && match from {
                LabelEnd::Far => self.selects_slot(layer, slot),
                LabelEnd::Own => self.selects_slot(layer, slot.other()),
                LabelEnd::Either => {
                    self.selects_slot(layer, slot) || self.selects_slot(layer, slot.other())
                }
            }
    }

    fn selects_slot(&self, layer: Layer<'_>, slot: Slot) -> bool {
        let association = layer.association(slot.kind());
        let labelled = |side: Side| {
            let label = association.label(side);
            label.is_some_and(|label| self.labels.iter().any(|wanted| wanted == label))
        };
        let (own, far) = (slot.side(), slot.side().other());
        self.side.is_none_or(|side| side == own)
            && self.object.as_deref().is_none_or(|object| object == layer.far_object(slot))
            && (self.associations.is_empty()
                || self.associations.iter().any(|called| association.is_called(called)))
            && (self.labels.is_empty() || labelled(far))
    }
}
