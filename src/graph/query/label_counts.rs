//! Counts of the links of a node by label, without listing the links.

use crate::graph::memory::adjacency::Slot;
use crate::graph::query::budget::Budget;
use crate::graph::query::error::QueryError;
use crate::graph::query::layer::Layer;
use crate::graph::query::link_filter::LinkFilter;
use crate::graph::query::links::count;
use crate::graph::view::View;
use crate::model::{NodeRef, Side};

/// How many links a node has under one label of one association.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelRow<T> {
    /// The role of the far ends; absent while the association is unknown.
    pub label: Option<T>,
    /// The role of the near end; absent while the association is unknown.
    pub own_label: Option<T>,
    /// The object key of the far ends.
    pub object: T,
    /// The id of the association.
    pub association: T,
    /// Its key; absent while it is unknown.
    pub association_key: Option<T>,
    /// The side that the near end is on.
    pub side: Side,
    /// How many links.
    pub count: u64,
}

/// Such a count whose texts are borrowed from the graph.
pub type LabelCount<'g> = LabelRow<&'g str>;

impl LabelCount<'_> {
    /// Returns the same with texts of its own.
    pub fn into_owned(self) -> LabelRow<String> {
        LabelRow {
            label: self.label.map(str::to_owned),
            own_label: self.own_label.map(str::to_owned),
            object: self.object.to_owned(),
            association: self.association.to_owned(),
            association_key: self.association_key.map(str::to_owned),
            side: self.side,
            count: self.count,
        }
    }
}

/// The members of a label as JSON, without texts.
const LABEL_MEMBERS: usize = 128;

impl<'g> View<'g> {
    /// Counts the links of a node by label, association and end, in the order in
    /// which the store first heard of the associations.
    ///
    /// Costs the node's labels, however many links they have. With the budget exhausted,
    /// those that were not looked at are left out.
    pub fn labels(
        self,
        of: &NodeRef,
        budget: &mut Budget<'_>,
    ) -> Result<Vec<LabelCount<'g>>, QueryError> {
        let (layer, node) = self.place(of)?;
        let filter = LinkFilter::default();
        let runs = layer.adjacency(node).runs().take_while(|_| budget.charge(1));
        let runs = runs.filter(|run| !layer.is_hidden(run.slot.kind()));
        let counted = runs.map(|run| (run.slot, count(layer, node, run, &filter)));
        let mut counted: Vec<_> = counted.filter(|(_, count)| *count > 0).collect();
        counted.sort_unstable_by_key(|(slot, _)| layer.order(*slot));
        let mut lines = Vec::with_capacity(counted.len());
        for (slot, links) in counted {
            let line = line(layer, slot, links);
            let of = [Some(line.object), Some(line.association), line.association_key];
            if !budget.write(LABEL_MEMBERS, [line.label, line.own_label].into_iter().chain(of)) {
                break;
            }
            lines.push(line);
        }
        Ok(lines)
    }
}

fn line(layer: Layer<'_>, slot: Slot, count: u64) -> LabelCount<'_> {
    let association = layer.association(slot.kind());
    LabelCount {
        label: association.label(slot.side().other()),
        own_label: association.label(slot.side()),
        object: layer.far_object(slot),
        association: &association.id,
        association_key: association.definition.as_ref().map(|d| d.key.as_ref()),
        side: slot.side(),
        count,
    }
}
