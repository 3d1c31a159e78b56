//! Loading graphs in the background after the start.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use relata::Store;

/// The thread that loads; it ends when this is dropped.
pub(super) struct Preloading {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Preloading {
    pub(super) fn start(store: &Arc<Store>) -> std::io::Result<Self> {
        let is_over = Arc::new(AtomicBool::new(false));
        let (store, stop) = (Arc::clone(store), Arc::clone(&is_over));
        let thread = std::thread::Builder::new().name("relata-preload".to_owned());
        let thread = thread.spawn(move || {
            store.preload(&|| stop.load(Ordering::Relaxed));
            let memory = store.graph_memory();
            tracing::info!(locations = memory.loaded, bytes = memory.bytes, "graphs are loaded");
        })?;
        Ok(Self { is_over, thread: Some(thread) })
    }
}

impl Drop for Preloading {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}
