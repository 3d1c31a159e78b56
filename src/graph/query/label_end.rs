//! At which end of a link a label is read.

/// The end that a filter is asked from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LabelEnd {
    /// From the node itself: a label is that of the far end.
    Far,
    /// From the far end: a label is that of the node itself.
    Own,
    /// From either: the question has no direction.
    Either,
}
