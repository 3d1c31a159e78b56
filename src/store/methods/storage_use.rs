//! The space that a store takes on disk.

use std::time::Duration;

use crate::journal::{FileSizes, JournalError};
use crate::store::store::Store;

/// The space that a store takes on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StorageUse {
    /// Sizes of the files; 0 for a store in memory.
    pub files: FileSizes,
    /// How long a reader has kept the write-ahead log from being cut down; 0 if none does.
    pub log_held: Duration,
}

impl Store {
    /// Returns the space that the store takes on disk. Costs a look-up of two files.
    pub fn storage_use(&self) -> Result<StorageUse, JournalError> {
        let files = self.reader()?.file_sizes()?;
        Ok(StorageUse { files, log_held: self.state.stats.log_held() })
    }
}
