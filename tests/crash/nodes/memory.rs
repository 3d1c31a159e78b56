//! A server keeps the graphs of the locations that it is asked for, whatever others hold.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use crate::nodes::{Node, check_alike, head, relation, start, until};
use crate::support::postgres::shared;
use crate::support::server::{Error, run};

const LOCATIONS: u64 = 1_000;

/// More than a server loads at once when it starts.
const RELATIONS: u64 = 60_000;

const ASKED: u64 = 20;

fn loaded(node: &Node) -> Result<u64, Error> {
    let metrics = node.get("/metrics")?.text();
    let line = metrics.lines().find_map(|line| line.strip_prefix("relata_locations_loaded "));
    Ok(line.ok_or("no such metric")?.parse()?)
}

fn relations(node: &Node, location: u64, seq: u64) -> Result<u64, Error> {
    let summary = node.get_at(seq, &format!("/v1/locations/L{location}/summary"))?;
    let summary: Value = serde_json::from_str(&summary)?;
    summary["relations"].as_u64().ok_or_else(|| "no relations".into())
}

#[test]
fn a_server_holds_the_locations_that_it_is_asked_for() -> Result<(), Error> {
    let Some(cluster) = shared() else { return Ok(()) };
    let url = cluster.new_database();
    let mut lines = String::new();
    for number in 0..RELATIONS {
        writeln!(lines, "{}", relation(&format!("L{}", number % LOCATIONS), number))?;
    }
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("relations.ndjson");
    std::fs::write(&file, lines)?;
    run(Path::new(&url), &["ingest", file.to_str().ok_or("a path")?])?;
    let nodes = start(&url, 2)?;
    let each = RELATIONS / LOCATIONS;
    for location in 0..ASKED {
        assert_eq!(relations(&nodes[0], location, 0)?, each);
    }
    assert_eq!((loaded(&nodes[0])?, loaded(&nodes[1])?), (ASKED, 0));
    // What another server adds is there, in locations that were loaded before, are loaded
    // now, and are new.
    let mut seq = 0;
    for location in [0, ASKED, ASKED, LOCATIONS] {
        let number = RELATIONS + seq + 1;
        (_, seq) = nodes[1].post(&relation(&format!("L{location}"), number))?;
    }
    assert_eq!(relations(&nodes[0], 0, seq)?, each + 1);
    assert_eq!(relations(&nodes[0], ASKED, seq)?, each + 2);
    assert_eq!(relations(&nodes[0], LOCATIONS, seq)?, 1);
    assert_eq!(relations(&nodes[0], ASKED + 1, seq)?, each);
    assert_eq!(seq, head(cluster, &url));
    // The second one has room for none: it drops each once that is saved.
    until("graphs that are saved are dropped", || {
        relations(&nodes[1], 1, seq)?;
        Ok(loaded(&nodes[1])? <= 1)
    })?;
    check_alike(cluster, &url, &nodes)
}
