//! The one thread that writes: group commit, then merge, then acknowledge.
//!
//! It takes whatever waits, writes it as one transaction with one fsync, merges
//! it into the graphs and only then replies. It never waits to fill a batch: a
//! batch grows while the fsync before it runs.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::journal::{Journal, JournalError};
use crate::model::{LocationId, Seq};
use crate::store::changes::subscription::Subscriptions;
use crate::store::delivery::IngestError;
use crate::store::locations::Locations;
use crate::store::options::Options;
use crate::store::past::cache::PastCache;
use crate::store::writer::batch::Batch;
use crate::store::writer::checkpoint::checkpointer::Checkpointer;
use crate::store::writer::clock::ReceiptClock;
use crate::store::writer::command::{Command, ToErase};
use crate::store::writer::compaction::Compacting;
use crate::store::writer::dedup_window::DedupWindow;
use crate::store::writer::following::Following;
use crate::store::writer::import_marks::Imports;
use crate::store::writer::indexing::Indexing;
use crate::store::writer::log_trimming::LogTrimming;
use crate::store::writer::mutation::new_ids::NewIds;
use crate::store::writer::queue::ToWriter;
use crate::store::writer::recalling::Recalling;
use crate::store::writer::recovery::Retrying;
use crate::store::writer::retention::Pruning;
use crate::store::writer::state::WriterState;
use crate::store::writer::waiting::Waiting;

/// How often the writer looks whether the log has been moved, and how long all but
/// deliveries waits for that.
const LOG_MOVE_POLL: Duration = Duration::from_millis(1);
const LOG_MOVE_WAIT: Duration = Duration::from_millis(100);

/// What the writer does besides executing commands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Task {
    Import,
    RetryWriting,
    SaveCheckpoint,
    Prune,
    Compact,
    TrimLog,
    Recall,
    IndexDeliveries,
    Follow,
}

impl Task {
    pub(crate) const ALL: [Self; 9] = [
        Self::Import,
        Self::RetryWriting,
        Self::SaveCheckpoint,
        Self::Prune,
        Self::Compact,
        Self::TrimLog,
        Self::Recall,
        Self::IndexDeliveries,
        Self::Follow,
    ];
}

pub(crate) struct Writer {
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) commands: Receiver<Command>,
    pub(crate) state: Arc<WriterState>,
    pub(crate) locations: Arc<Locations>,
    /// Where past graphs of a location that is erased are to be forgotten.
    pub(crate) past_graphs: Arc<PastCache>,
    pub(crate) subscriptions: Arc<Subscriptions>,
    pub(crate) deliveries: DedupWindow,
    pub(crate) checkpointer: Checkpointer,
    pub(crate) imports: Imports,
    pub(crate) recalling: Option<Recalling>,
    pub(crate) indexing: Indexing,
    pub(crate) pruning: Pruning,
    pub(crate) compaction: Compacting,
    pub(crate) log: LogTrimming,
    pub(crate) clock: ReceiptClock,
    pub(crate) new_ids: NewIds,
    pub(crate) retrying: Retrying,
    pub(crate) options: Options,
    pub(crate) head: Seq,
    /// What other processes append; `None` where this is the only one that writes.
    pub(crate) following: Option<Following>,
    pub(crate) tasks_ran_at: Instant,
    /// What is not written yet, since the graphs of their locations are being loaded: what is
    /// written of a delivery or a mutation depends on its graph.
    pub(crate) waiting: HashMap<LocationId, Waiting>,
    /// Where locations that were loaded for the writer are reported, while the store is open.
    pub(crate) to_self: ToWriter,
    /// Tasks in the order of their turns.
    pub(crate) tasks: [Task; 9],
}

