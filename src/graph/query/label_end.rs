//! The end of a link at which a filter reads its label.

/// The end at which a filter reads a link's label, as seen from the node whose links a
/// query visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LabelEnd {
    /// At the far end.
    Far,
    /// At the node itself: the query looks from the far end.
    Own,
    /// At either: the query has no direction.
    Either,
}
