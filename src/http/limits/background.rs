//! Threads for work whose length a client chooses: long queries, readings of the journal,
//! exports, imports.
//!
//! They run at a lower priority than the threads that answer deliveries, probes and first
//! pages. On a machine with fewer cores than such work has threads, a short request would
//! otherwise wait for a turn as long as the long ones do.

use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::http::limits::permits::cores_of_one_client;
use crate::http::respond::problem::Problem;

/// How much lower the priority is, in steps of `nice`: a thread of usual priority gets nine
/// times the processor time if both compete.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// The threads, which are started as they are needed and end when they have been idle.
#[derive(Debug)]
pub(crate) struct Background {
    threads: Option<Runtime>,
    /// Limits the bodies that are parsed at once.
    parsing: Arc<Semaphore>,
}

impl Background {
    pub(crate) fn new() -> Self {
        let mut threads = Builder::new_current_thread();
        threads.thread_name("relata-background").on_thread_start(lower_priority);
        // Without drivers nothing can fail; if it does, the usual threads serve.
        let parsing = Arc::new(Semaphore::new(cores_of_one_client()));
        Self { threads: threads.build().ok(), parsing }
    }

    /// Runs work whose time grows with the size of a body. Such work waits for its turn, so
    /// that large bodies keep at most half of the cores busy.
    pub(crate) async fn parse<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = Arc::clone(&self.parsing).acquire_owned().await;
        let permit = permit.map_err(Problem::unavailable)?;
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

/// Lowers the priority of the current thread. On Linux it is each thread's own; elsewhere
/// it is the whole process's, and stays as it is.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "cannot lower the priority of a thread");
    }
}
