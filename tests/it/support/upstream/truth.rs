//! What a location really holds, to be compared with what a reader of it has got.

use std::collections::{BTreeMap, BTreeSet};

use super::location::{Location, Millis, Relation, Span};

/// An association: its key, whether the system defined it, and object key and label of each end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TrueAssociation {
    pub(crate) key: String,
    pub(crate) is_system: bool,
    pub(crate) objects: [String; 2],
    pub(crate) labels: [String; 2],
}

/// A relation: the id of its association, and object key and id of each record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TrueRelation {
    pub(crate) association: String,
    pub(crate) first: (String, String),
    pub(crate) second: (String, String),
}

/// All things of a location.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Truth {
    /// Singular names by object key.
    pub(crate) objects: BTreeMap<String, String>,
    /// By id.
    pub(crate) associations: BTreeMap<String, TrueAssociation>,
    /// Display names by object key and id.
    pub(crate) records: BTreeMap<(String, String), String>,
    /// By id.
    pub(crate) relations: BTreeMap<String, TrueRelation>,
    /// Ids of the relations that were deleted.
    pub(crate) gone: BTreeSet<String>,
}

impl Truth {
    pub(crate) fn of(location: &Location, at: Millis) -> Self {
        Self::between(location, at, at)
    }

    /// Collects what was there from one moment to another without a break; in `gone`, what
    /// was deleted before the end of them.
    pub(crate) fn between(location: &Location, from: Millis, to: Millis) -> Self {
        let lived = |span: &Span| span.has(from) && span.has(to);
        let name = |object: &super::location::Object| (object.key.clone(), object.singular.clone());
        let associations = location.associations.iter().filter(|it| lived(&it.span)).map(|it| {
            let association = TrueAssociation {
                key: it.key.clone(),
                is_system: it.system,
                objects: it.ends.clone(),
                labels: it.labels.at(to).clone(),
            };
            (it.id.clone(), association)
        });
        let records = location.records.iter().flat_map(|(object, list)| {
            list.iter()
                .filter(|it| lived(&it.span))
                .map(move |it| ((object.clone(), it.id.clone()), it.name.at(to).clone()))
        });
        let relations = location.relations().iter();
        let gone = relations.clone().filter(|it| it.span.gone.is_some_and(|gone| gone <= to));
        Self {
            objects: location.objects.iter().map(name).collect(),
            associations: associations.collect(),
            records: records.collect(),
            gone: gone.map(|it| it.id.clone()).collect(),
            relations: relations
                .filter(|it| lived(&it.span))
                .map(|it| (it.id.clone(), relation(location, it)))
                .collect(),
        }
    }
}

fn relation(location: &Location, relation: &Relation) -> TrueRelation {
    let association = &location.associations[relation.association];
    let end = |side: usize| (association.ends[side].clone(), relation.records[side].clone());
    TrueRelation { association: association.id.clone(), first: end(0), second: end(1) }
}
