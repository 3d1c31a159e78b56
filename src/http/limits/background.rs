//! Threads for work whose length a client chooses: long queries, readings of the journal,
//! exports, imports.
//!
//! They run at a lower priority than the threads that answer deliveries, probes and first
//! pages, and let these go first in each half of a millisecond. On a machine with fewer cores
//! than such work has threads, a short request would otherwise wait for a turn as long as the
//! long ones do.

use std::cell::Cell;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::http::limits::permits::{Permits, cores_of_one_client};
use crate::http::respond::problem::Problem;

/// How much lower the priority is, in steps of `nice`: a thread of usual priority gets 28 times
/// the processor time if both compete. 19 steps would leave long work next to nothing on a busy
/// machine.
#[cfg(target_os = "linux")]
const NICE: i32 = 15;

/// How long a background thread works before it lets threads that wait for its core go first.
/// The kernel takes the core from it only after some milliseconds, whatever its priority.
const TURN: Duration = Duration::from_micros(500);

thread_local! {
    /// Since when a background thread has had its core; `None` on all other threads.
    static TURN_BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Lets threads that wait for the core go first, if this is a background thread that has had
/// it for a while. To be called now and then by all work that takes long.
///
/// Costs a reading of the clock, and a system call in each half of a millisecond.
pub(crate) fn give_way() {
    let Some(began) = TURN_BEGAN.get() else { return };
    if began.elapsed() >= TURN {
        std::thread::yield_now();
        TURN_BEGAN.set(Some(Instant::now()));
    }
}

/// The threads, which are started as they are needed and end when they have been idle.
#[derive(Debug)]
pub(crate) struct Background {
    threads: Option<Runtime>,
    /// Limits the bodies that are parsed at once.
    parsing: Permits,
}

impl Background {
    pub(crate) fn new() -> Self {
        let mut threads = Builder::new_current_thread();
        threads.thread_name("relata-background").on_thread_start(begin_thread);
        // Without drivers nothing can fail; if it does, the usual threads serve.
        let parsing = Permits::new("large bodies", cores_of_one_client(), Duration::MAX);
        Self { threads: threads.build().ok(), parsing }
    }

    /// Runs work whose time grows with the size of a body. Such work waits for its turn, so
    /// that large bodies keep at most half of the cores busy, and many of one client do not
    /// keep another waiting.
    pub(crate) async fn parse<T: Send + 'static>(
        &self,
        client: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = self.parsing.acquire(client).await?;
        let parsed = self.spawn(move || {
            let done = work();
            drop(permit);
            done
        });
        parsed.await.map_err(Problem::unavailable)
    }

    /// Runs blocking work.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        match &self.threads {
            Some(threads) => threads.spawn_blocking(work),
            None => tokio::task::spawn_blocking(work),
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Perhaps on one of its own threads, or on one that must not wait.
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

fn begin_thread() {
    TURN_BEGAN.set(Some(Instant::now()));
    lower_priority();
}

/// Lowers the priority of the current thread. On Linux it is each thread's own; elsewhere
/// it is the whole process's, and stays as it is.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "cannot lower the priority of a thread");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn many_large_bodies_of_one_client_do_not_keep_another_waiting() {
        let background = Arc::new(Background::new());
        let (begin, begins) = channel::<()>();
        let first = Arc::clone(&background);
        let wait = move || begins.recv().unwrap_or_default();
        let first = tokio::spawn(async move { first.parse("a", wait).await });
        tokio::task::yield_now().await;
        let (parsed, order) = channel();
        let mut waiting = Vec::new();
        let bodies_of_one = 4 * cores_of_one_client();
        for number in 0..=bodies_of_one {
            let (background, parsed) = (Arc::clone(&background), parsed.clone());
            let client = if number < bodies_of_one { "a" } else { "b" };
            waiting.push(tokio::spawn(async move {
                let work = move || parsed.send(client).unwrap_or_default();
                background.parse(client, work).await
            }));
            tokio::task::yield_now().await;
        }
        begin.send(()).unwrap();
        first.await.unwrap().unwrap();
        for waiting in waiting {
            waiting.await.unwrap().unwrap();
        }
        let order: Vec<&str> = order.try_iter().collect();
        assert_ne!(order.last(), Some(&"b"), "{order:?}");
    }
}
