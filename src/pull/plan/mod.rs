//! Before links are read: a survey of the location, what to list, and what it costs.

mod cover;
mod estimate;
#[expect(clippy::module_inception, reason = "the plan is what this folder makes")]
mod plan;
mod settings;
mod survey;

pub use estimate::{Estimate, KeyEstimate};
pub(crate) use plan::{Plan, plan};
pub use settings::{Method, ReadSettings, RecordsRead};
pub(crate) use settings::{names_association, names_object};
pub use survey::Count;
pub(crate) use survey::{KeySurvey, ObjectLayer, read_object_layer, search_sizes, survey};
