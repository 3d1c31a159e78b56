//! Who may send deliveries, and who may use the API.

use std::sync::Arc;

use warp::http::HeaderMap;
use warp::http::header::AUTHORIZATION;

use crate::http::auth::cors::CorsOrigins;
use crate::http::auth::token::{Grant, TokenTable};
use crate::http::respond::problem::Problem;
use crate::journal::Scope;
use crate::signature::{SignatureHeaders, Verifier};
use crate::webhook::{AdmissionRules, UrlTypes};

/// The credentials that requests need.
#[derive(Debug)]
pub struct AuthPolicy {
    /// The keys that deliveries are signed with.
    pub verifier: Verifier,
    /// Whether a delivery without a valid signature is refused.
    pub webhook_auth: bool,
    /// Whether the event type of a URL counts although signatures do not cover it.
    pub trust_url_types: bool,
    /// The tokens that requests need; `None` if anybody may use the API.
    pub tokens: Option<Arc<TokenTable>>,
    /// Pages that may use the API from a browser.
    pub cors: CorsOrigins,
    /// Whether requests for another host than this machine, and those that come through a
    /// proxy, are answered where neither a signature nor a token is required.
    pub allow_unprotected: bool,
}

impl AuthPolicy {
    /// Returns a policy by which any program on this machine may send deliveries and use
    /// the API.
    pub fn off() -> Self {
        Self {
            verifier: Verifier::default(),
            webhook_auth: false,
            trust_url_types: false,
            tokens: None,
            cors: CorsOrigins::default(),
            allow_unprotected: false,
        }
    }

    /// Returns the rules by which deliveries are accepted.
    pub(crate) fn admission(&self) -> AdmissionRules<'_> {
        AdmissionRules {
            verifier: &self.verifier,
            signature_required: self.webhook_auth,
            url_types: self.url_types(),
        }
    }

    /// Returns whether the event type of a delivery's URL counts where the body names none.
    pub(crate) fn url_types(&self) -> UrlTypes {
        // Without signatures, anybody may post any body anyway.
        let trusts = self.trust_url_types || !self.webhook_auth;
        if trusts { UrlTypes::Trusted } else { UrlTypes::Untrusted }
    }

    /// Returns what the token of a request grants, if that includes this scope.
    pub(crate) fn authorize(&self, headers: &HeaderMap, need: Scope) -> Result<Grant, Problem> {
        if headers.get_all(AUTHORIZATION).iter().count() != 1 && self.tokens.is_some() {
            return Err(Problem::unauthorized("send one header `Authorization: Bearer TOKEN`"));
        }
        let grant = self.grant(headers).ok_or_else(|| Problem::unauthorized("invalid token"))?;
        if grant.scope < need {
            let detail = format!(
                "the token's scope is {}, this needs {}",
                grant.scope.as_str(),
                need.as_str()
            );
            return Err(Problem::forbidden(detail));
        }
        Ok(grant)
    }

    /// Returns what the token of a request grants, or `None` without a valid one.
    pub(crate) fn grant(&self, headers: &HeaderMap) -> Option<Grant> {
        match &self.tokens {
            None => Some(Grant::ALL),
            Some(tokens) => tokens.grant(bearer(headers)?),
        }
    }

    /// Returns whether the grant of a long request is still valid.
    pub(crate) fn still_grants(&self, grant: &Grant) -> bool {
        self.tokens.as_ref().is_none_or(|tokens| tokens.is_good(grant))
    }
}

/// Returns the token that a request presents, if it presents exactly one.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(given), None) = (given.next(), given.next()) else { return None };
    let (scheme, token) = given.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Returns the headers of a delivery that show who sent it.
pub(crate) fn signature_headers(headers: &HeaderMap) -> SignatureHeaders<'_> {
    SignatureHeaders::pick(headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())))
}
