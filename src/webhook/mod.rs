//! Decodes what senders post into events; only this folder knows their shapes.

#[cfg(feature = "server")]
mod admission;
mod body_text;
mod decode;
mod distill;
mod encoding;
mod error;
mod event_body;
mod limits;
mod members;
mod names;
mod one_line;
mod payload;
mod payload_values;
#[cfg(feature = "server")]
mod record_details;
#[cfg(feature = "server")]
mod schema_details;
mod summary;

pub use crate::model::{MAX_NAME_BYTES, clean_name};
#[cfg(feature = "server")]
pub use admission::{AdmissionRules, Admitted, Examined, PostedDelivery, Refusal};
#[cfg(feature = "server")]
pub(crate) use body_text::json_text;
pub(crate) use decode::decode_text;
pub use decode::{Decoded, UrlTypes, decode, decode_stored, decode_with};
pub(crate) use distill::distilled_body;
pub use distill::{Keep, distill};
pub use encoding::{ContentEncoding, UnknownEncoding, UnpackError, strip_bom};
pub use error::DecodeError;
pub(crate) use event_body::{association_delete_body, event_body};
pub use limits::{MAX_DEPTH, MAX_ID_BYTES};
pub(crate) use members::{
    check_id, check_label, check_location, check_object_key, ignored_type, other_location,
    read_properties,
};
pub use one_line::wrapped;
#[cfg(feature = "server")]
pub(crate) use record_details::RecordDetails;
#[cfg(feature = "server")]
pub(crate) use schema_details::SchemaDetails;
pub use summary::DeliverySummary;
