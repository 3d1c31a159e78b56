//! The address that requests go to.

use std::net::IpAddr;

/// The beginning of the URL of every request, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    text: String,
    is_loopback: bool,
}

/// Why a base URL cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BaseUrlError {
    /// It is no URL of HTTP.
    #[error("{0} is not an http or https URL without user, query and fragment")]
    Malformed(String),
    /// A token would travel in the clear.
    #[error("{0} would send the token unencrypted: use https, or say --insecure-http")]
    Insecure(String),
}

impl BaseUrl {
    /// Parses a base URL. Plain HTTP is accepted for this machine alone, or if it is allowed.
    ///
    /// ```
    /// use relata::pull::BaseUrl;
    ///
    /// assert!(BaseUrl::parse("http://127.0.0.1:8080/", false).is_ok());
    /// assert!(BaseUrl::parse("http://example.test", false).is_err());
    /// ```
    pub fn parse(text: &str, allows_insecure: bool) -> Result<Self, BaseUrlError> {
        let malformed = || BaseUrlError::Malformed(shown(text));
        let uri: ureq::http::Uri = text.trim().parse().map_err(|_| malformed())?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(malformed)?;
        let has_user = uri.authority().is_some_and(|it| it.as_str().contains('@'));
        if has_user || uri.query().is_some() || text.contains('#') {
            return Err(malformed());
        }
        let is_loopback = is_loopback(host);
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_loopback || allows_insecure => {}
            Some("http") => return Err(BaseUrlError::Insecure(shown(text))),
            _ => return Err(malformed()),
        }
        Ok(Self { text: text.trim().trim_end_matches('/').to_owned(), is_loopback })
    }

    /// Returns the URL, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether it is of this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// Returns the host and port.
    pub fn host(&self) -> &str {
        let rest = self.text.split_once("://").map_or(&*self.text, |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }
}

/// Returns a URL as an error may show it: without what might be a password.
fn shown(text: &str) -> String {
    let text = text.trim();
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    if scheme.is_empty() { rest.to_owned() } else { format!("{scheme}://{rest}") }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for url in [
            "https://services.leadconnectorhq.com",
            "https://example.test/base/",
            "http://localhost:1",
            "http://127.0.0.1:1",
            "http://[::1]:1",
        ] {
            assert!(BaseUrl::parse(url, false).is_ok(), "{url}");
        }
        for url in ["http://example.test", "http://10.0.0.1", "http://localhost.example.test"] {
            assert!(matches!(BaseUrl::parse(url, false), Err(BaseUrlError::Insecure(_))), "{url}");
            assert!(BaseUrl::parse(url, true).is_ok(), "{url}");
        }
        for url in [
            "",
            "example.test",
            "ftp://example.test",
            "https://",
            "https://a:secret@example.test",
            "https://example.test/?token=secret",
            "https://example.test/#secret",
        ] {
            let error = BaseUrl::parse(url, true).unwrap_err();
            assert!(matches!(error, BaseUrlError::Malformed(_)), "{url}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_path_stays_and_a_slash_goes() {
        let url = BaseUrl::parse("https://example.test:8443/base//", false).unwrap();
        assert_eq!(
            (url.as_str(), url.host()),
            ("https://example.test:8443/base", "example.test:8443")
        );
    }
}
