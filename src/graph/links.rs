//! The question asked most: what is linked to this node, under which labels.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::adjacency::{Adjacency, Entry, Run, Slot};
use super::associations::AssociationRow;
use super::location_graph::{LocationGraph, Node};
use super::record_layer::RelationRow;
use super::table::{AssociationNo, KindNo, ObjectNo, RecordNo, RelationNo};
use super::text::TextRef;
use crate::model::{Association, NodeRef, Seq, Side, Stamp, Timestamp};

/// The order of a list of links: that in which the store first heard of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// First heard of, first listed.
    #[default]
    Oldest,
    /// Last heard of, first listed.
    Newest,
}

/// Where a page ended. It stays good while the graph changes: no link that was
/// there all along is skipped or repeated by going on from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    order: Order,
    relation: RelationNo,
    side: Side,
}

/// The text is no cursor that Relata has given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor that an answer gave out")]
pub struct ParseCursorError;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = if self.order == Order::Oldest { 'o' } else { 'n' };
        let side = if self.side == Side::First { 'f' } else { 's' };
        write!(f, "{order}{side}{:08x}", self.relation.0)
    }
}

impl FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (order, rest) = match text.split_at_checked(1) {
            Some(("o", rest)) => (Order::Oldest, rest),
            Some(("n", rest)) => (Order::Newest, rest),
            _ => return Err(ParseCursorError),
        };
        let (side, number) = match rest.split_at_checked(1) {
            Some(("f", rest)) => (Side::First, rest),
            Some(("s", rest)) => (Side::Second, rest),
            _ => return Err(ParseCursorError),
        };
        if number.len() != 8
            || !number.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        {
            return Err(ParseCursorError);
        }
        let relation = u32::from_str_radix(number, 16).map_err(|_| ParseCursorError)?;
        Ok(Self { order, relation: RelationNo(relation), side })
    }
}

impl Cursor {
    /// The order of the list that the cursor belongs to.
    pub fn order(&self) -> Order {
        self.order
    }
}

/// Which links to list.
///
/// ```
/// use relata::graph::{LinkQuery, Order};
///
/// let query = LinkQuery::default().label("Interested Buyer").order(Order::Newest).limit(10);
/// assert_eq!(query.limit, 10);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkQuery {
    /// Only links whose far end carries one of these labels; none is no filter.
    pub labels: Vec<String>,
    /// Only links under one of these associations, by id or key; none is no
    /// filter.
    pub associations: Vec<String>,
    /// Only links to things of this object key.
    pub object: Option<String>,
    /// Only links in which the asked thing stands on this end.
    pub side: Option<Side>,
    /// The order of the list.
    pub order: Order,
    /// Go on from here.
    pub after: Option<Cursor>,
    /// The greatest number of links to list.
    pub limit: usize,
}

impl Default for LinkQuery {
    fn default() -> Self {
        Self {
            labels: Vec::new(),
            associations: Vec::new(),
            object: None,
            side: None,
            order: Order::Oldest,
            after: None,
            limit: 100,
        }
    }
}

impl LinkQuery {
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

    /// Sets the order.
    #[must_use]
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Goes on from where a page ended, in that page's order.
    #[must_use]
    pub fn after(mut self, cursor: Cursor) -> Self {
        self.order = cursor.order;
        self.after = Some(cursor);
        self
    }

    /// Sets the greatest number of links to list.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }
}

/// One link, seen from the thing that was asked about. Every text is borrowed
/// from the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link<'g> {
    /// The object key of the far end.
    pub object: &'g str,
    /// The record of the far end; absent on the object layer.
    pub record: Option<&'g str>,
    /// The role of the far end; absent while the association is unknown.
    pub label: Option<&'g str>,
    /// The role of the asked thing; absent while the association is unknown.
    pub own_label: Option<&'g str>,
    /// The end that the asked thing stands on.
    pub side: Side,
    /// The id of the association.
    pub association: &'g str,
    /// Its key; absent while it is unknown.
    pub association_key: Option<&'g str>,
    /// Its type; absent while it is unknown.
    pub association_type: Option<&'g str>,
    /// The id of the relation; absent on the object layer.
    pub relation: Option<&'g str>,
    /// The time of the event that made the link so, if it was dated.
    pub at: Option<Timestamp>,
    /// The journal position of that event.
    pub seq: Seq,
}

/// One page of links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkPage<'g> {
    /// The links, in the order asked for.
    pub links: Vec<Link<'g>>,
    /// Where to go on, if there is more.
    pub next: Option<Cursor>,
    /// How many links the filter selects over all pages.
    pub total: u64,
}

