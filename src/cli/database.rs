//! Opening the database and the location that a command names.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use relata::journal::Database;
use relata::{Location, LocationSummary, Store};

use crate::cli::output::table;

use crate::config::LocationArg;

/// Returns an error if there is no such file. Whether a server has the database shows when it
/// is opened.
pub(super) fn ensure_exists(db: &Database) -> anyhow::Result<()> {
    let is_missing = db.file().is_some_and(|path| !path.exists());
    anyhow::ensure!(!is_missing, "{db}: there is no such database");
    Ok(())
}

/// Returns the path of a database that must be a file, or an error with what to do instead.
pub(super) fn file<'d>(db: &'d Database, advice: &str) -> anyhow::Result<&'d Path> {
    db.file().with_context(|| format!("{db}: that is no file; {advice}"))
}

/// Opens a store read-only, next to a server that may be running.
pub(super) fn open_read_only(db: &Database) -> anyhow::Result<Store> {
    ensure_exists(db)?;
    Store::open_read_only(db).with_context(|| db.to_string())
}

/// Opens the location that a command names, and none of the others.
pub(super) fn open_location(
    db: &Database,
    place: &LocationArg,
) -> anyhow::Result<(Store, Arc<Location>)> {
    ensure_exists(db)?;
    let shown = || db.to_string();
    let id = match &place.location {
        Some(id) => id.to_owned(),
        None => only_location(Store::describe_locations(db, LISTED_MAX + 1).with_context(shown)?)?,
    };
    let store = Store::open_location_read_only(db, &id).with_context(shown)?;
    let location = store.location(&id)?.with_context(|| format!("there is no location {id}"))?;
    Ok((store, location))
}

/// Maximum number of locations that an error lists.
const LISTED_MAX: usize = 20;

fn only_location(mut found: Vec<(String, Option<LocationSummary>)>) -> anyhow::Result<String> {
    match found.len() {
        0 => anyhow::bail!("the store is empty"),
        1 => Ok(found.remove(0).0),
        _ => Err(SeveralLocations(found).into()),
    }
}

/// A command names none of several locations.
#[derive(Debug)]
pub(super) struct SeveralLocations(Vec<(String, Option<LocationSummary>)>);

impl std::error::Error for SeveralLocations {}

impl fmt::Display for SeveralLocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store has several locations: choose one with --location")
    }
}

impl SeveralLocations {
    /// Returns the lines that list the locations.
    pub(super) fn lines(&self) -> Vec<String> {
        let row = |(id, summary): &(String, Option<LocationSummary>)| {
            let (name, counts) =
                summary.as_ref().map_or((None, None), |it| (it.name.as_deref(), Some(it.counts)));
            let count = |count: Option<u64>| count.map(|it| it.to_string()).unwrap_or_default();
            vec![
                id.clone(),
                name.unwrap_or_default().to_owned(),
                count(counts.map(|it| it.records)),
                count(counts.map(|it| it.relations)),
            ]
        };
        let rows: Vec<Vec<String>> = self.0.iter().take(LISTED_MAX).map(row).collect();
        let more = (self.0.len() > LISTED_MAX).then(|| "… and more".to_owned());
        table(&["LOCATION", "NAME", "RECORDS", "RELATIONS"], &rows).chain(more).collect()
    }
}
