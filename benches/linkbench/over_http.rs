//! Relata over HTTP: one connection that is kept alive, read and written by the thread of its
//! client, as the connections to PostgreSQL are.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde::Deserialize;

use super::client::LIST_LIMIT;
use super::events::{LOCATION, OBJECT, association, label};
use super::relata::Asked;
use crate::client::{Request as Bytes, get, post};

/// The members that LinkBench's own client reads, too.
#[derive(Deserialize)]
struct Links {
    links: Vec<Link>,
    next: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read as the columns of the other stores are")]
struct Link {
    record: String,
    at: Option<String>,
}

#[derive(Deserialize)]
struct Labels {
    labels: Vec<Label>,
}

#[derive(Deserialize)]
struct Label {
    label: Option<String>,
    count: u64,
}

#[derive(Deserialize)]
struct Between {
    nodes: Vec<Node>,
    links: Vec<Edge>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read as the columns of the other stores are")]
struct Node {
    record: String,
    name: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read as the columns of the other stores are")]
struct Edge {
    relation: String,
    at: Option<String>,
}

pub(crate) struct OverHttp {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl OverHttp {
    pub(crate) fn new(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        Self { stream, buffer: Vec::new() }
    }

    /// Returns the body of the answer, `None` if there is no such thing.
    fn ask(&mut self, request: &Bytes) -> Option<&[u8]> {
        self.stream.write_all(request).expect("a server that reads");
        self.buffer.clear();
        let mut chunk = [0; 1 << 14];
        loop {
            let read = self.stream.read(&mut chunk).expect("an answer");
            assert!(read > 0, "the server hung up");
            self.buffer.extend_from_slice(chunk.get(..read).unwrap_or_default());
            let Some(head) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
                continue;
            };
            let text = std::str::from_utf8(self.buffer.get(..head).expect("a head"));
            let text = text.expect("text");
            let is_missing = text.starts_with("HTTP/1.1 404");
            assert!(is_missing || text.starts_with("HTTP/1.1 200"), "{text}");
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.and_then(|text| text.parse().ok()).expect("a length");
            let body = head + 4;
            let here = self.buffer.len();
            self.buffer.resize(body + length, 0);
            let rest = self.buffer.get_mut(here..).expect("the rest");
            self.stream.read_exact(rest).expect("the rest");
            return self.buffer.get(body..).filter(|_| !is_missing);
        }
    }
}

impl Asked for OverHttp {
    type Position = String;

    fn write(&mut self, event: &str, body: &str) -> u64 {
        let request = post(&format!("/webhooks/{event}"), body);
        self.ask(&request).map(|_| 1).expect("a receipt")
    }

    fn list(&mut self, id1: u64, kind: u64, from: Option<String>) -> (u64, Option<String>) {
        let after = from.map(|from| format!("&cursor={from}")).unwrap_or_default();
        let request = get(&format!(
            "/v1/locations/{LOCATION}/objects/{OBJECT}/records/{id1}/links?label={}&order=newest\
             &limit={LIST_LIMIT}{after}",
            label(kind)
        ));
        let Some(body) = self.ask(&request) else { return (0, None) };
        let page: Links = serde_json::from_slice(body).expect("a page");
        (page.links.len() as u64, page.next)
    }

    fn between(&mut self, nodes: impl Iterator<Item = u64>, along: Option<u64>) -> (u64, u64) {
        let nodes: Vec<String> = nodes.map(|id| format!("\"{OBJECT}/{id}\"")).collect();
        let along = along.map(|kind| format!(",\"association\":\"{}\"", association(kind)));
        let body = format!("{{\"of\":[{}]{}}}", nodes.join(","), along.unwrap_or_default());
        let request = post(&format!("/v1/locations/{LOCATION}/between"), &body);
        let found = self.ask(&request).expect("a location");
        let found: Between = serde_json::from_slice(found).expect("nodes and links");
        (found.nodes.len() as u64, found.links.len() as u64)
    }

    fn count(&mut self, id1: u64, kind: u64) -> u64 {
        let request = get(&format!("/v1/locations/{LOCATION}/labels?of={OBJECT}/{id1}"));
        let Some(body) = self.ask(&request) else { return 0 };
        let found: Labels = serde_json::from_slice(body).expect("labels");
        let label = label(kind);
        let counted = found.labels.iter().find(|row| row.label.as_deref() == Some(&label));
        counted.map_or(0, |row| row.count)
    }
}