/// One of the two layers, as far as listing links needs it.
trait Layer<'g> {
    fn adjacency(&self) -> Cow<'g, Adjacency>;
    fn association(&self, kind: KindNo) -> &'g AssociationRow;
    fn far_object(&self, slot: Slot) -> &'g str;
    fn is_hidden(&self, kind: KindNo) -> bool;
    fn loops(&self, kind: KindNo) -> u32;
    fn far_ends(&self, entries: &[Entry]) -> Vec<FarEnd<'g>>;
}

/// What each link has of its own.
struct FarEnd<'g> {
    record: Option<&'g str>,
    relation: Option<&'g str>,
    /// The event behind the link.
    stamp: Option<Stamp>,
}

struct ObjectView<'g>(&'g LocationGraph, ObjectNo);
struct RecordView<'g>(&'g LocationGraph, RecordNo);

impl<'g> Layer<'g> for ObjectView<'g> {
    fn adjacency(&self) -> Cow<'g, Adjacency> {
        Cow::Owned(self.0.objects.adjacency(self.1))
    }

    fn association(&self, kind: KindNo) -> &'g AssociationRow {
        &self.0.associations.rows()[AssociationNo(kind.0)]
    }

    fn far_object(&self, slot: Slot) -> &'g str {
        let far = slot.side().other();
        self.association(slot.kind()).definition.as_ref().map_or("", |d| d.end(far).object.as_str())
    }

    fn is_hidden(&self, _: KindNo) -> bool {
        false // An association that is deleted joins nothing.
    }

    fn loops(&self, kind: KindNo) -> u32 {
        let row = self.association(kind);
        u32::from(row.definition.as_ref().is_some_and(|d| d.first.object == d.second.object))
    }

    fn far_ends(&self, entries: &[Entry]) -> Vec<FarEnd<'g>> {
        let stamp = |entry: &Entry| self.association(entry.slot.kind()).stamp;
        let end = |entry| FarEnd { record: None, relation: None, stamp: stamp(entry) };
        entries.iter().map(end).collect()
    }
}

impl<'g> Layer<'g> for RecordView<'g> {
    fn adjacency(&self) -> Cow<'g, Adjacency> {
        Cow::Borrowed(self.0.records.adjacency(self.1))
    }

    fn association(&self, kind: KindNo) -> &'g AssociationRow {
        &self.0.associations.rows()[self.0.records.kinds()[kind].kind.association]
    }

    fn far_object(&self, slot: Slot) -> &'g str {
        let kind = self.0.records.kinds()[slot.kind()].kind;
        let far = if slot.side() == Side::First { kind.second } else { kind.first };
        self.0.objects.rows()[far].key.as_str()
    }

    fn is_hidden(&self, kind: KindNo) -> bool {
        self.0.records.kinds()[kind].hidden
    }

    fn loops(&self, kind: KindNo) -> u32 {
        self.0.records.loops(self.1, kind)
    }

    fn far_ends(&self, entries: &[Entry]) -> Vec<FarEnd<'g>> {
        let records = &self.0.records;
        // All rows before any text: the memory brings many things at once, but a
        // text only once its row is there.
        let row =
            |entry: &Entry| (records.records()[entry.far].id, records.relations()[entry.relation]);
        let rows: Vec<_> = entries.iter().map(row).collect();
        let end = |(far, relation): &(TextRef, RelationRow)| FarEnd {
            record: Some(records.texts().get(*far)),
            relation: Some(records.texts().get(relation.id)),
            stamp: Some(relation.stamp),
        };
        rows.iter().map(end).collect()
    }
}

impl LocationGraph {
    /// Lists the links of a node that the query selects; `None` if no event has
    /// ever named the node.
    ///
    /// Costs the node's slots and the links listed, however many links the node
    /// or the graph has.
    pub fn links(&self, node: &NodeRef, query: &LinkQuery) -> Option<LinkPage<'_>> {
        Some(match self.node(node)? {
            Node::Object(object) => page(&ObjectView(self, object), object.0, query),
            Node::Record(record) => page(&RecordView(self, record), record.0, query),
        })
    }

    /// How many links a record has.
    pub(super) fn link_count(&self, record: RecordNo) -> u64 {
        let view = RecordView(self, record);
        let everything = LinkQuery::default();
        let runs = self.records.adjacency(record).runs();
        runs.filter(|run| !view.is_hidden(run.slot.kind()))
            .map(|run| u64::from(run.live) - twins(&view, run, &everything))
            .sum()
    }
}

