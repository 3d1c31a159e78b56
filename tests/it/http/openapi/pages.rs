//! What people and their browsers ask for.

use crate::support::openapi::{Record, Request};
use crate::support::server::Server;

/// Every page and text answers, and once more those who have it.
pub(super) fn ask(record: &mut Record, server: &Server) {
    record.ask(server, &Request::new("GET", "/", ""), 200);
    let browser = Request::new("GET", "/", "").header("accept", "text/html,*/*;q=0.8");
    record.ask(server, &browser, 303);
    record.ask(server, &Request::new("GET", "/explore", ""), 308);
    for route in ["/openapi.json", "/docs", "/explore/", "/explore/{file}"] {
        let tag = record.ask(server, &Request::new("GET", route, ""), 200);
        let tag = tag.header("etag").unwrap().to_owned();
        let again = Request::new("GET", route, "").header("if-none-match", &tag);
        record.ask(server, &again, 304);
    }
    let style = Request::new("GET", "/explore/{file}", "").at("/explore/explorer.css");
    record.ask(server, &style, 200);
    record.ask(server, &Request::new("GET", "/explore/{file}", "").at("/explore/nothing"), 404);
}