impl Writer {
    /// Works until every sender is gone, then saves a last checkpoint.
    pub(crate) fn run(mut self) {
        self.compact_all();
        self.recall_deliveries();
        let mut batch = Batch::default();
        loop {
            match self.commands.recv_timeout(self.next_task_in(Instant::now())) {
                Ok(command) => self.execute_batch(command, &mut batch),
                Err(RecvTimeoutError::Disconnected) if self.imports.chunks.is_empty() => break,
                Err(_) => self.checkpointer.set_busy(false),
            }
            self.run_due_tasks();
        }
        self.commit_all_waiting();
        self.end_recalling();
        if self.state.health.is_paused() {
            self.retry_writing();
        }
        if let Err(IngestError::Unavailable { reason, source }) = self.save_checkpoint() {
            self.state.health.fail(reason, source);
        }
    }

    /// Returns how long nothing but a command is to be done.
    fn next_task_in(&self, now: Instant) -> Duration {
        let wait = self.checkpointer.due_in(now).min(self.pruning.due_in(now));
        let wait = wait.min(self.log.due_in(now)).min(self.retrying.due_in(now));
        let wait = wait.min(self.compaction.due_in(now)).min(self.imports.due_in());
        let wait = wait.min(self.recall_due_in()).min(self.indexing.due_in(self.head, now));
        let wait = wait.min(self.follow_due_in(now));
        if self.leaves_disk_to_deliveries() { wait.max(LOG_MOVE_POLL) } else { wait }
    }

    /// Returns when to look for what others have done; not while that is known to fail.
    fn follow_due_in(&self, now: Instant) -> Duration {
        let following = self.following.as_ref().filter(|_| self.state.health.failure().is_none());
        following.map_or(Duration::MAX, |following| following.due_in(now))
    }

    /// Returns whether deliveries arrive while pages of the log are being moved. A sync
    /// takes long then, and what is written meanwhile has to be moved by a commit.
    fn leaves_disk_to_deliveries(&self) -> bool {
        self.checkpointer.is_shared()
            && self.tasks_ran_at.elapsed() < LOG_MOVE_WAIT
            && self.journal.is_moving_log()
    }

    /// Executes a command, and those that wait and can share its transaction.
    fn execute_batch(&mut self, first: Command, batch: &mut Batch) {
        if first.is_gathered() {
            self.take_turn_early();
        }
        let next = self.gather(first, batch);
        self.checkpointer.set_busy(!(batch.deliveries.is_empty() && batch.mutations.is_empty()));
        self.commit(&mut batch.deliveries);
        self.mutate(&mut batch.mutations);
        self.keep_dead_letters(&mut batch.refused);
        self.end_turn();
        if let Some(command) = next {
            self.execute(command);
        }
    }

    /// Does what is due besides commands, each in its turn and in steps. A command that
    /// waits meanwhile waits for one step, not for one of each task.
    fn run_due_tasks(&mut self) {
        if self.leaves_disk_to_deliveries() {
            return;
        }
        self.tasks_ran_at = Instant::now();
        for _ in Task::ALL {
            let [task, ..] = self.tasks;
            self.tasks.rotate_left(1);
            if self.is_due(task, Instant::now()) {
                self.run_step(task);
                if self.state.queued.backlog().jobs > 0 {
                    return;
                }
            }
        }
    }

    fn is_due(&self, task: Task, now: Instant) -> bool {
        match task {
            Task::Import => self.imports.due_in().is_zero(),
            Task::RetryWriting => self.retrying.due_in(now).is_zero(),
            Task::SaveCheckpoint => self.checkpointer.wants_part(now),
            Task::Prune => self.pruning.due_in(now).is_zero(),
            Task::Compact => {
                self.compaction.due_in(now).is_zero() && !self.checkpointer.is_saving()
            }
            Task::TrimLog => self.log.due_in(now).is_zero(),
            Task::Recall => self.recalling.is_some(),
            Task::IndexDeliveries => self.indexing.due_in(self.head, now).is_zero(),
            Task::Follow => self.follow_due_in(now).is_zero(),
        }
    }

