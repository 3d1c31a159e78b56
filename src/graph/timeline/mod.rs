//! When the things of a location were there: the same events as in the graph,
//! but none of them forgotten.

pub(super) mod forget;
pub(super) mod forgotten;
pub(super) mod millis;

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::graph::timeline::forgotten::Forgotten;

use crate::graph::location_graph::LocationGraph;
use crate::graph::memory::table::{AssociationNo, EdgeTypeNo, ObjectNo, RecordNo, RelationNo};
use crate::graph::query::edge::{Edge, EdgeEnd};
use crate::graph::timeline::millis::{Millis, NEVER, UNDATED, millis};
use crate::graph::view::View;
use crate::model::{Change, Event, Rank, Seq, Side, Stamp, Timestamp};

/// A time during which something was there, its end not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// When it came; absent if it was there before any dated event.
    pub from: Option<Timestamp>,
    /// When it went; absent if it is still there.
    pub until: Option<Timestamp>,
}

/// The graph of all that ever was in a location, and when it was: at each time
/// what the events up to that time make, by the rule of
/// [`merge`](LocationGraph::merge).
///
/// A relation or association that was given other ends later is the one with
/// its last ends, and was there while it had those.
///
/// Takes as much memory as the graph of a location from which nothing was ever
/// deleted, and 32 bytes an event.
#[derive(Debug, Default)]
pub struct Timeline {
    graph: LocationGraph,
    /// By relation and stamp.
    relations: Vec<RelationVersion>,
    /// By association and stamp.
    definitions: Vec<AssociationVersion>,
    /// By record and stamp.
    own: Vec<(RecordNo, Stamp)>,
    /// By stamp.
    unkeyed: HashMap<Box<str>, Vec<Stamp>, RandomState>,
    /// When an event first named a record.
    named: Vec<Millis>,
    schemas: HashMap<ObjectNo, Millis, RandomState>,
    /// Where in `relations` records occur that were deleted once, by record.
    touched: Vec<(RecordNo, usize)>,
    forgotten: Forgotten,
}

/// A time from one moment up to another.
type Stay = (Millis, Millis);

/// What one event said of a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct RelationVersion {
    relation: RelationNo,
    stamp: Stamp,
    kind: EdgeTypeNo,
    first: RecordNo,
    second: RecordNo,
}

/// What one event said of an association: its ends, or that it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct AssociationVersion {
    association: AssociationNo,
    stamp: Stamp,
    ends: Option<(ObjectNo, ObjectNo)>,
}

impl Timeline {
    /// Builds the timeline of what events make, each with its journal position, in any
    /// order.
    pub fn new(events: impl IntoIterator<Item = (Seq, Event)>) -> Self {
        let mut timeline = Self::default();
        for (seq, event) in events {
            timeline.take(seq, &event);
        }
        timeline.settle();
        timeline
    }

    /// Adds an event. Call [`settle`](Self::settle) before querying.
    pub(crate) fn take(&mut self, seq: Seq, event: &Event) {
        let stamp = Stamp::new(event.at, event.event_type.rank(), seq);
        let graph = &mut self.graph;
        match &event.change {
            Change::Relation(relation) => {
                let (kind, ends) = graph.place(relation);
                // A delete must leave the relation as creates describe it.
                let kept =
                    if stamp.is_delete() { Stamp::new(None, Rank::Create, 0) } else { stamp };
                graph.records.merge_relation(relation.id.as_str(), kind, ends, kept);
                if let Some(number) = graph.records.find_relation(relation.id.as_str()) {
                    let (first, second) = ends;
                    self.relations.push(RelationVersion {
                        relation: number,
                        stamp,
                        kind,
                        first,
                        second,
                    });
                }
                self.name(ends.0, stamp);
                self.name(ends.1, stamp);
            }
            Change::Association(association) => {
                graph.merge(seq, event);
                let end = |side: Side| graph.objects.find(association.end(side).object.as_str());
                let ends = end(Side::First).zip(end(Side::Second));
                if let Some(number) = graph.associations.find(association.id.as_str()) {
                    self.definitions.push(AssociationVersion { association: number, stamp, ends });
                }
            }
            Change::AssociationDeleted { id, .. } => {
                let association = graph.intern_association(id.as_str());
                self.definitions.push(AssociationVersion { association, stamp, ends: None });
            }
            Change::Record { object: Some(object), id, .. } => {
                let object = graph.intern_object(object);
                let record = graph.records.intern_record(object, id.as_str());
                graph.merge_names(event, stamp);
                self.own.push((record, stamp));
                self.name(record, stamp);
            }
            Change::Record { object: None, id, .. } => {
                graph.merge_names(event, stamp);
                self.unkeyed.entry(id.as_str().into()).or_default().push(stamp);
            }
            Change::Location { .. } => {
                graph.merge(seq, event);
            }
            Change::ObjectSchema(schema) => {
                graph.merge(seq, event);
                if let Some(object) = graph.objects.find(schema.key.as_str()) {
                    let first = self.schemas.entry(object).or_insert(NEVER);
                    *first = millis(stamp).min(*first);
                }
            }
        }
    }

