//! The most frequent query: what is linked to a node, under which labels.

use crate::graph::memory::adjacency::{AdjacencyEntry, Run};
use crate::graph::query::budget::Budget;
use crate::graph::query::cursor::Cursor;
use crate::graph::query::error::QueryError;
use crate::graph::query::label_end::LabelEnd;
use crate::graph::query::layer::{FarEnd, Layer};
use crate::graph::query::link_filter::LinkFilter;
use crate::graph::query::link_query::LinkQuery;
use crate::graph::query::slot_filter::SlotFilter;
use crate::graph::query::sources::{sources, take_next, twins};
use crate::graph::view::View;
use crate::model::{NodeRef, Seq, Side, Stamp, Timestamp};

/// One link, as seen from the node whose links are listed: the near end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkRow<T> {
    /// The object key of the far end.
    pub object: T,
    /// The record of the far end; absent on the object layer.
    pub record: Option<T>,
    /// What people call the record, if an event has said so.
    pub name: Option<T>,
    /// The role of the far end; absent while the association is unknown.
    pub label: Option<T>,
    /// The role of the near end; absent while the association is unknown.
    pub own_label: Option<T>,
    /// The side that the near end is on.
    pub side: Side,
    /// The id of the association.
    pub association: T,
    /// Its key; absent while it is unknown.
    pub association_key: Option<T>,
    /// Its type; absent while it is unknown.
    pub association_type: Option<T>,
    /// The id of the relation; absent on the object layer.
    pub relation: Option<T>,
    /// The time of the event that made the link so, if it was dated.
    pub at: Option<Timestamp>,
    /// The journal position of that event.
    pub seq: Seq,
}

/// A link whose texts are borrowed from the graph.
pub type Link<'g> = LinkRow<&'g str>;

/// The members of a link as JSON, without texts.
const LINK_MEMBERS: usize = 218;

impl Link<'_> {
    /// Counts the link as a row of an answer.
    pub(super) fn write(&self, budget: &mut Budget<'_>) -> bool {
        let known = [self.record, self.name, self.label, self.own_label, self.relation];
        let of = [Some(self.association), self.association_key, self.association_type];
        let texts = std::iter::once(Some(self.object)).chain(known).chain(of);
        budget.write(LINK_MEMBERS, texts)
    }

    /// Returns the same with texts of its own.
    pub fn into_owned(self) -> LinkRow<String> {
        LinkRow {
            object: self.object.to_owned(),
            record: self.record.map(str::to_owned),
            name: self.name.map(str::to_owned),
            label: self.label.map(str::to_owned),
            own_label: self.own_label.map(str::to_owned),
            side: self.side,
            association: self.association.to_owned(),
            association_key: self.association_key.map(str::to_owned),
            association_type: self.association_type.map(str::to_owned),
            relation: self.relation.map(str::to_owned),
            at: self.at,
            seq: self.seq,
        }
    }
}

/// One page of links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkPage<T> {
    /// The links, in the requested order.
    pub links: Vec<LinkRow<T>>,
    /// The cursor of the next page, if there is one.
    pub next: Option<Cursor>,
    /// Number of links that the filter selects over all pages; unknown for a filter
    /// by time.
    pub total: Option<u64>,
    /// Whether the list ends here. If it does not and there is no `next`, no budget was
    /// left for its first link.
    pub complete: bool,
}

impl LinkPage<&str> {
    /// Returns the same page with texts of its own.
    pub fn into_owned(self) -> LinkPage<String> {
        let links = self.links.into_iter().map(Link::into_owned).collect();
        LinkPage { links, next: self.next, total: self.total, complete: self.complete }
    }
}

impl<'g> View<'g> {
    /// Lists the links of a node that the query selects.
    ///
    /// Costs the node's slots and the links listed, however many links the node
    /// or the graph has; a filter by time visits the links between those, too.
    /// With the budget exhausted, the page ends early, and can be continued if it got
    /// anywhere.
    pub fn links(
        self,
        node: &NodeRef,
        query: &LinkQuery,
        budget: &mut Budget<'_>,
    ) -> Result<LinkPage<&'g str>, QueryError> {
        let (layer, node) = self.place(node)?;
        let mut slots = SlotFilter::of_one_node(layer, &query.filter, LabelEnd::Far);
        Ok(page(layer, node, query, &mut slots, budget))
    }

    /// Lists the links of many nodes by one query, whose filter is matched against
    /// each label and association once, not once for each node.
    pub fn link_lists(self, query: &LinkQuery) -> LinkLists<'g, '_> {
        let slots = |layer| SlotFilter::new(layer, &query.filter, LabelEnd::Far);
        let (objects, records) = (slots(Layer::Objects(self)), slots(Layer::Records(self)));
        LinkLists { view: self, query, objects, records }
    }
}

