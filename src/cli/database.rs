//! Opening the database and the location that a command names.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use relata::{Location, Store};

use crate::config::LocationArg;

/// Returns an error if there is no such database.
pub(super) fn ensure_exists(db: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(db.exists(), "{}: there is no such database", db.display());
    Ok(())
}

/// Opens a store read-only, next to a server that may be running.
pub(super) fn open_read_only(db: &Path) -> anyhow::Result<Store> {
    ensure_exists(db)?;
    Store::open_read_only(db).with_context(|| db.display().to_string())
}

/// Opens the location that a command names, and none of the others.
pub(super) fn open_location(
    db: &Path,
    place: &LocationArg,
) -> anyhow::Result<(Store, Arc<Location>)> {
    ensure_exists(db)?;
    let shown = || db.display().to_string();
    let id = match &place.location {
        Some(id) => id.to_owned(),
        None => only_location(Store::location_ids(db, NAMED_MAX + 1).with_context(shown)?)?,
    };
    let store = Store::open_location_read_only(db, &id).with_context(shown)?;
    let location = store.location(&id)?.with_context(|| format!("there is no location {id}"))?;
    Ok((store, location))
}

/// Maximum number of locations that an error names.
const NAMED_MAX: usize = 5;

fn only_location(mut ids: Vec<String>) -> anyhow::Result<String> {
    if ids.len() > NAMED_MAX {
        ids.truncate(NAMED_MAX);
        ids.push("…".to_owned());
    }
    match ids.len() {
        0 => anyhow::bail!("the store is empty"),
        1 => Ok(ids.remove(0)),
        _ => anyhow::bail!(
            "the store has several locations; choose one with --location: {}",
            ids.join(", ")
        ),
    }
}
