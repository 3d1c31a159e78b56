//! Why nothing can be written.

use crate::store::store::Store;
use crate::store::writer::write_failure::WriteFailure;

impl Store {
    /// Returns why nothing can be written, and since when, or `None` while writing works.
    pub fn write_failure(&self) -> Option<WriteFailure> {
        self.state.health.write_failure()
    }
}
