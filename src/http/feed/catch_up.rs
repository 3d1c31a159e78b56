//! Reads changes from the journal for subscribers that are behind: a few pages at once, and
//! with no more readers of the journal than that.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::Semaphore;

use crate::http::limits::background::{Background, give_way};
use crate::http::limits::permits::cores_of_one_client;
use crate::http::respond::problem::Problem;
use crate::journal::JournalReader;
use crate::model::Seq;
use crate::store::{ChangeFilter, ChangePage, ChangeQuery, Store};
use crate::sync::IgnorePoison;

/// Readers of the journal between two pages; they are closed when nobody catches up.
type IdleReaders = Mutex<Vec<Box<dyn JournalReader>>>;

/// All that are catching up.
pub(crate) struct CatchUps {
    shared: Arc<Shared>,
    idle: Mutex<Weak<IdleReaders>>,
}

struct Shared {
    store: Arc<Store>,
    background: Arc<Background>,
    /// Whether the server is stopping.
    stopping: Arc<AtomicBool>,
    /// For the pages that are read at once.
    permits: Arc<Semaphore>,
}

impl std::fmt::Debug for CatchUps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CatchUps").finish_non_exhaustive()
    }
}

impl CatchUps {
    pub(super) fn new(
        store: &Arc<Store>,
        background: &Arc<Background>,
        stopping: &Arc<AtomicBool>,
    ) -> Self {
        let shared = Arc::new(Shared {
            store: Arc::clone(store),
            background: Arc::clone(background),
            stopping: Arc::clone(stopping),
            permits: Arc::new(Semaphore::new(cores_of_one_client())),
        });
        Self { shared, idle: Mutex::default() }
    }

    /// Begins to catch up in a location.
    pub(crate) fn begin(&self, location: &str, filter: &ChangeFilter) -> CatchUp {
        let mut known = self.idle.lock().ignore_poison();
        let idle = known.upgrade().unwrap_or_else(|| {
            let new = Arc::default();
            *known = Arc::downgrade(&new);
            new
        });
        let shared = Arc::clone(&self.shared);
        CatchUp { shared, idle, location: location.into(), filter: filter.clone() }
    }
}

/// One that is catching up, as long as it is behind.
pub(crate) struct CatchUp {
    shared: Arc<Shared>,
    idle: Arc<IdleReaders>,
    location: Arc<str>,
    filter: ChangeFilter,
}

impl CatchUp {
    /// Reads up to `limit` changes after `after` and up to `upto` in the background, and
    /// maps them there.
    pub(crate) async fn read_page<T: Send + 'static>(
        &self,
        (after, upto): (Seq, Seq),
        limit: usize,
        map: impl FnOnce(ChangePage) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = Arc::clone(&self.shared.permits).acquire_owned().await;
        let permit = permit.map_err(Problem::unavailable)?;
        let (shared, idle) = (Arc::clone(&self.shared), Arc::clone(&self.idle));
        let (location, filter) = (Arc::clone(&self.location), self.filter.clone());
        let read = self.shared.background.spawn(move || {
            let _permit = permit;
            let hold = || idle.lock().ignore_poison();
            let open = hold().pop();
            let mut journal = open.map_or_else(|| shared.store.reader(), Ok)?;
            let query = ChangeQuery { location: &location, filter: &filter, after, upto, limit };
            let stop = || {
                give_way();
                shared.stopping.load(Ordering::Relaxed)
            };
            let page = shared.store.changes_until(journal.as_mut(), &query, &stop)?;
            hold().push(journal);
            Ok(map(page))
        });
        read.await.map_err(Problem::unavailable)?
    }
}
