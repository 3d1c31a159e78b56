//! Requests that are turned away before anybody looks at what they ask for.

use super::answer::Answer;
use super::request::Request;
use super::routes::Route;
use super::settings::{Edge, Refusals};

impl Refusals {
    /// Turns a request away at the edge.
    pub(crate) fn at_edge(&self, request: &Request) -> Result<(), Answer> {
        let agent = request.header("user-agent");
        let is_refused = match self.edge {
            Edge::Open => false,
            Edge::Closed => true,
            Edge::ClosedToPython => agent.starts_with("Python-urllib"),
        };
        if is_refused {
            return Err(Answer::text(403, "text/plain; charset=UTF-8", "error code: 1010"));
        }
        let Some(other) = &self.redirect else { return Ok(()) };
        let target = format!("{other}{}?{}", request.path, request.query);
        Err(Answer::text(307, "text/html", "").with("location", target))
    }

    /// Refuses a call for which the token has no scope.
    pub(crate) fn by_scope(&self, route: Route) -> Result<(), Answer> {
        if self.denied.contains(&route.scope()) {
            return Err(Answer::error(401, "The token is not authorized for this scope."));
        }
        Ok(())
    }
}
