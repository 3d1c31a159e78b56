//! The model: a list of all events, from which everything is computed anew.

use std::collections::BTreeSet;

use relata::{
    Association, Change, Event, EventType, NodeRef, RecordRef, Relation, Seq, Side, Stamp,
    Timestamp,
};

use crate::graph::merge::events::PRIMARY;

// ---- the model

/// One visible relation as the model computes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seen {
    /// Position among relation ids, in the order in which they were first named.
    pub(super) order: usize,
    pub(super) side: &'static str,
    pub(super) object: String,
    pub(super) record: Option<String>,
    pub(super) label: Option<String>,
    pub(super) own_label: Option<String>,
    pub(super) association: String,
    pub(super) relation: Option<String>,
    pub(super) at: Option<i64>,
}

#[derive(Default, Clone)]
pub(super) struct Model {
    pub(super) events: Vec<(Seq, Event)>,
}

impl Model {
    pub(super) fn push(&mut self, event: Event) -> Seq {
        let seq = self.events.len() as Seq + 1;
        self.events.push((seq, event));
        seq
    }

    /// The greatest event of those that `of` picks; of equals, the first.
    pub(super) fn greatest(&self, of: impl Fn(&Event) -> bool) -> Option<(Stamp, &Event)> {
        let mut best: Option<(Stamp, &Event)> = None;
        for (seq, event) in self.events.iter().filter(|(_, event)| of(event)) {
            let stamp = Stamp::new(event.at, event.event_type.rank(), *seq);
            match best {
                Some((old, kept)) if stamp.same_but_seq(old) && says_the_same(kept, event) => {}
                Some((old, _)) if stamp <= old => {}
                _ => best = Some((stamp, event)),
            }
        }
        best
    }

    pub(super) fn association(&self, id: &str) -> Option<(Stamp, Option<&Association>)> {
        let (stamp, event) = self.greatest(|event| match &event.change {
            Change::Association(association) => association.id.as_str() == id,
            Change::AssociationDeleted { id: gone, .. } => gone.as_str() == id,
            _ => false,
        })?;
        let definition = match &event.change {
            Change::Association(association) => Some(association),
            _ => None,
        };
        Some((stamp, definition))
    }

    pub(super) fn record_deleted(&self, object: &str, id: &str) -> Option<Stamp> {
        self.record_stamps(object, id).into_iter().filter(|stamp| stamp.is_delete()).max()
    }

    pub(super) fn record_stamps(&self, object: &str, id: &str) -> Vec<Stamp> {
        let stamps = self.events.iter().filter_map(|(seq, event)| match &event.change {
            Change::Record { object: of, id: named, .. }
                if named.as_str() == id && of.as_ref().is_none_or(|of| of.as_str() == object) =>
            {
                Some(Stamp::new(event.at, event.event_type.rank(), *seq))
            }
            _ => None,
        });
        stamps.collect()
    }

    /// Returns what a record is called: what the greatest event says that says anything of it.
    pub(super) fn name(&self, object: &str, id: &str) -> Option<String> {
        let schema = |event: &Event| matches!(&event.change, Change::ObjectSchema(it) if it.key.as_str() == object && it.primary.is_some());
        let is_built_in = matches!(object, "contact" | "opportunity");
        let primary = self.greatest(schema).filter(|_| !is_built_in).map(|_| PRIMARY);
        let said = |event: &Event| match &event.change {
            Change::Record { object: of, id: named, properties }
                if named.as_str() == id && of.as_ref().is_none_or(|of| of.as_str() == object) =>
            {
                let keys = [primary, Some("name"), Some("title")];
                let mut keys = keys.into_iter().flatten();
                keys.find_map(|key| properties.iter().find(|it| *it.key == *key).cloned())
            }
            _ => None,
        };
        let (_, event) = self.greatest(|event| said(event).is_some())?;
        said(event).map(|it| it.value.into())
    }

    /// Returns what the location is called.
    pub(super) fn own_name(&self) -> Option<&str> {
        let (_, event) =
            self.greatest(|event| matches!(&event.change, Change::Location { name: Some(_), .. }))?;
        match &event.change {
            Change::Location { name, .. } => name.as_deref(),
            _ => None,
        }
    }

