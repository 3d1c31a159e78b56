//! What is wrong with the parameters and members of a request, all of it in one answer.

use crate::http::compat::error::CompatError;

/// Maximum number of findings of one answer: a client chooses how many members a body has.
const FINDINGS_MAX: usize = 256;

/// The findings so far. Those about parameters and members that do not exist come last.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    faults: Vec<String>,
    unknown: Vec<String>,
}

impl Findings {
    /// Adds a finding.
    pub(crate) fn add(&mut self, finding: impl Into<String>) {
        self.faults.push(finding.into());
    }

    /// Adds that a text is missing.
    pub(crate) fn missing(&mut self, name: &str) {
        self.empty(name);
        self.not_text(name);
    }

    /// Adds that a text is empty.
    pub(crate) fn empty(&mut self, name: &str) {
        self.add(format!("{name} should not be empty"));
    }

    /// Adds that a text is longer than so many bytes.
    pub(crate) fn too_long(&mut self, name: &str, bytes: usize) {
        self.add(format!("{name} must be shorter than or equal to {bytes} bytes"));
    }

    /// Adds that a value is no number, or one out of its range.
    pub(crate) fn not_number(&mut self, name: &str) {
        self.add(format!("{name} must be a number conforming to the specified constraints"));
    }

    /// Adds that a value is no text.
    pub(crate) fn not_text(&mut self, name: &str) {
        self.add(format!("{name} must be a string"));
    }

    /// Adds that a parameter or member does not exist.
    pub(crate) fn unknown(&mut self, name: &str) {
        if self.unknown.len() < FINDINGS_MAX {
            self.unknown.push(format!("property {name} should not exist"));
        }
    }

    /// Adds what was found elsewhere in the same request.
    pub(crate) fn append(&mut self, mut others: Self) {
        self.faults.append(&mut others.faults);
        self.unknown.append(&mut others.unknown);
    }

    /// Returns the findings in the order of an answer.
    pub(crate) fn into_list(mut self) -> Vec<String> {
        self.faults.append(&mut self.unknown);
        self.faults.truncate(FINDINGS_MAX);
        self.faults
    }

    /// Refuses the request if anything was found.
    pub(crate) fn check(self) -> Result<(), CompatError> {
        let list = self.into_list();
        if list.is_empty() { Ok(()) } else { Err(CompatError::unprocessable(list)) }
    }
}