/// One query of many nodes, as [`View::link_lists`] does.
#[derive(Debug)]
pub struct LinkLists<'g, 'q> {
    view: View<'g>,
    query: &'q LinkQuery,
    /// What the filter selects on the object layer.
    objects: SlotFilter<'q>,
    /// The same on the record layer.
    records: SlotFilter<'q>,
}

impl<'g> LinkLists<'g, '_> {
    /// Lists the links of one of the nodes, as [`View::links`] does.
    pub fn of(
        &mut self,
        node: &NodeRef,
        budget: &mut Budget<'_>,
    ) -> Result<LinkPage<&'g str>, QueryError> {
        let (layer, node) = self.view.place(node)?;
        let slots = match layer {
            Layer::Objects(_) => &mut self.objects,
            Layer::Records(_) => &mut self.records,
        };
        Ok(page(layer, node, self.query, slots, budget))
    }
}

/// Returns how many links of a node a listing shows.
pub(super) fn link_count(layer: Layer<'_>, node: u32) -> u64 {
    let everything = LinkFilter::default();
    let runs = layer.adjacency(node).runs().filter(|run| !layer.is_hidden(run.slot.kind()));
    runs.map(|run| count(layer, node, run, &everything)).sum()
}

fn page<'g>(
    layer: Layer<'g>,
    node: u32,
    query: &LinkQuery,
    slots: &mut SlotFilter<'_>,
    budget: &mut Budget<'_>,
) -> LinkPage<&'g str> {
    let Some((mut sources, total)) = sources(layer, node, query, slots, budget) else {
        // Which of its links comes first is not known: the next page begins where this one did.
        return LinkPage { links: vec![], next: query.after, total: None, complete: false };
    };
    let timed = query.is_timed();
    let most = usize::try_from(total).map_or(query.limit, |total| total.min(query.limit));
    let mut entries: Vec<AdjacencyEntry> = Vec::with_capacity(most);
    let mut last = None;
    while entries.len() < query.limit && budget.charge(1) {
        let Some(entry) = take_next(&mut sources) else { break };
        last = Some(entry);
        if !timed || query.is_in_time(layer.stamp(entry)) {
            entries.push(entry);
        }
    }
    let mut more = !sources.is_empty();
    let behind = |entry: AdjacencyEntry| Cursor {
        order: query.order,
        place: layer.link_place(entry.relation),
        side: entry.slot.side(),
    };
    let far_ends = layer.far_ends(&entries);
    let mut links = Vec::with_capacity(entries.len());
    for (&entry, end) in entries.iter().zip(&far_ends) {
        let link = describe(layer, entry, end);
        if !link.write(budget) {
            more = true;
            last = links.len().checked_sub(1).and_then(|at| entries.get(at)).copied();
            break;
        }
        links.push(link);
    }
    // After a page that ended before its first link, the next begins where it did.
    let next = if more { last.map(behind).or(query.after) } else { None };
    let complete = !more && !budget.is_exhausted();
    LinkPage { links, next, total: (!timed).then_some(total), complete }
}

/// Returns how many links of a run a listing shows.
pub(super) fn count(layer: Layer<'_>, node: u32, run: Run<'_>, filter: &LinkFilter) -> u64 {
    u64::from(run.live) - twins(layer, node, run.slot, filter)
}

pub(super) fn describe<'g>(layer: Layer<'g>, entry: AdjacencyEntry, end: &FarEnd<'g>) -> Link<'g> {
    let side = entry.slot.side();
    let association = layer.association(entry.slot.kind());
    let FarEnd { record, name, relation, stamp } = *end;
    Link {
        object: layer.far_object(entry.slot),
        record,
        name,
        label: association.label(side.other()),
        own_label: association.label(side),
        side,
        association: &association.id,
        association_key: association.definition.as_ref().map(|d| d.key.as_ref()),
        association_type: association.definition.as_ref().map(|d| d.association_type.as_ref()),
        relation,
        at: stamp.and_then(Stamp::at),
        seq: stamp.map_or(0, Stamp::seq),
    }
}
