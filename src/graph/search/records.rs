//! What an index reads of the records that it knows by number.

/// What an index reads of the records that it knows by number.
pub(crate) trait Records {
    /// Returns the id of a record, which stays the same.
    fn id(&self, record: u32) -> &str;

    /// Returns its object key.
    fn object_key(&self, record: u32) -> &str;

    /// Returns how many links it has.
    fn links(&self, record: u32) -> u64;

    /// Returns whether a search may find it.
    fn is_wanted(&self, record: u32) -> bool;
}