fn page<'g>(layer: &impl Layer<'g>, node: u32, query: &LinkQuery) -> LinkPage<'g> {
    let adjacency = layer.adjacency();
    let mut total = 0;
    let mut sources = Vec::new();
    for run in adjacency.runs().filter(|run| selects(layer, run.slot, query)) {
        let twins = twins(layer, run, query);
        total += u64::from(run.live) - twins;
        sources.push(Source::new(run, query, (twins > 0).then_some(RecordNo(node))));
    }
    let entries: Vec<Entry> =
        std::iter::from_fn(|| take_next(&mut sources, query.order)).take(query.limit).collect();
    let more = sources.iter().any(|source| source.peek(query.order).is_some());
    let next = entries.last().filter(|_| more).map(|entry| Cursor {
        order: query.order,
        relation: entry.relation,
        side: entry.slot.side(),
    });
    let far_ends = layer.far_ends(&entries);
    let links = entries.iter().zip(far_ends).map(|(entry, end)| describe(layer, *entry, &end));
    LinkPage { links: links.collect(), next, total }
}

fn selects<'g>(layer: &impl Layer<'g>, slot: Slot, query: &LinkQuery) -> bool {
    let association = layer.association(slot.kind());
    !layer.is_hidden(slot.kind())
        && query.side.is_none_or(|side| side == slot.side())
        && query.object.as_deref().is_none_or(|object| object == layer.far_object(slot))
        && (query.associations.is_empty()
            || query.associations.iter().any(|a| association.is_called(a)))
        && (query.labels.is_empty()
            || association
                .label(slot.side().other())
                .is_some_and(|label| query.labels.iter().any(|wanted| wanted == label)))
}

/// How many links of this run are told by another run already: those from a
/// thing to itself whose two ends read alike.
fn twins<'g>(layer: &impl Layer<'g>, run: Run<'_>, query: &LinkQuery) -> u64 {
    let kind = run.slot.kind();
    let reads_alike = run.slot.side() == Side::Second
        && query.side.is_none()
        && layer.association(kind).definition.as_ref().is_some_and(Association::is_symmetric);
    if reads_alike { u64::from(layer.loops(kind)) } else { 0 }
}

/// What is left to list of one run.
struct Source<'a> {
    slot: Slot,
    entries: &'a [Entry],
    /// Passes over the links to this node, which another source lists.
    without: Option<RecordNo>,
}

impl<'a> Source<'a> {
    fn new(run: Run<'a>, query: &LinkQuery, without: Option<RecordNo>) -> Self {
        let mut entries = run.entries;
        if let Some(after) = query.after {
            let side = run.slot.side();
            let passed = |entry: &Entry| (entry.relation, side) <= (after.relation, after.side);
            let from = |entry: &Entry| (entry.relation, side) < (after.relation, after.side);
            entries = match query.order {
                Order::Oldest => entries.split_at(entries.partition_point(passed)).1,
                Order::Newest => entries.split_at(entries.partition_point(from)).0,
            };
        }
        let mut source = Self { slot: run.slot, entries, without };
        source.skip(query.order);
        source
    }

    fn peek(&self, order: Order) -> Option<Entry> {
        match order {
            Order::Oldest => self.entries.first().copied(),
            Order::Newest => self.entries.last().copied(),
        }
    }

    fn drop_one(&mut self, order: Order) {
        let rest = match order {
            Order::Oldest => self.entries.split_first().map(|(_, rest)| rest),
            Order::Newest => self.entries.split_last().map(|(_, rest)| rest),
        };
        self.entries = rest.unwrap_or_default();
    }

    fn skip(&mut self, order: Order) {
        while self.peek(order).is_some_and(|e| e.is_gone() || Some(e.far) == self.without) {
            self.drop_one(order);
        }
    }
}

/// The next link over all sources. Costs the number of sources, which is that
/// of the node's slots.
fn take_next(sources: &mut [Source<'_>], order: Order) -> Option<Entry> {
    let heads = sources.iter_mut().filter_map(|source| {
        let head = source.peek(order)?;
        Some(((head.relation, source.slot.side()), head, source))
    });
    let (_, head, source) = match order {
        Order::Oldest => heads.min_by_key(|(key, ..)| *key)?,
        Order::Newest => heads.max_by_key(|(key, ..)| *key)?,
    };
    source.drop_one(order);
    source.skip(order);
    Some(head)
}

fn describe<'g>(layer: &impl Layer<'g>, entry: Entry, end: &FarEnd<'g>) -> Link<'g> {
    let side = entry.slot.side();
    let association = layer.association(entry.slot.kind());
    let FarEnd { record, relation, stamp } = *end;
    Link {
        object: layer.far_object(entry.slot),
        record,
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
