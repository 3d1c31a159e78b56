//! The nouns of the domain: no I/O, no serde, no petgraph.

mod address;
mod association;
mod counts;
mod display_name;
mod epoch;
mod event;
mod ids;
mod names;
mod node_ref;
mod origin;
mod percent_encoded;
mod properties;
mod relation;
mod stamp;
mod state;
mod timestamp;

pub(crate) use address::address;
pub use association::{Association, End, Side};
pub use counts::Counts;
pub use display_name::{MAX_NAME_BYTES, Property, clean_name};
pub(crate) use display_name::{
    MAX_PROPERTIES, NAME, NAMING_PROPERTIES, built_in_labels, built_in_primary, property_key,
};
pub use epoch::{Epoch, EpochId, Epochs, EventId, ForeignEpoch, ParseEventIdError};
pub use event::{Change, Event, EventType, ObjectSchema, Rank};
pub use ids::{AssociationId, LocationId, ObjectKey, RecordId, RelationId, WebhookId};
pub use names::ParseNameError;
pub use node_ref::{NodeRef, ParseNodeRefError};
pub use origin::Origin;
pub(crate) use percent_encoded::percent_encoded;
pub use properties::{Properties, PropertyState};
pub use relation::{RecordRef, Relation};
pub(crate) use stamp::SEQ_MAX;
pub use stamp::{Seq, Stamp};
pub use state::{NamedThing, RecordState, StateKey, StateRow, ThingId};
pub use timestamp::{ParseTimestampError, Timestamp};
