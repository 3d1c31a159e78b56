//! Our JSON, as the contract with the outside has it: what the HTTP API takes and
//! answers, and what the command line prints for programs.
//!
//! The members mean what the types that they are made from say.

#![expect(
    missing_docs,
    reason = "each type mirrors one of the graph's or store's, documented there"
)]

mod answers;
mod changes;
mod delivery;
mod diff;
mod doctor;
mod imports;
mod lists;
mod object;
mod questions;
mod summary;

pub use answers::*;
pub use changes::*;
pub use delivery::*;
pub use diff::*;
pub use doctor::*;
pub use imports::*;
pub use lists::*;
pub use object::*;
pub use questions::*;
pub use summary::*;

use serde::{Serialize, Serializer};

use crate::model::{Seq, Timestamp};

/// A time as RFC 3339 text.
pub struct At(pub Timestamp);

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// What every list says beside its named array.
#[derive(Serialize)]
pub struct PageInfo {
    pub next: Option<String>,
    pub complete: bool,
    pub seq: Seq,
}

impl PageInfo {
    pub fn new(next: Option<String>, seq: Seq) -> Self {
        Self { complete: next.is_none(), next, seq }
    }

    /// Of a list that may lack something although it does not go on.
    pub fn of(next: Option<String>, complete: bool, seq: Seq) -> Self {
        Self { complete: complete && next.is_none(), next, seq }
    }
}
