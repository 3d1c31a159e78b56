//! What else did the buyers of this house look at? Counted in walks: house to
//! buyer to house.
//!
//! `cargo run --example recommend [HOUSE]`

#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "an example")]

use relata::Store;
use relata::graph::LinkFilter;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let house = std::env::args().nth(1).unwrap_or_else(|| "12-maple-street".to_owned());
    let store = Store::in_memory()?;
    for body in include_str!("../data/real-estate.ndjson").lines() {
        store.ingest(body.as_bytes())?;
    }

    let location = store.location("seaside-realty").ok_or("no such location")?;
    let liked_too = location
        .walk(&format!("custom_objects.property/{house}"))
        .step(LinkFilter::default().label("Interested Buyer"))
        .step(LinkFilter::default().label("Saved Home"))
        .limit(6)
        .ends()?;
    println!("Who likes {house} also likes:");
    // Every buyer's walk leads back to the house itself, too.
    for end in liked_too.iter().filter(|end| end.record.as_ref() != Some(&house)) {
        println!("  {} ({} buyers)", end.record.as_deref().unwrap_or_default(), end.paths);
    }
    Ok(())
}
