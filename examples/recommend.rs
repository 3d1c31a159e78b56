//! What else did the buyers of this house look at? Counted in walks: house to
//! buyer to house.
//!
//! `cargo run --example recommend [HOUSE]`

#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "an example")]

use relata::Store;
use relata::graph::LinkFilter;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let house = std::env::args().nth(1).unwrap_or_else(|| "12 Maple Street".to_owned());
    let store = Store::in_memory()?;
    for body in include_str!("../data/real-estate.ndjson").lines() {
        store.ingest(body.as_bytes())?;
    }

    let location = store.location("seaside-realty")?.ok_or("no such location")?;
    let houses = location.search(&house).object("custom_objects.property").limit(1).page();
    let house = houses.results.first().ok_or("no such house")?;
    let liked_too = location
        .walk(&house.node().to_string())
        .step(LinkFilter::default().label("Interested Buyer"))
        .step(LinkFilter::default().label("Saved Home"))
        .limit(6)
        .ends()?;
    println!("Who likes {} also likes:", house.name.as_deref().unwrap_or(&house.record));
    // Every buyer's walk leads back to the house itself, too.
    for end in liked_too.into_iter().filter(|end| end.record.as_ref() != Some(&house.record)) {
        println!("  {} ({} buyers)", end.name.or(end.record).unwrap_or_default(), end.paths);
    }
    Ok(())
}
