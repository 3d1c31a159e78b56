//! Relata inside of a program: webhooks in, answers out, no server.
//!
//! `cargo run --example embed`

#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "an example")]

use relata::query::Order;
use relata::{AsOf, Store};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir()?;
    let store = Store::open(directory.path().join("relata.db"))?;

    // What the CRM posts goes in as it came. When this returns, it is on disk.
    for body in include_str!("../data/real-estate.ndjson").lines() {
        store.ingest(body.as_bytes())?;
    }

    let location = store.location("seaside-realty")?.ok_or("no such location")?;
    let found = location.search("12 maple street").limit(1).page();
    let house = found.results.first().ok_or("no such house")?.node().to_string();
    println!("Interested in 12 Maple Street, the newest first:");
    for link in location.links(&house).label("Interested Buyer").order(Order::Newest) {
        let link = link?;
        let since = link.at.map(|at| at.to_string()).unwrap_or_default();
        println!("  {} since {since}", link.name.or(link.record).unwrap_or_default());
    }

    println!("Everything it is linked under:");
    for line in location.labels(&house)? {
        println!("  {:2} {}", line.count, line.label.unwrap_or_default());
    }

    let halfway = store.as_of("seaside-realty", AsOf::Seq(store.head() / 2))?;
    let halfway = halfway.ok_or("no such location")?;
    let then = halfway.links(&house).association("buyer_property_interest").page()?;
    println!("Halfway through the events there were {} buyers.", then.links.len());
    Ok(())
}
