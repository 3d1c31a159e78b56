//! A request of the sender's API as handlers see it.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;

use warp::http::HeaderMap;
use warp::reply::Response;

use crate::http::app::App;
use crate::http::auth::token::Grant;
use crate::http::compat::error::CompatError;
use crate::http::compat::location;
use crate::http::compat::params::Params;
use crate::http::compat::request_body::RequestBody;
use crate::http::extract::body::Body;
use crate::http::extract::json_body;
use crate::http::extract::request::RequestLine;
use crate::http::limits::receive_budget::Reservation;

/// A request whose path has been decoded and whose token has been checked.
#[derive(Debug)]
pub(crate) struct CompatRequest<'r> {
    pub(super) line: RequestLine<'r>,
    pub(super) parameters: Vec<(&'r str, Cow<'r, str>)>,
    pub(super) headers: HeaderMap,
    /// What it may see and do.
    pub(super) grant: Grant,
}

/// The answer to a request, or the error in its place.
pub(crate) type CompatAnswer = Result<Response, CompatError>;

/// An answer after waiting for a body, a lock or the disk.
pub(crate) type CompatAnswerLater<'r> = Pin<Box<dyn Future<Output = CompatAnswer> + Send + 'r>>;

/// Answers the requests of a route.
pub(crate) type CompatHandler =
    for<'r> fn(&'r Arc<App>, CompatRequest<'r>, Body) -> CompatAnswerLater<'r>;

impl<'r> CompatRequest<'r> {
    /// Returns a parameter in the path, percent-decoded; empty if the route has none of this
    /// name.
    pub(super) fn path_param(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, value)| value)
    }

    /// Parses the query, in which these parameters may be, besides `locationId`.
    pub(super) fn params(&self, known: &[&str]) -> Params<'r> {
        Params::parse(self.line.query, &[&["locationId"], known].concat())
    }

    /// Receives the body and reads it, in the background if that may take long. The
    /// reservation is to be held as long as the result.
    pub(super) async fn receive<T: Send + 'static>(
        &self,
        app: &App,
        body: Body,
        limit: usize,
        read: fn(&[u8]) -> Result<T, CompatError>,
    ) -> Result<(T, Reservation), CompatError> {
        let client = self.grant.client("");
        json_body::receive_for(app, &client, &self.headers, body, limit, read).await
    }

    /// Receives the body and reads it as [`receive`](Self::receive) does, and returns the
    /// location of the request before what the body asks for.
    pub(super) async fn receive_located<T: Send + 'static>(
        &self,
        app: &App,
        body: Body,
        limit: usize,
        read: fn(&[u8]) -> Result<RequestBody<T>, CompatError>,
    ) -> Result<(String, T, Reservation), CompatError> {
        let mut params = self.params(&[]);
        let given = params.text("locationId");
        let received = self.receive(app, body, limit, read).await?;
        let (RequestBody { location, asked, mut findings }, reservation) = received;
        findings.append(params.findings);
        let location = location::required(app, &self.grant, given, location, findings)?;
        Ok((location, asked, reservation))
    }

    /// Returns the id that connects the answer with the log.
    pub(super) fn trace_id(&self) -> String {
        self.line.id.to_owned()
    }
}
