//! Requests, and what is remembered of them.

use std::collections::BTreeMap;

use super::location::Millis;
use super::routes::Route;

/// A request, its headers by names in lower case.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// A request that was seen, and how it was answered.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at: Millis,
    pub(crate) route: Option<Route>,
    pub(crate) request: Request,
    pub(crate) status: u16,
}