    fn run_step(&mut self, task: Task) {
        match task {
            Task::Import => self.import_some(),
            Task::RetryWriting => self.retry_writing(),
            // Logged; tried again when the next one is due.
            Task::SaveCheckpoint => self.save_due_parts().unwrap_or_default(),
            Task::Prune => self.prune(),
            Task::Compact => self.compact(),
            Task::TrimLog => self.trim_log(),
            Task::Recall => self.recall_some(),
            Task::IndexDeliveries => self.index_deliveries(),
            Task::Follow => self.follow_others(),
        }
    }

    /// Collects what waits, up to the limits of one transaction or up to another command,
    /// which is returned.
    fn gather(&self, first: Command, batch: &mut Batch) -> Option<Command> {
        let (mut bytes, mut count) = (0, 0);
        let mut command = first;
        loop {
            if command.is_counted() {
                self.state.queued.remove_job();
            }
            match command {
                Command::Append(pending) => {
                    bytes += pending.delivery.body.len();
                    count += 1;
                    batch.deliveries.push(*pending);
                }
                Command::Mutate(pending) => {
                    bytes += pending.bytes;
                    count += pending.mutations.len();
                    batch.mutations.push(*pending);
                }
                Command::KeepDeadLetter(refused, reply) => {
                    bytes += refused.body.len();
                    count += 1;
                    self.state.queued.release_bytes(refused.body.len());
                    batch.refused.push((*refused, reply));
                }
                other => return Some(other),
            }
            if count >= self.options.batch_events || bytes >= self.options.batch_bytes {
                return None;
            }
            command = self.commands.try_recv().ok()?;
        }
    }

    /// Executes a command that shares no transaction. The sender may have gone.
    fn execute(&mut self, command: Command) {
        match command {
            // These are gathered.
            Command::Append(_) | Command::Mutate(_) | Command::KeepDeadLetter(..) => {}
            Command::Loaded(id, loaded) => self.commit_waiting(&id, loaded),
            Command::DeleteDeadLetter(id, reply) => {
                reply.send(self.delete_dead_letter(id)).unwrap_or_default();
            }
            Command::Preview(delivery, reply) => {
                let previewed = self.recall_for(std::iter::once(&*delivery));
                let previewed = previewed.map(|()| self.preview(delivery.decoded()));
                reply.send((previewed, delivery)).unwrap_or_default();
            }
            Command::Import(chunk) => self.imports.chunks.push_back(*chunk),
            Command::Erase(request, reply) => {
                let ToErase { location, known, upto } = *request;
                reply.send(self.erase(location, &known, upto)).unwrap_or_default();
            }
            Command::CompactLoaded(loaded) => self.compact_loaded(loaded),
            Command::Compact(reply) => reply.send(self.compact_now()).unwrap_or_default(),
            Command::HurryCheckpoint => self.checkpointer.hurry(),
            Command::Follow => self.follow_others(),
            Command::Checkpoint(reply) => reply.send(self.save_checkpoint()).unwrap_or_default(),
        }
    }

    /// Returns an error while nothing can be written.
    pub(crate) fn check_writable(&self) -> Result<(), IngestError> {
        self.refusal().map_or(Ok(()), Err)
    }

    /// Returns why nothing can be written, or `None` while writing works.
    pub(crate) fn refusal(&self) -> Option<IngestError> {
        self.state.health.refusal()
    }

    /// Stops accepting: the file is not what was written, and no waiting mends that.
    pub(crate) fn fail(&self, error: Arc<JournalError>) -> IngestError {
        let (reason, advice) = (error.to_string(), error.advice());
        tracing::error!(
            reason,
            advice,
            "the journal cannot be written; nothing more is accepted until a restart"
        );
        let reason = format!("{}; {advice}", error.without_path());
        self.state.health.fail(reason, Some(Arc::clone(&error)));
        error.into()
    }
}
