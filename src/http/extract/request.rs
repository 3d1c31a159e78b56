//! One request, its path and headers read.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use warp::http::HeaderMap;

use crate::api::{Moment, Object};
use crate::http::auth::token::Grant;
use crate::http::extract::params::{Query, decode};
use crate::http::respond::problem::Problem;
use crate::model::NodeRef;
use crate::store::AsOf;
use crate::webhook::strip_bom;

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

    /// The question that a body asks. One that does not fit is refused with the
    /// member to blame.
    pub(crate) fn question<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, Problem> {
        self.query.only(&["asOf"])?;
        let mut reader = serde_json::Deserializer::from_slice(strip_bom(body));
        let Object(question) = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let (path, inner) = (error.path().to_string(), error.inner());
            if !inner.is_data() {
                return Problem::malformed_json(inner);
            }
            let field = if path == "." { "body" } else { path.as_str() };
            Problem::invalid_parameter(field, format!("does not fit: {inner}"))
        })?;
        reader.end().map_err(Problem::malformed_json)?;
        Ok(question)
    }

    /// The moment that a question is about: in its body or in the query, not in
    /// both.
    pub(crate) fn moment(&self, in_body: Option<Moment>) -> Result<Option<AsOf>, Problem> {
        match (self.query.as_of()?, in_body) {
            (Some(_), Some(_)) => {
                Err(Problem::invalid_parameter("asOf", "stands in the body and in the query"))
            }
            (in_query, in_body) => Ok(in_query.or(in_body.map(|moment| moment.0))),
        }
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
