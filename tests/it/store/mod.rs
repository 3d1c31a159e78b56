//! The store: what it acknowledged is there, however it ended.

mod changes;
mod checkpoint;
mod clock;
mod compaction;
#[cfg(feature = "server")]
mod database_file;
mod diff;
mod durability;
mod erase;
mod faults;
mod history;
mod import;
mod location_reads;
mod moments;
mod mutations;
pub(crate) mod name_limits;
mod names;
mod on_demand;
mod one_location;
mod only_changes;
mod origins;
mod pruning;
mod read_costs;
mod repeats;
mod sql_views;
mod summaries;
mod timeline;
mod turns;
mod unchanged_since;
mod verification;
mod write_failures;

use std::path::Path;

use relata::export::{Format, write};
use relata::graph::{Snapshot, SubgraphQuery};
use relata::journal::SqliteJournal;
use relata::{Options, Store, verify};

use crate::support::sample::{SAMPLE, tell};

fn every(events: u64) -> Options {
    Options { checkpoint_events: events, batch_events: 16, ..Options::default() }
}

fn verified(path: &Path) -> relata::operations::Verification {
    verify(&mut SqliteJournal::open_read_only(path).unwrap(), 10).unwrap()
}

fn written(snapshot: &Snapshot, format: Format) -> Vec<u8> {
    let mut to = Vec::new();
    let part = snapshot.view().part(&SubgraphQuery::default()).unwrap();
    write(&part, format, &relata::export::Options::default(), &mut to).unwrap();
    to
}

/// What every export of every location says.
fn exports(store: &Store) -> Vec<Vec<u8>> {
    let mut locations = store.locations().unwrap();
    locations.sort_by(|a, b| a.id().cmp(b.id()));
    let all = locations.iter().flat_map(|location| {
        let snapshot = location.read().snapshot();
        Format::ALL.iter().map(|&format| written(&snapshot, format)).collect::<Vec<_>>()
    });
    all.collect()
}

fn execute(path: &Path, sql: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

fn filled(path: &Path) {
    let store = Store::open(path).unwrap();
    tell(&store, SAMPLE.lines());
    store.close().unwrap();
}

const FORGET_CHECKPOINT: &str = "DELETE FROM checkpoint; DELETE FROM state_location; \
    DELETE FROM state_object; DELETE FROM state_association; DELETE FROM state_unkeyed_record; \
    DELETE FROM state_record; DELETE FROM state_relation; DELETE FROM state_name; \
    DELETE FROM state_summary";
