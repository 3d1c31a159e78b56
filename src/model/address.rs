//! Numbers that address things.

/// Converts an index to the number that addresses the same thing.
///
/// # Panics
///
/// If there is no such number. That takes four billion things of one kind, hundreds
/// of gigabytes; going on would answer with the wrong one of them, for good.
#[expect(clippy::panic, reason = "a number that addresses something never saturates")]
pub(crate) fn address<N: TryFrom<usize>>(index: usize) -> N {
    N::try_from(index)
        .unwrap_or_else(|_| panic!("there is no number left for another thing of this kind"))
}
