//! Permits for what may run a few times at once: waited for within bounds, and shared
//! out so that no client holds more than half of them, or keeps more than half of the
//! processor's cores busy.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use crate::http::respond::problem::Problem;
use crate::sync::IgnorePoison;

/// Clients above which those that hold and wait for nothing are forgotten.
const CLIENTS: usize = 64;

/// Permits for one kind of work.
#[derive(Debug)]
pub(crate) struct Permits {
    /// What the work is, for the client that waits for too long.
    work: &'static str,
    all: Arc<Semaphore>,
    /// Permits that one client may hold.
    share: usize,
    wait: Duration,
    clients: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// One permit, given back when dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Permit {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Permits {
    /// Shares out permits for work that waits more than it computes: a client holds half
    /// of them at most, and waits no longer than `wait` for one.
    pub(crate) fn new(work: &'static str, permits: usize, wait: Duration) -> Self {
        let (all, share) = (Arc::new(Semaphore::new(permits)), permits.div_ceil(2));
        Self { work, all, share, wait, clients: Mutex::default() }
    }

    /// Shares out permits for work that computes all the time: a client holds no more of
    /// them than would keep half of the cores busy, either.
    pub(crate) fn of_cores(work: &'static str, permits: usize, wait: Duration) -> Self {
        let permits = Self::new(work, permits, wait);
        Self { share: permits.share.min(cores_of_one_client()), ..permits }
    }

    /// Waits for a permit. Those that wait for one of the same client do not stand in
    /// the way of others.
    pub(crate) async fn acquire(&self, client: &str) -> Result<Permit, Problem> {
        let own = self.of(client);
        let both = async {
            let own = own.acquire_owned().await?;
            let all = Arc::clone(&self.all).acquire_owned().await?;
            Ok::<_, AcquireError>(Permit { _own: own, _all: all })
        };
        let Ok(permit) = tokio::time::timeout(self.wait, both).await else {
            let work = self.work;
            return Err(Problem::overloaded(format!(
                "too many {work} run at once; try again later"
            )));
        };
        permit.map_err(Problem::unavailable)
    }

    pub(crate) fn available(&self) -> usize {
        self.all.available_permits()
    }

    fn of(&self, client: &str) -> Arc<Semaphore> {
        let mut clients = self.clients.lock().ignore_poison();
        if let Some(known) = clients.get(client).and_then(Weak::upgrade) {
            return known;
        }
        if clients.len() >= CLIENTS {
            clients.retain(|_, known| known.strong_count() > 0);
        }
        let new = Arc::new(Semaphore::new(self.share));
        clients.insert(client.to_owned(), Arc::downgrade(&new));
        new
    }
}

/// Returns how many processor cores one client's work may keep busy: half of them. With
/// more, what everybody else asks for would wait for a core.
pub(crate) fn cores_of_one_client() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ProblemCode;

    const WAIT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_client_holds_half_of_the_permits_at_most() {
        let permits = Permits::new("questions", 4, WAIT);
        let first = (permits.acquire("a").await.unwrap(), permits.acquire("a").await.unwrap());
        let refused = permits.acquire("a").await.unwrap_err();
        assert_eq!(refused.code, ProblemCode::Overloaded);
        let others = (permits.acquire("b").await.unwrap(), permits.acquire("c").await.unwrap());
        assert_eq!(permits.available(), 0);
        assert_eq!(permits.acquire("d").await.unwrap_err().code, ProblemCode::Overloaded);
        drop((first, others));
        assert!(permits.acquire("a").await.is_ok());
        assert_eq!(permits.available(), 4);
    }

    #[tokio::test]
    async fn many_that_wait_for_one_client_do_not_keep_another_waiting() {
        let permits = Arc::new(Permits::new("questions", 2, Duration::from_secs(60)));
        let held = permits.acquire("a").await.unwrap();
        for _ in 0..100 {
            let permits = Arc::clone(&permits);
            tokio::spawn(async move { permits.acquire("a").await.map(drop) });
        }
        tokio::task::yield_now().await;
        let other = tokio::time::timeout(WAIT * 50, permits.acquire("b")).await;
        assert!(other.is_ok_and(|permit| permit.is_ok()));
        drop(held);
    }

    #[tokio::test]
    async fn clients_that_are_gone_are_forgotten() {
        let permits = Permits::new("questions", 2, WAIT);
        for number in 0..10 * CLIENTS {
            drop(permits.acquire(&format!("client {number}")).await.unwrap());
        }
        assert!(permits.clients.lock().unwrap().len() <= CLIENTS);
    }
}