    /// In the order in which events first named them.
    pub(super) fn first_named(&self, name: impl Fn(&Event) -> Vec<String>) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let names = self.events.iter().flat_map(|(_, event)| name(event));
        names.filter(|name| seen.insert(name.clone())).collect()
    }

    pub(super) fn association_ids(&self) -> Vec<String> {
        self.first_named(|event| match &event.change {
            Change::Association(association) => vec![association.id.to_string()],
            Change::AssociationDeleted { id, .. } => vec![id.to_string()],
            Change::Relation(relation) => vec![relation.association.to_string()],
            _ => vec![],
        })
    }

    pub(super) fn relation_ids(&self) -> Vec<String> {
        self.first_named(|event| match &event.change {
            Change::Relation(relation) => vec![relation.id.to_string()],
            _ => vec![],
        })
    }

    pub(super) fn object_keys(&self) -> Vec<String> {
        self.first_named(|event| match &event.change {
            Change::Association(a) => vec![a.first.object.to_string(), a.second.object.to_string()],
            Change::Relation(r) => vec![r.first.object.to_string(), r.second.object.to_string()],
            Change::Record { object: Some(object), .. } => vec![object.to_string()],
            Change::ObjectSchema(schema) => vec![schema.key.to_string()],
            _ => vec![],
        })
    }

    /// Records of an object key that any event has named by key and id.
    pub(super) fn record_ids(&self, object: &str) -> Vec<String> {
        self.first_named(|event| match &event.change {
            Change::Relation(relation) => [&relation.first, &relation.second]
                .into_iter()
                .filter(|end| end.object.as_str() == object)
                .map(|end| end.id.to_string())
                .collect(),
            Change::Record { object: Some(of), id, .. } if of.as_str() == object => {
                vec![id.to_string()]
            }
            _ => vec![],
        })
    }

    /// The relation of this id, if it is alive and no record of it was deleted
    /// later.
    pub(super) fn linked(&self, id: &str) -> Option<(Stamp, &Relation)> {
        let (stamp, event) = self.greatest(
            |event| matches!(&event.change, Change::Relation(relation) if relation.id.as_str() == id),
        )?;
        let Change::Relation(relation) = &event.change else { return None };
        let deleted = |end: &RecordRef| {
            self.record_deleted(end.object.as_str(), end.id.as_str()) > Some(stamp)
        };
        let gone = stamp.is_delete() || deleted(&relation.first) || deleted(&relation.second);
        (!gone).then_some((stamp, relation))
    }

    pub(super) fn is_association_deleted(&self, id: &str) -> bool {
        self.association(id).is_some_and(|(stamp, _)| stamp.is_delete())
    }

    pub(super) fn links(&self, node: &NodeRef) -> Vec<Seen> {
        let mut links = Vec::new();
        if node.record.is_some() {
            for (order, id) in self.relation_ids().into_iter().enumerate() {
                let Some((stamp, relation)) = self.linked(&id) else { continue };
                let association = relation.association.as_str();
                if self.is_association_deleted(association) {
                    continue;
                }
                let definition =
                    self.association(association).and_then(|(_, definition)| definition);
                let ends = [&relation.first, &relation.second]
                    .map(|end| (end.object.to_string(), Some(end.id.to_string())));
                links.extend(Self::both(
                    node,
                    order,
                    ends,
                    association,
                    definition,
                    Some(&id),
                    stamp,
                ));
            }
        } else {
            for (order, id) in self.association_ids().into_iter().enumerate() {
                let Some((stamp, Some(definition))) = self.association(&id) else { continue };
                let ends = [&definition.first, &definition.second]
                    .map(|end| (end.object.to_string(), None));
                links.extend(Self::both(node, order, ends, &id, Some(definition), None, stamp));
            }
        }
        links
    }

    pub(super) fn both(
        node: &NodeRef,
        order: usize,
        ends: [(String, Option<String>); 2],
        association: &str,
        definition: Option<&Association>,
        relation: Option<&str>,
        stamp: Stamp,
    ) -> Vec<Seen> {
        let asked = (node.object.to_string(), node.record.as_ref().map(ToString::to_string));
        let [first, second] = ends;
        let mut seen = Vec::new();
        for (side, own, far) in [(Side::First, &first, &second), (Side::Second, &second, &first)] {
            if *own != asked {
                continue;
            }
            let twin = side == Side::Second
                && first == second
                && definition.is_some_and(|d| d.first.label == d.second.label);
            let label = |side| definition.map(|d| d.end(side).label.to_string());
            seen.push((
                twin,
                Seen {
                    order,
                    side: side.as_str(),
                    object: far.0.clone(),
                    record: far.1.clone(),
                    label: label(side.other()),
                    own_label: label(side),
                    association: association.to_owned(),
                    relation: relation.map(str::to_owned),
                    at: stamp.at().map(Timestamp::as_millis),
                },
            ));
        }
        // A twin is told by its first end alone.
        seen.into_iter().filter(|(twin, _)| !twin).map(|(_, seen)| seen).collect()
    }

    pub(super) fn is_listed(&self, object: &str, id: &str) -> bool {
        let deleted =
            self.record_stamps(object, id).into_iter().max().is_some_and(Stamp::is_delete);
        let is_end = |end: &RecordRef| end.object.as_str() == object && end.id.as_str() == id;
        let linked = || {
            self.relation_ids().iter().any(|relation| {
                self.linked(relation).is_some_and(|(_, r)| {
                    let is_shown = !self.is_association_deleted(r.association.as_str());
                    is_shown && (is_end(&r.first) || is_end(&r.second))
                })
            })
        };
        !deleted || linked()
    }

    pub(super) fn relations_under(&self, association: &str) -> u64 {
        if self.is_association_deleted(association) {
            return 0;
        }
        let ids = self.relation_ids();
        let under = ids.iter().filter(|id| {
            self.linked(id)
                .is_some_and(|(_, relation)| relation.association.as_str() == association)
        });
        under.count() as u64
    }
}

pub(super) fn says_the_same(one: &Event, other: &Event) -> bool {
    match (&one.change, &other.change) {
        (Change::Relation(_), Change::Relation(_))
            if one.event_type == EventType::RelationDelete =>
        {
            other.event_type == EventType::RelationDelete
        }
        (one, other) => one == other,
    }
}
