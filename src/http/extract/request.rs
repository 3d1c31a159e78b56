//! One request, its path and headers read.

use std::borrow::Cow;

use warp::http::HeaderMap;

use crate::http::auth::token::Grant;
use crate::http::extract::params::{Query, decode};
use crate::http::respond::problem::Problem;
use crate::model::NodeRef;

/// What a handler sees of a request.
#[derive(Debug)]
pub(crate) struct Request<'r> {
    pub(crate) parameters: Vec<(&'r str, Cow<'r, str>)>,
    pub(crate) query: Query<'r>,
    pub(crate) headers: HeaderMap,
    /// What it may see and do.
    pub(crate) grant: Grant,
    /// Its id, in the answer and the log.
    pub(crate) id: &'r str,
}

impl Request<'_> {
    /// A segment of the path, percent-decoded.
    pub(crate) fn segment(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The node that the path names, in the layer that it names.
    pub(crate) fn node(&self) -> NodeRef {
        let object = self.segment("objectKey");
        match self.segment("recordId") {
            "" => NodeRef::object(object),
            record => NodeRef::record(object, record),
        }
    }
}

/// The segments of a matched path, decoded. One that cannot be decoded names
/// nothing.
pub(crate) fn parameters<'r>(
    matched: &matchit::Params<'r, 'r>,
) -> Result<Vec<(&'r str, Cow<'r, str>)>, Problem> {
    let decoded = |(name, value): (&'r str, &'r str)| {
        let value = decode(value).ok_or_else(|| Problem::not_found("the path is not valid"))?;
        Ok((name, value))
    };
    matched.iter().map(decoded).collect()
}
