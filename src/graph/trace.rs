//! What events have left of a thing, but for their seqs.

use crate::graph::location_graph::LocationGraph;
use crate::graph::memory::table::RecordNo;
use crate::model::{
    Association, Change, ObjectSchema, Properties, Rank, RecordState, Stamp, Timestamp,
};

/// When an event was, and what it did.
type Moment = (Option<Timestamp>, Rank);

/// What events have left of the thing that an event concerns. Events to come have greater
/// seqs than all of them, so that their seqs do not matter.
#[derive(Debug, PartialEq)]
pub(super) struct Trace {
    newest: Option<Moment>,
    deleted: Option<Moment>,
    says: Says,
    /// The values of the properties that can name it.
    names: Vec<(Box<str>, Box<str>, Moment)>,
    /// How many things are known.
    known: [usize; 4],
}

/// What the newest event says.
#[derive(Debug, PartialEq)]
enum Says {
    Nothing,
    Association(Association),
    Relation(u32, RecordNo, RecordNo),
    ObjectSchema(ObjectSchema),
}

impl Trace {
    /// Returns what events have left of the thing that `change` is of.
    pub(super) fn of(graph: &LocationGraph, change: &Change) -> Self {
        let (state, says) = state(graph, change);
        let counts = graph.name_counts();
        let records = graph.records.records().len() as usize;
        Self {
            newest: state.last.map(moment),
            deleted: state.deleted.map(moment),
            says,
            names: names(graph, change),
            known: [counts.objects, counts.associations, counts.edge_types, records],
        }
    }
}

fn moment(stamp: Stamp) -> Moment {
    (stamp.at(), stamp.rank())
}

fn state(graph: &LocationGraph, change: &Change) -> (RecordState, Says) {
    let of = |last: Option<Stamp>| RecordState { last, deleted: None };
    let records = &graph.records;
    let none = (RecordState::default(), Says::Nothing);
    match change {
        Change::Association(Association { id, .. }) | Change::AssociationDeleted { id, .. } => {
            let Some(number) = graph.associations.find(id.as_str()) else { return none };
            let row = &graph.associations.rows()[number];
            let says = row.definition.clone().map_or(Says::Nothing, Says::Association);
            (of(row.stamp), says)
        }
        Change::Relation(relation) => {
            let Some(number) = records.find_relation(relation.id.as_str()) else { return none };
            let row = records.relations()[number];
            (of(Some(row.stamp)), Says::Relation(row.kind.0, row.first, row.second))
        }
        Change::Record { object: Some(object), id, .. } => {
            let object = graph.objects.find(object.as_str());
            let number = object.and_then(|object| records.find_record(object, id.as_str()));
            (number.map(|number| records.state(number)).unwrap_or_default(), Says::Nothing)
        }
        Change::Record { object: None, id, .. } => {
            (records.unkeyed_state(id.as_str()), Says::Nothing)
        }
        Change::ObjectSchema(schema) => {
            let Some(number) = graph.objects.find(schema.key.as_str()) else { return none };
            match graph.objects.rows()[number].schema.as_deref() {
                Some((schema, stamp)) => (of(Some(*stamp)), Says::ObjectSchema(schema.clone())),
                None => none,
            }
        }
        Change::Location { .. } => none,
    }
}

fn names(graph: &LocationGraph, change: &Change) -> Vec<(Box<str>, Box<str>, Moment)> {
    let own = |properties: &Properties| {
        let states = properties.states().iter();
        states.map(|it| (it.key.clone(), it.value.clone(), moment(it.stamp))).collect()
    };
    match change {
        Change::Record { object: Some(object), id, .. } => {
            let object = graph.objects.find(object.as_str());
            let number = object.and_then(|it| graph.records.find_record(it, id.as_str()));
            let row = number.and_then(|number| graph.records.name_row(number));
            row.map(|row| own(&row)).unwrap_or_default()
        }
        Change::Record { object: None, id, .. } => {
            graph.records.names().unkeyed(id.as_str()).map(own).unwrap_or_default()
        }
        Change::ObjectSchema(schema) => {
            let number = graph.objects.find(schema.key.as_str());
            number.map(|number| own(&graph.objects.rows()[number].names)).unwrap_or_default()
        }
        Change::Location { .. } => own(&graph.own_name),
        Change::Association(_) | Change::AssociationDeleted { .. } | Change::Relation(_) => {
            Vec::new()
        }
    }
}
