//! Reading a location: rows, and the lists and searches that they come from.

mod definitions;
mod lists;
mod page_sizes;
mod paging;
mod rows;
mod searches;
mod things;

pub(crate) use definitions::{
    Definitions, read_association, read_associations, read_location, read_objects,
};
pub(crate) use lists::{Lists, RecordLinks, embedded};
pub(crate) use page_sizes::PageSizes;
pub(crate) use rows::text;
pub use rows::{LocationRow, ObjectRow, RecordRow, Row};
pub(crate) use searches::{SearchKind, SearchPage, SearchProgress, search_page};
pub(crate) use things::{ThingRead, Things};