    fn name(&mut self, record: RecordNo, stamp: Stamp) {
        let place = record.0 as usize;
        if self.named.len() <= place {
            self.named.resize(place + 1, NEVER);
        }
        if let Some(first) = self.named.get_mut(place) {
            *first = millis(stamp).min(*first);
        }
    }

    /// Puts what was said in order, and takes away what never was.
    pub(crate) fn settle(&mut self) {
        self.graph.forget_changes();
        self.relations.sort_unstable();
        self.definitions.sort_unstable();
        self.own.sort_unstable();
        self.unkeyed.values_mut().for_each(|stamps| stamps.sort_unstable());
        for (place, told) in self.relations.iter().enumerate() {
            for record in [told.first, told.second] {
                if self.events_of(record).any(Stamp::is_delete) {
                    self.touched.push((record, place));
                }
            }
        }
        self.touched.sort_unstable();
        let last = |rank| Stamp::new(Some(Timestamp::from_millis(NEVER)), rank, Seq::MAX);
        for association in self.graph.associations.rows().numbers() {
            let is_known = self.graph.associations.rows()[association].definition.is_some();
            if is_known && self.of_association(association).is_empty() {
                // No delete, which would hide its relations.
                self.graph.define(association, None, last(Rank::Update));
            }
        }
        for relation in self.graph.records.relations().numbers() {
            if self.of_relation(relation).is_empty() {
                let row = self.graph.records.relations()[relation];
                let id = self.graph.records.relation_id(relation).to_owned();
                let ends = (row.first, row.second);
                self.graph.records.merge_relation(&id, row.kind, ends, last(Rank::Delete));
            }
        }
        for record in self.graph.records.records().numbers() {
            if self.of_record(record).is_empty() {
                let object = self.graph.records.records()[record].object;
                let id = self.graph.records.record_id(record).to_owned();
                self.graph.records.merge_record(object, &id, last(Rank::Delete));
            }
        }
        self.graph.forget_changes();
    }

