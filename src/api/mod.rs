//! The JSON of the HTTP API, which the command line prints, too.
//!
//! A `…Response` is a whole answer, a `…QueryBody` a whole request; other `…Body` types are
//! parts of them.

mod changes;
mod delivery;
mod diff;
mod doctor;
mod history;
mod import;
mod links;
mod list;
mod locations;
mod object;
mod page;
mod problem_code;
mod requests;
mod schema;
mod search;
mod summary;
mod traversals;

pub use changes::*;
pub use delivery::*;
pub use diff::*;
pub use doctor::*;
pub use history::*;
pub use import::*;
pub use links::*;
pub use list::*;
pub use locations::*;
pub use object::*;
pub use page::*;
pub use problem_code::*;
pub use requests::*;
pub use schema::*;
pub use search::*;
pub use summary::*;
pub use traversals::*;

use serde::{Serialize, Serializer};

use crate::model::Timestamp;

/// A time, written in RFC 3339 format.
pub struct At(pub Timestamp);

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
