//! Reading changes from the journal for those who are behind: a few pages at once, and
//! with no more readers of the journal than that.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Semaphore;

use crate::http::app::App;
use crate::http::limits::permits::cores_of_one_client;
use crate::http::respond::problem::Problem;
use crate::journal::JournalReader;
use crate::model::Seq;
use crate::store::{ChangeFilter, ChangePage, ChangeQuery};

/// Readers of the journal between two pages; they are closed when nobody catches up.
type Idle = Mutex<Vec<Box<dyn JournalReader>>>;

/// All that are behind.
pub(crate) struct CatchUps {
    /// For the pages that are read at once.
    permits: Arc<Semaphore>,
    idle: Mutex<Weak<Idle>>,
}

impl std::fmt::Debug for CatchUps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CatchUps").finish_non_exhaustive()
    }
}

impl CatchUps {
    pub(crate) fn new() -> Self {
        Self { permits: Arc::new(Semaphore::new(cores_of_one_client())), idle: Mutex::default() }
    }

    /// Begins to catch up in a location.
    pub(crate) fn begin(&self, location: &str, filter: &ChangeFilter) -> CatchUp {
        let mut known = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = known.upgrade().unwrap_or_else(|| {
            let new = Arc::default();
            *known = Arc::downgrade(&new);
            new
        });
        CatchUp { idle, location: location.into(), filter: filter.clone() }
    }
}

/// One that is behind, as long as it is.
pub(crate) struct CatchUp {
    idle: Arc<Idle>,
    location: Arc<str>,
    filter: ChangeFilter,
}

impl CatchUp {
    /// Reads up to `limit` changes behind `after`, but not past `upto`, in the
    /// background, and there makes of them what is wanted.
    pub(crate) async fn page<T: Send + 'static>(
        &self,
        app: &Arc<App>,
        (after, upto): (Seq, Seq),
        limit: usize,
        make: impl FnOnce(&App, ChangePage) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = Arc::clone(&app.catch_ups.permits).acquire_owned().await;
        let permit = permit.map_err(Problem::unavailable)?;
        let (shared, idle) = (Arc::clone(app), Arc::clone(&self.idle));
        let (location, filter) = (Arc::clone(&self.location), self.filter.clone());
        let read = app.background.spawn(move || {
            let _permit = permit;
            let hold = || idle.lock().unwrap_or_else(PoisonError::into_inner);
            let open = hold().pop();
            let mut journal = open.map_or_else(|| shared.store.reader(), Ok)?;
            let query = ChangeQuery { location: &location, filter: &filter, after, upto, limit };
            let stop = || shared.stopping.load(Ordering::Relaxed);
            let page = shared.store.changes_until(journal.as_mut(), &query, &stop)?;
            hold().push(journal);
            Ok(make(&shared, page))
        });
        read.await.map_err(Problem::unavailable)?
    }
}
