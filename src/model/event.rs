//! Events: what a delivery says has happened.

use std::fmt;

use crate::model::association::Association;
use crate::model::display_name::{NAMING_PROPERTIES, Property};
use crate::model::ids::{AssociationId, LocationId, ObjectKey, RecordId, WebhookId};
use crate::model::origin::Origin;
use crate::model::relation::Relation;
use crate::model::timestamp::Timestamp;

/// What an event does to the thing that it concerns, in the order of the merge
/// rule: of two events at the same time the greater rank wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The thing was created.
    Create = 0,
    /// The thing changed.
    Update = 1,
    /// The thing is gone.
    Delete = 2,
}

macro_rules! event_types {
    ($($(#[$doc:meta])* $name:ident => $rank:ident,)*) => {
        /// The types of event that change the graph; every other is ignored.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventType {
            $($(#[$doc])* $name,)*
        }

        impl EventType {
            /// Every type, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns the name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// Returns the type of this name, compared exactly.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($name) => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// Returns whether it is a create, an update or a delete.
            pub const fn rank(self) -> Rank {
                match self {
                    $(Self::$name => Rank::$rank,)*
                }
            }
        }
    };
}

event_types! {
    /// An association was declared.
    AssociationCreate => Create,
    /// Its labels or cardinalities changed.
    AssociationUpdate => Update,
    /// It is gone, and its relations with it.
    AssociationDelete => Delete,
    /// Two records were linked.
    RelationCreate => Create,
    /// Two records were unlinked.
    RelationDelete => Delete,
    /// A record was created.
    RecordCreate => Create,
    /// A record changed.
    RecordUpdate => Update,
    /// A record is gone, and its relations with it.
    RecordDelete => Delete,
    /// A contact is gone, and its relations with it.
    ContactDelete => Delete,
    /// An opportunity is gone, and its relations with it.
    OpportunityDelete => Delete,
    /// A type of things was declared.
    ObjectSchemaCreate => Create,
    /// A type of things changed.
    ObjectSchemaUpdate => Update,
    /// A contact was created.
    ContactCreate => Create,
    /// A contact changed.
    ContactUpdate => Update,
    /// An opportunity was created.
    OpportunityCreate => Create,
    /// An opportunity changed.
    OpportunityUpdate => Update,
    /// Someone else is responsible for an opportunity.
    OpportunityAssignedToUpdate => Update,
    /// The value of an opportunity changed.
    OpportunityMonetaryValueUpdate => Update,
    /// An opportunity is in another stage.
    OpportunityStageUpdate => Update,
    /// The status of an opportunity changed.
    OpportunityStatusUpdate => Update,
    /// A location was created.
    LocationCreate => Create,
    /// A location changed.
    LocationUpdate => Update,
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A declared type of things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectSchema {
    /// The object key.
    pub key: ObjectKey,
    /// What one such thing is called, if known.
    pub singular: Option<Box<str>>,
    /// What many are called, if known.
    pub plural: Option<Box<str>>,
    /// The property that names a record, without the object's prefix, if known.
    pub primary: Option<Box<str>>,
}

/// The thing that an event concerns, as far as the graph keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An association as it is from now on.
    Association(Association),
    /// An association that is gone.
    AssociationDeleted {
        /// Its id.
        id: AssociationId,
        /// The object key of its first end.
        first: ObjectKey,
        /// The object key of its second end.
        second: ObjectKey,
    },
    /// A relation, made or (with the rank of a delete) undone.
    Relation(Relation),
    /// A record that was made, changed or deleted; not every delivery names
    /// the object key.
    Record {
        /// The object key, if given.
        object: Option<ObjectKey>,
        /// The record id.
        id: RecordId,
        /// What can name it, by ascending key.
        properties: Box<[Property]>,
    },
    /// A type of things as it is from now on.
    ObjectSchema(ObjectSchema),
    /// The location itself.
    Location {
        /// Its id.
        id: LocationId,
        /// What people call it, if the event says so.
        name: Option<Box<str>>,
    },
}

impl Change {
    /// Returns what the event says the thing is called, if it says so by itself: a record by
    /// its one property, or by `name` or `title`; a type of things by its singular.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Record { properties, .. } => {
                let get = |key: &str| properties.iter().find(|property| *property.key == *key);
                let only = || if properties.len() == 1 { properties.first() } else { None };
                let [name, title] = NAMING_PROPERTIES;
                let found = get(name).or_else(|| get(title)).or_else(only);
                found.map(|property| &*property.value)
            }
            Self::ObjectSchema(schema) => schema.singular.as_deref(),
            Self::Location { name, .. } => name.as_deref(),
            Self::Association(_) | Self::AssociationDeleted { .. } | Self::Relation(_) => None,
        }
    }

    /// Returns the id of the thing that the event concerns.
    pub fn entity_id(&self) -> &str {
        match self {
            Self::Association(association) => association.id.as_str(),
            Self::AssociationDeleted { id, .. } => id.as_str(),
            Self::Relation(relation) => relation.id.as_str(),
            Self::Record { id, .. } => id.as_str(),
            Self::ObjectSchema(schema) => schema.key.as_str(),
            Self::Location { id, .. } => id.as_str(),
        }
    }
}

impl EventType {
    /// Returns whether events of this type are of records whose object key is a member.
    pub(crate) const fn is_of_record(self) -> bool {
        matches!(self, Self::RecordCreate | Self::RecordUpdate | Self::RecordDelete)
    }

    /// Returns whether events of this type say what a type of things is called.
    pub(crate) const fn has_schema(self) -> bool {
        matches!(self, Self::ObjectSchemaCreate | Self::ObjectSchemaUpdate)
    }

    /// Returns whether events of this type say what a record or a location is called, so
    /// that only what Relata reads is kept of their bodies.
    pub const fn has_name(self) -> bool {
        match self {
            Self::AssociationCreate
            | Self::AssociationUpdate
            | Self::AssociationDelete
            | Self::RelationCreate
            | Self::RelationDelete
            | Self::RecordDelete
            | Self::ContactDelete
            | Self::OpportunityDelete
            | Self::ObjectSchemaCreate
            | Self::ObjectSchemaUpdate => false,
            Self::RecordCreate
            | Self::RecordUpdate
            | Self::ContactCreate
            | Self::ContactUpdate
            | Self::OpportunityCreate
            | Self::OpportunityUpdate
            | Self::OpportunityAssignedToUpdate
            | Self::OpportunityMonetaryValueUpdate
            | Self::OpportunityStageUpdate
            | Self::OpportunityStatusUpdate
            | Self::LocationCreate
            | Self::LocationUpdate => true,
        }
    }
}

/// One event, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its type.
    pub event_type: EventType,
    /// The tenant it belongs to.
    pub location: LocationId,
    /// The sender's time of it, if given.
    pub at: Option<Timestamp>,
    /// The sender's id of the delivery, if given.
    pub webhook_id: Option<WebhookId>,
    /// The sender's id for tracing, if given.
    pub trace_id: Option<Box<str>>,
    /// Where it came from.
    pub origin: Origin,
    /// When what it says was read from the sender, if it was.
    pub observed_at: Option<Timestamp>,
    /// What it says.
    pub change: Change,
}
