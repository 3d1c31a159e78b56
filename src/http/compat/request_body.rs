//! What a body asks for, and which location it names.

use crate::http::compat::error::CompatError;
use crate::http::compat::findings::Findings;
use crate::http::compat::members::Members;

/// A body that was read.
pub(super) struct RequestBody<T> {
    /// The location that it names.
    pub(super) location: Option<String>,
    /// What it asks for.
    pub(super) asked: T,
    pub(super) findings: Findings,
}

impl<T> RequestBody<T> {
    /// Reads a body in which these members may be, `locationId` among them.
    pub(super) fn read<'b>(
        body: &'b [u8],
        known: &'static [&'static str],
        read: impl FnOnce(&Members<'b>, &mut Findings) -> Result<T, CompatError>,
    ) -> Result<Self, CompatError> {
        let members = Members::of_body(body, known)?;
        let mut findings = Findings::default();
        let location = members.optional("locationId", &mut findings)?;
        let asked = read(&members, &mut findings)?;
        members.find_unknown(&mut findings);
        Ok(Self { location, asked, findings })
    }
}
