//! Referral chains: whom did this contact bring, and whom did those bring?
//!
//! `cargo run --example referrals [CONTACT]`

#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "an example")]

use relata::Store;
use relata::graph::LinkFilter;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let contact = std::env::args().nth(1).unwrap_or_else(|| "Agnes Holm".to_owned());
    let store = Store::in_memory()?;
    for body in include_str!("../data/real-estate.ndjson").lines() {
        store.ingest(body.as_bytes())?;
    }

    let location = store.location("seaside-realty")?.ok_or("no such location")?;
    let found = location.search(&contact).object("contact").limit(1).page();
    let contact = found.results.first().ok_or("no such contact")?.node();
    let mut walk = location.walk(&contact.to_string());
    // A chain that came back to its start would never end.
    for hops in 1..=10 {
        walk = walk.step(LinkFilter::default().label("Referred Client"));
        let chains = walk.paths()?;
        if chains.is_empty() {
            break;
        }
        println!("{hops} hops:");
        for chain in chains {
            let names: Vec<String> =
                chain.into_iter().filter_map(|step| step.name.or(step.record)).collect();
            println!("  {}", names.join(" -> "));
        }
    }
    Ok(())
}
