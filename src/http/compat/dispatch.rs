//! Admits requests of the sender's API, has them answered or refused.

use std::borrow::Cow;
use std::sync::Arc;

use warp::http::HeaderMap;
use warp::reply::Response;

use crate::http::app::App;
use crate::http::auth::cross_site;
use crate::http::auth::policy::bearer;
use crate::http::auth::token::Grant;
use crate::http::compat::error::CompatError;
use crate::http::compat::request::{CompatHandler, CompatRequest};
use crate::http::extract::body::Body;
use crate::http::extract::request::RequestLine;
use crate::http::respond::problem::Problem;
use crate::journal::Scope;

/// Returns whether a path belongs to the sender's API, whether it exists or not.
pub(crate) fn covers(path: &str) -> bool {
    let below = |root: &str| {
        path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    below("/associations") || below("/objects") || matches!(path, "/health" | "/health/")
}

/// Returns a path without its last slash, and with one: both exist.
pub(crate) fn spellings(path: &str) -> [String; 2] {
    let bare = path.trim_end_matches('/');
    [bare.to_owned(), format!("{bare}/")]
}

/// Answers a request that matches a route.
pub(crate) async fn answer(
    app: &Arc<App>,
    handler: CompatHandler,
    scope: Option<Scope>,
    parameters: Vec<(&str, Cow<'_, str>)>,
    line: RequestLine<'_>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let admitted = admit(app, scope, &headers);
    let answered = match admitted {
        Ok(grant) => handler(app, CompatRequest { line, parameters, headers, grant }, body).await,
        Err(error) => Err(error),
    };
    answered.unwrap_or_else(|error| error.into_response(&line))
}

/// Answers a request that matches no route: the sender has no 405.
pub(crate) fn refuse_unknown(line: &RequestLine<'_>) -> Response {
    CompatError::cannot(line).into_response(line)
}

/// Answers a request that is refused before it is matched.
pub(crate) fn refuse(problem: Problem, line: &RequestLine<'_>) -> Response {
    CompatError::from(problem).into_response(line)
}

/// Returns what a request may do, if that includes the scope.
fn admit(app: &App, scope: Option<Scope>, headers: &HeaderMap) -> Result<Grant, CompatError> {
    let Some(need) = scope else { return Ok(Grant::ALL) };
    if app.policy.tokens.is_none() {
        cross_site::check(headers, &app.policy)?;
    }
    let grant = app.policy.grant(headers);
    let grant = grant.ok_or_else(|| CompatError::invalid_token(bearer(headers)))?;
    if grant.scope < need { Err(CompatError::scope()) } else { Ok(grant) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_senders_paths_are_known() {
        for path in ["/associations", "/associations/", "/associations/x/y", "/objects", "/health"]
        {
            assert!(covers(path), "{path}");
        }
        for path in ["/", "/associationsx", "/object", "/healthz", "/health/x", "/v1/objects"] {
            assert!(!covers(path), "{path}");
        }
        assert_eq!(spellings("/objects/"), ["/objects", "/objects/"]);
        assert_eq!(spellings("/objects/{key}"), ["/objects/{key}", "/objects/{key}/"]);
    }
}
