//! Numbers that address things.

/// Converts an index to the number that addresses the same thing.
///
/// # Panics
///
/// If there is no such number; continuing would answer with the wrong thing, for good.
///
/// No event is checked for it before it is written, because memory ends first. Whatever is
/// numbered is held in memory, 2³² of it in one location or, of locations, in one store:
/// a relation takes 148 bytes (600 GB), a record 60 (250 GB), an object key or an
/// association more, a chunk of texts some KiB, a link 12 bytes in each of two adjacencies
/// (100 GB). Numbers of an erased location are assigned again with its graph, and those
/// of locations with the last of them.
#[expect(clippy::panic, reason = "a number that addresses something never saturates")]
pub(crate) fn address<N: TryFrom<usize>>(index: usize) -> N {
    N::try_from(index)
        .unwrap_or_else(|_| panic!("there is no number left for another thing of this kind"))
}
