//! Reading the ids of earlier deliveries on a thread of its own, part by part.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::journal::{DELIVERY_PARTS, DeliveryHash, JournalError, OpenReader};
use crate::model::Seq;
use crate::store::writer::dedup_window::Recallable;

/// How often the writer looks whether a part was read.
const POLL: Duration = Duration::from_millis(1);

/// The ids of a part, each with its seq.
pub(crate) type PartIds = (u8, Vec<(Seq, DeliveryHash)>);

/// The thread, and what it has read. The writer reads what this does not bring.
#[derive(Debug)]
pub(crate) struct Recalling {
    parts: Receiver<PartIds>,
    thread: JoinHandle<()>,
}

impl Recalling {
    /// Begins to read all parts; `None` if there is no thread.
    pub(crate) fn start(readers: Arc<OpenReader>, on_disk: Recallable) -> Option<Self> {
        let (sender, parts) = sync_channel(1);
        let read = move || {
            if let Err(error) = read_parts(readers.as_ref(), on_disk, &sender) {
                tracing::debug!(%error, "the writer itself reads the ids of deliveries");
            }
        };
        let builder = std::thread::Builder::new().name("relata-recall".to_owned());
        builder.spawn(read).ok().map(|thread| Self { parts, thread })
    }

    /// Returns a part that was read since, or `None`; an error if there is none any more.
    pub(crate) fn next(&self) -> Result<Option<PartIds>, TryRecvError> {
        match self.parts.try_recv() {
            Ok(part) => Ok(Some(part)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns when to look for the next part.
    pub(crate) fn due_in() -> Duration {
        POLL
    }

    /// Ends the thread, which may have a reader of the journal open.
    pub(crate) fn stop(self) {
        drop(self.parts);
        self.thread.join().unwrap_or_default();
    }
}

fn read_parts(
    readers: &OpenReader,
    on_disk: Recallable,
    sender: &SyncSender<PartIds>,
) -> Result<(), JournalError> {
    let mut journal = readers()?;
    for part in 0..DELIVERY_PARTS {
        let mut ids = Vec::new();
        let entries = on_disk.after + 1..=on_disk.upto;
        journal.delivery_hashes(part, entries, &mut |seq, hash| ids.push((seq, hash)))?;
        if sender.send((part, ids)).is_err() {
            break;
        }
    }
    Ok(())
}