    /// Returns all that ever was, with its last labels.
    pub fn view(&self) -> View<'_> {
        self.graph.view()
    }

    /// Returns when a link was there, in order. Costs the events of the link and those of
    /// its ends and association.
    pub fn of_link(&self, link: &Edge<'_>) -> Vec<Interval> {
        let stays = match link.relation {
            Some(id) => self.graph.records.find_relation(id).map(|no| self.of_relation(no)),
            None => {
                self.graph.associations.find(link.association).map(|no| self.of_association(no))
            }
        };
        intervals(&stays.unwrap_or_default())
    }

    /// Returns when a node was there, in order. Costs the events of a record and of its
    /// links, or those of every record of an object key.
    pub fn of_node(&self, node: &EdgeEnd<'_>) -> Vec<Interval> {
        let Some(object) = self.graph.objects.find(node.object) else { return Vec::new() };
        let stays = match node.record {
            Some(id) => self.graph.records.find_record(object, id).map(|no| self.of_record(no)),
            None => Some(self.of_object(object)),
        };
        intervals(&stays.unwrap_or_default())
    }

    fn of_relation(&self, relation: RelationNo) -> Vec<Stay> {
        let row = self.graph.records.relations()[relation];
        let start = self.relations.partition_point(|told| told.relation < relation);
        let association = self.graph.records.kinds()[row.kind].kind.association;
        let stays = (start..)
            .zip(self.relations.iter().skip(start))
            .take_while(|(_, told)| told.relation == relation)
            .filter(|(_, told)| {
                (told.kind, told.first, told.second) == (row.kind, row.first, row.second)
            })
            .filter_map(|(place, told)| Some((self.stay(place)?, told.stamp)));
        let stays = self.shown(association, stays);
        joined(stays)
    }

    /// Takes away from times when something was said under an association those when that
    /// was deleted.
    fn shown(
        &self,
        association: AssociationNo,
        stays: impl Iterator<Item = (Stay, Stamp)>,
    ) -> Vec<Stay> {
        let mut gone: Option<(usize, Vec<Stay>)> = None;
        let mut shown = Vec::new();
        for (stay, stamp) in stays {
            let generation = self.forgotten.of_association(association, stamp);
            if gone.as_ref().is_none_or(|(of, _)| *of != generation) {
                gone = Some((generation, self.gone(association, generation)));
            }
            let gone = gone.as_ref().map_or(&[][..], |(_, gone)| gone);
            shown.extend(minus(vec![stay], gone));
        }
        shown
    }

    /// Returns how long what an event said of a relation held, whatever became of its
    /// association.
    fn stay(&self, place: usize) -> Option<Stay> {
        let told = self.relations.get(place).filter(|told| !told.stamp.is_delete())?;
        let generation = |stamp| self.forgotten.of_relation(told.relation, stamp);
        let behind = self.relations.iter().skip(place + 1);
        let next = behind
            .take_while(|next| next.relation == told.relation)
            .find(|next| generation(next.stamp) == generation(told.stamp));
        let ends = [told.first, told.second].into_iter();
        let gone = ends.flat_map(|record| {
            let generation = self.forgotten.of_record(record, told.stamp);
            let events = self.events_in(record, generation);
            events.filter(|stamp| stamp.is_delete() && *stamp > told.stamp)
        });
        let hidden = self.forgotten.hidden_from(told.relation, generation(told.stamp));
        let until = gone.chain(next.map(|next| next.stamp)).map(millis).min();
        Some((millis(told.stamp), until.unwrap_or(NEVER).min(hidden)))
    }

    /// What was said of an association, and until when that held.
    fn definitions(
        &self,
        association: AssociationNo,
    ) -> impl Iterator<Item = (AssociationVersion, Millis)> {
        let start = self.definitions.partition_point(|it| it.association < association);
        let all = self.definitions.iter().skip(start);
        let these = all.take_while(move |it| it.association == association);
        let generation =
            move |it: &AssociationVersion| self.forgotten.of_association(association, it.stamp);
        these.clone().enumerate().map(move |(place, it)| {
            let mut behind = these.clone().skip(place + 1);
            let next = behind.find(|next| generation(next) == generation(it));
            (*it, next.map_or(NEVER, |next| millis(next.stamp)))
        })
    }

    fn of_association(&self, association: AssociationNo) -> Vec<Stay> {
        let row = &self.graph.associations.rows()[association];
        let Some(definition) = &row.definition else { return Vec::new() };
        let end = |side: Side| self.graph.objects.find(definition.end(side).object.as_str());
        let ends = end(Side::First).zip(end(Side::Second));
        let held =
            self.definitions(association).filter(|(it, _)| it.ends.is_some() && it.ends == ends);
        joined(held.map(|(it, until)| (millis(it.stamp), until)).collect())
    }

    /// When a generation of an association was deleted.
    fn gone(&self, association: AssociationNo, generation: usize) -> Vec<Stay> {
        let is_of_it = |stamp| self.forgotten.of_association(association, stamp) == generation;
        let gone = self
            .definitions(association)
            .filter(|(it, _)| it.stamp.is_delete() && is_of_it(it.stamp));
        joined(gone.map(|(it, until)| (millis(it.stamp), until)).collect())
    }

    /// Returns the record's own events, keyed or not, each by ascending stamp.
    fn events_of(&self, record: RecordNo) -> impl Iterator<Item = Stamp> {
        let start = self.own.partition_point(|(of, _)| *of < record);
        let own = self.own.iter().skip(start).take_while(move |(of, _)| *of == record);
        let unkeyed = if self.unkeyed.is_empty() {
            None
        } else {
            self.unkeyed.get(self.graph.records.record_id(record))
        };
        own.map(|(_, stamp)| *stamp).chain(unkeyed.into_iter().flatten().copied())
    }

    /// Those that concern one generation of it.
    fn events_in(&self, record: RecordNo, generation: usize) -> impl Iterator<Item = Stamp> {
        let events = self.events_of(record);
        events.filter(move |stamp| self.forgotten.of_record(record, *stamp) == generation)
    }

    fn of_record(&self, record: RecordNo) -> Vec<Stay> {
        let last = self.named.get(record.0 as usize).copied().unwrap_or(NEVER);
        let before = self.forgotten.named.get(&record);
        let named = before.into_iter().flatten().copied().chain([last]);
        let (mut stays, mut was_deleted) = (Vec::new(), false);
        for (generation, named) in named.enumerate() {
            let mut events: Vec<Stamp> = self.events_in(record, generation).collect();
            events.sort_unstable();
            let nexts = events.iter().skip(1).map(|next| millis(*next)).chain([NEVER]);
            let deleted = events.iter().zip(nexts).filter(|(stamp, _)| stamp.is_delete());
            let deleted = joined(deleted.map(|(stamp, until)| (millis(*stamp), until)).collect());
            stays.extend(minus(joined(vec![(named, NEVER)]), &deleted));
            was_deleted |= !deleted.is_empty();
        }
        if was_deleted {
            let start = self.touched.partition_point(|(of, _)| *of < record);
            let touched = self.touched.iter().skip(start).take_while(|(of, _)| *of == record);
            // A link of a deleted association is not shown, and shows no record.
            stays.extend(touched.flat_map(|(_, place)| {
                let told = self.relations.get(*place);
                let stay = told.and_then(|told| Some((told, self.stay(*place)?)));
                stay.map_or_else(Vec::new, |(told, stay)| {
                    let kind = self.graph.records.kinds()[told.kind].kind;
                    self.shown(kind.association, std::iter::once((stay, told.stamp)))
                })
            }));
        }
        joined(stays)
    }

    fn of_object(&self, object: ObjectNo) -> Vec<Stay> {
        let schema = self.schemas.get(&object).map(|from| (*from, NEVER));
        let mut stays: Vec<Stay> = schema.into_iter().collect();
        for record in self.graph.records.of_object(object) {
            stays.extend(self.of_record(*record));
        }
        for association in self.graph.associations.rows().numbers() {
            let held = self.definitions(association).filter(|(it, _)| {
                it.ends.is_some_and(|(first, second)| first == object || second == object)
            });
            stays.extend(held.map(|(it, until)| (millis(it.stamp), until)));
        }
        joined(stays)
    }
}

/// Times in order, those that touch as one.
fn joined(mut stays: Vec<Stay>) -> Vec<Stay> {
    stays.retain(|(from, until)| from < until);
    stays.sort_unstable();
    stays.dedup_by(|next, last| {
        let touches = next.0 <= last.1;
        if touches {
            last.1 = last.1.max(next.1);
        }
        touches
    });
    stays
}

/// Times without others; both in order.
fn minus(stays: Vec<Stay>, without: &[Stay]) -> Vec<Stay> {
    if without.is_empty() {
        return stays;
    }
    let mut left = Vec::with_capacity(stays.len());
    for (mut from, until) in stays {
        for &(start, end) in without {
            if start >= until || end <= from {
                continue;
            }
            if start > from {
                left.push((from, start));
            }
            from = end;
        }
        if from < until {
            left.push((from, until));
        }
    }
    left
}

fn intervals(stays: &[Stay]) -> Vec<Interval> {
    let life = |&(from, until): &Stay| Interval {
        from: (from != UNDATED).then(|| Timestamp::from_millis(from)),
        until: (until != NEVER).then(|| Timestamp::from_millis(until)),
    };
    stays.iter().map(life).collect()
}
