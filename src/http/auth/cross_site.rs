//! What is refused where requests are not authenticated: those of other sites' pages, and
//! those that come through a proxy.
//!
//! Any page can make a browser send requests to a server on the same machine and, by DNS
//! rebinding, read the answers. A proxy admits whoever reaches the proxy.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use warp::http::header::{FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, VIA};

use crate::http::auth::policy::AuthPolicy;
use crate::http::respond::problem::Problem;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a request that comes neither from a program on this machine nor from a page that
/// may use the API.
pub(crate) fn check(headers: &HeaderMap, policy: &AuthPolicy) -> Result<(), Problem> {
    let host = headers.get(HOST).map(HeaderValue::as_bytes);
    from_page(headers, host, policy)?;
    if policy.allow_unprotected {
        return Ok(());
    }
    if let Some(host) = host
        && !is_loopback(host)
    {
        return Err(Problem::forbidden(
            "this server requires no signature or token here, so it answers only to localhost \
             and loopback addresses in `Host`; to be reached under another name, start it with \
             --webhook-auth required and --api-auth required, or with --allow-unprotected",
        ));
    }
    match headers.keys().find(|name| is_of_proxy(name)) {
        None => Ok(()),
        Some(name) => Err(Problem::forbidden(format!(
            "the request came through a proxy, as `{name}` shows, and this server requires no \
             signature or token here; start it with --webhook-auth required and --api-auth \
             required, or with --allow-unprotected if everybody the proxy admits may do this"
        ))),
    }
}

fn from_page(headers: &HeaderMap, host: Option<&[u8]>, policy: &AuthPolicy) -> Result<(), Problem> {
    let mut origins = headers.get_all(ORIGIN).iter();
    let allowed = match (origins.next(), origins.next()) {
        (Some(origin), None) if policy.cors.lists(origin) => return Ok(()),
        (Some(origin), None) => is_own(origin.as_bytes(), host),
        (None, _) => true,
        _ => false,
    };
    let site = headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes);
    if allowed && !matches!(site, Some(b"cross-site" | b"same-site")) {
        return Ok(());
    }
    Err(Problem::forbidden(
        "the request comes from a page of another site, and this server requires no signature \
         or token here; allow the page's origin with --cors-origin",
    ))
}

/// Returns whether an origin is the server's own.
fn is_own(origin: &[u8], host: Option<&[u8]>) -> bool {
    let authority = origin.strip_prefix(b"http://").or_else(|| origin.strip_prefix(b"https://"));
    authority.zip(host).is_some_and(|(authority, host)| authority.eq_ignore_ascii_case(host))
}

/// Returns whether a `Host`, with or without a port, names this machine alone.
fn is_loopback(host: &[u8]) -> bool {
    let Ok(host) = std::str::from_utf8(host) else { return false };
    if let Some(rest) = host.strip_prefix('[') {
        let address = rest.split_once(']').and_then(|(address, _)| address.parse().ok());
        return address.is_some_and(|it: Ipv6Addr| IpAddr::V6(it).to_canonical().is_loopback());
    }
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    let name = name.strip_suffix('.').unwrap_or(name);
    let end = name.len().checked_sub("localhost".len()).and_then(|at| name.split_at_checked(at));
    end.is_some_and(|(before, end)| {
        end.eq_ignore_ascii_case("localhost") && (before.is_empty() || before.ends_with('.'))
    }) || name.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
}

/// Returns whether proxies add this header.
fn is_of_proxy(name: &HeaderName) -> bool {
    *name == FORWARDED
        || *name == VIA
        || name.as_str().starts_with("x-forwarded-")
        || matches!(name.as_str(), "x-real-ip" | "cf-connecting-ip" | "true-client-ip")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for host in [
            "localhost",
            "LocalHost:8787",
            "relata.localhost:1",
            "localhost.",
            "127.0.0.1",
            "127.8.9.1:80",
            "[::1]",
            "[::1]:8787",
            "[::ffff:127.0.0.1]:80",
        ] {
            assert!(is_loopback(host.as_bytes()), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evillocalhost",
            "localhost.evil.example:8787",
            "127.0.0.1.evil.example",
            "127.1",
            "0.0.0.0",
            "10.0.0.7:8787",
            "[::]",
            "[::1",
            "::1",
            "[fe80::1]",
            "é.localhos",
        ] {
            assert!(!is_loopback(host.as_bytes()), "{host}");
        }
    }
}
