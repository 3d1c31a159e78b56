//! Relata in this process.

use std::path::Path;
use std::sync::Arc;

use relata::query::{Cursor, Order};
use relata::{Delivery, Options, Store};

use super::client::LIST_LIMIT;
use super::events::{self, LOCATION, OBJECT, association, label};
use super::graph::Graph;
use super::relata::Asked;

/// Fills a store in a file.
pub(crate) fn fill(path: &Path, graph: &Graph) -> Store {
    let store = Store::open_with(path, Options::default()).expect("the store opens");
    for (event, body) in events::all(graph) {
        let delivery = Delivery::read(body.as_bytes(), Some(event), None).expect("a good body");
        store.submit_waiting(delivery, |_| ()).expect("room");
    }
    store.checkpoint().expect("the disk works");
    store
}

pub(crate) struct Library(pub(crate) Arc<Store>);

impl Asked for Library {
    type Position = Cursor;

    fn write(&mut self, event: &str, body: &str) -> u64 {
        let delivery = Delivery::read(body.as_bytes(), Some(event), None).expect("a good body");
        self.0.accept(delivery).map(|_| 1).expect("the disk works")
    }

    fn list(&mut self, id1: u64, kind: u64, from: Option<Cursor>) -> (u64, Option<Cursor>) {
        let location = self.0.location(LOCATION).expect("it loads").expect("a location");
        let node = format!("{OBJECT}/{id1}");
        let mut request =
            location.links(&node).label(label(kind)).order(Order::Newest).limit(LIST_LIMIT);
        if let Some(from) = from {
            request = request.after(from);
        }
        // A node that was deleted, and one that no event has named, has no list.
        let Ok(page) = request.page() else { return (0, None) };
        (page.links.len() as u64, page.next)
    }

    fn between(&mut self, nodes: impl Iterator<Item = u64>, along: Option<u64>) -> (u64, u64) {
        let location = self.0.location(LOCATION).expect("it loads").expect("a location");
        let mut request = location.between(nodes.map(|id| format!("{OBJECT}/{id}")));
        if let Some(kind) = along {
            request = request.association(association(kind));
        }
        let found = request.find().expect("good nodes");
        (found.nodes.len() as u64, found.links.len() as u64)
    }

    fn count(&mut self, id1: u64, kind: u64) -> u64 {
        let location = self.0.location(LOCATION).expect("it loads").expect("a location");
        let Ok(labels) = location.labels(&format!("{OBJECT}/{id1}")) else { return 0 };
        let label = label(kind);
        labels.iter().find(|row| row.label.as_deref() == Some(&label)).map_or(0, |row| row.count)
    }
}
