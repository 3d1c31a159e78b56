//! The methods of [`Store`](crate::store::Store), by theme. No mechanism names the store.

pub(crate) mod changes;
pub(crate) mod compact;
pub(crate) mod dead_letters;
pub(crate) mod diff;
pub(crate) mod erase;
pub(crate) mod export_events;
pub(crate) mod history;
pub(crate) mod ingest;
pub(crate) mod locations;
pub(crate) mod mutate;
pub(crate) mod observe;
pub(crate) mod past;
pub(crate) mod preview;
pub(crate) mod read_only;
pub(crate) mod storage_use;
pub(crate) mod subscribe;
pub(crate) mod things;
pub(crate) mod timeline;
pub(crate) mod write_failure;
