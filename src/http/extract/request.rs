//! A request as handlers see it.

use std::borrow::Cow;

use warp::http::header::HeaderName;
use warp::http::{HeaderMap, Method};

use crate::http::auth::token::Grant;
use crate::http::extract::params::{Query, decode};
use crate::http::respond::problem::Problem;
use crate::model::NodeRef;

/// The last event that a client that reconnects has received.
pub(crate) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The first line of a request, and its id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestLine<'r> {
    pub(crate) method: &'r Method,
    pub(crate) path: &'r str,
    pub(crate) query: &'r str,
    pub(crate) id: &'r str,
}

/// A request whose path and parameters have been decoded.
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
    /// Returns a parameter in the path, percent-decoded; empty if the route has none of
    /// this name.
    pub(crate) fn path_param(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, value)| value)
    }

    /// Returns the node that the path names, in the layer that it names.
    pub(crate) fn node(&self) -> NodeRef {
        let object = self.path_param("objectKey");
        match self.path_param("recordId") {
            "" => NodeRef::object(object),
            record => NodeRef::record(object, record),
        }
    }
}

/// Decodes the parameters of a matched path. A path with one that cannot be decoded does not
/// exist.
pub(crate) fn parameters<'r>(
    matched: &matchit::Params<'r, 'r>,
) -> Result<Vec<(&'r str, Cow<'r, str>)>, Problem> {
    let decoded = |(name, value): (&'r str, &'r str)| {
        let value = decode(value).ok_or_else(|| Problem::not_found("the path is not valid"))?;
        Ok((name, value))
    };
    matched.iter().map(decoded).collect()
}
