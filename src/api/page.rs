//! Pages: what every list says beside its array, and cursors.

use serde::Serialize;

use crate::model::Seq;

/// The members of every list beside its named array.
#[derive(Serialize)]
pub struct PageInfo {
    /// Cursor of the next page; `None` on the last one.
    pub next: Option<String>,
    /// Whether nothing is missing: there is no next page and no limit was reached.
    pub complete: bool,
    /// The last event that the answer includes.
    pub seq: Seq,
}

impl PageInfo {
    /// Returns the members of a list that is complete on its last page.
    pub fn new(next: Option<String>, seq: Seq) -> Self {
        Self { complete: next.is_none(), next, seq }
    }

    /// Returns the members of a list that may be incomplete on its last page.
    pub fn of(next: Option<String>, complete: bool, seq: Seq) -> Self {
        Self { complete: complete && next.is_none(), next, seq }
    }
}

/// Returns the cursor that continues a list after this place.
pub fn place_cursor(place: u32) -> String {
    format!("c{place:08x}")
}

/// Returns the cursor that continues a ranked list after this rank and place.
pub fn ranked_cursor(rank: u64, place: u32) -> String {
    format!("r{rank:x}-{place:08x}")
}

/// Reads what [`ranked_cursor`] wrote; `None` if the text is no such cursor.
pub fn read_ranked_cursor(text: &str) -> Option<(u64, u32)> {
    let (rank, place) = text.strip_prefix('r')?.split_once('-')?;
    let read = (u64::from_str_radix(rank, 16).ok()?, u32::from_str_radix(place, 16).ok()?);
    // Each has one spelling: no signs, capitals or superfluous zeros.
    (ranked_cursor(read.0, read.1) == text).then_some(read)
}

/// Returns the cursor that continues a list of the newest events before this one.
pub fn before_cursor(seq: Seq) -> String {
    format!("b{seq}")
}

/// Reads what [`before_cursor`] wrote; `None` if the text is no such cursor.
pub fn read_before_cursor(text: &str) -> Option<Seq> {
    let seq = text.strip_prefix('b')?.parse().ok()?;
    // Each has one spelling: no sign and no superfluous zeros.
    (before_cursor(seq) == text).then_some(seq)
}
