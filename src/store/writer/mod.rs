//! The one thread that writes, and the commands that it takes.

pub(super) mod batch;
pub(super) mod checkpoint;
pub(super) mod clock;
pub(super) mod command;
pub(super) mod compaction;
pub(super) mod dedup_window;
pub(super) mod following;
pub(super) mod health;
pub(super) mod import_marks;
pub(super) mod indexing;
pub(super) mod log_trimming;
pub(super) mod merge;
pub(super) mod mutation;
pub(super) mod observer;
pub(super) mod queue;
pub(super) mod recall;
pub(super) mod recalling;
pub(super) mod recovery;
pub(super) mod retention;
pub(super) mod state;
pub(super) mod stats;
pub(super) mod tasks;
pub(super) mod thread;
pub(super) mod waiting;
pub(super) mod write_failure;
