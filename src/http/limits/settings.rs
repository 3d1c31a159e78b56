//! The limits that an operator sets, and those that are fixed.

use std::time::Duration;

/// Size of the largest request head, and of the largest piece of a body that is read at
/// once, in bytes; a larger head is answered with 431.
pub(crate) const BUFFER_BYTES: usize = 64 << 10;

/// The limits of the server, with their units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long a request's head may take to arrive.
    pub header_timeout: Duration,
    /// How long a connection may stay open between two requests. While all connections
    /// are taken, it is `header_timeout`.
    pub idle_timeout: Duration,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
    /// Maximum size of all bodies held while they arrive and until they are handed on, in
    /// bytes; a body that would exceed it is refused. The first 16 KiB of each are not
    /// counted.
    pub receiving_bytes: usize,
    /// Maximum size of a webhook's body, in bytes.
    pub webhook_bytes: usize,
    /// Maximum number of open connections; further ones wait.
    pub connections: usize,
    /// How long requests may take to finish after a stop is requested.
    pub shutdown_timeout: Duration,
    /// Maximum number of concurrent exports; further ones wait. A token, or without
    /// tokens a location, may use at most half of them.
    pub exports: usize,
    /// How long an export waits for a reader that takes nothing.
    pub export_stall: Duration,
    /// How long a whole export may take.
    pub export_timeout: Duration,
    /// Maximum size of a query's body, in bytes.
    pub question_bytes: usize,
    /// Maximum number of links that a query may visit; past it the answer is incomplete.
    pub question_links: u64,
    /// Approximate maximum size of an answer, in bytes; past it the answer is incomplete.
    pub answer_bytes: usize,
    /// How long a query may take; past it the answer is incomplete.
    pub question_timeout: Duration,
    /// Maximum number of concurrent queries that visit more than a few thousand links;
    /// further ones wait. A token, or without tokens a location, may use at most half of
    /// them, and no more than keep half of the cores busy.
    pub questions: usize,
    /// Maximum number of concurrent reads of the journal, for history, events and the
    /// past; further ones wait. They are shared out like `questions`.
    pub journal_reads: usize,
    /// How long an export, a query or a read of the journal waits for its turn before it
    /// is refused.
    pub question_wait: Duration,
    /// How long the past of a location may take to build; past it the part that was built
    /// is kept, and the next query continues from there.
    pub past_timeout: Duration,
    /// Maximum size of an import's body, in bytes.
    pub import_bytes: usize,
    /// Maximum size of an import's body after decompression, in bytes.
    pub import_unpacked_bytes: u64,
    /// Maximum number of concurrent imports; further ones are refused.
    pub imports: usize,
    /// How long a query waits for the event that `minSeq` names.
    pub min_seq_timeout: Duration,
    /// How long what was sent waits for a database that several servers write; whether it is
    /// accepted is then unknown. A file is waited for without a limit.
    pub storage_timeout: Duration,
    /// How long a client may take nothing of what it is sent before its connection is cut.
    pub write_timeout: Duration,
    /// Maximum number of open change-feed subscribers; further ones are refused. Each uses
    /// one of the connections.
    pub change_readers: usize,
    /// Maximum size of what waits for a slow subscriber before it is dropped, in bytes.
    pub change_bytes: usize,
    /// Maximum size of what waits for all subscribers together, in bytes; past it those
    /// that hold more than their share are dropped.
    pub change_total_bytes: usize,
    /// Maximum number of events of one location that may wait for its subscribers; past it
    /// they are read from the journal.
    pub change_backlog: usize,
    /// Interval between the heartbeats that a subscriber is sent.
    pub heartbeat: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(130),
            body_timeout: Duration::from_secs(10),
            receiving_bytes: 64 << 20,
            webhook_bytes: 256 << 10,
            connections: 4_096,
            shutdown_timeout: Duration::from_secs(5),
            exports: 4,
            export_stall: Duration::from_secs(30),
            export_timeout: Duration::from_secs(1_800),
            question_bytes: 1 << 20,
            question_links: 5_000_000,
            answer_bytes: 16 << 20,
            question_timeout: Duration::from_secs(2),
            questions: 4,
            journal_reads: 4,
            question_wait: Duration::from_secs(5),
            past_timeout: Duration::from_secs(60),
            import_bytes: 64 << 20,
            import_unpacked_bytes: 256 << 20,
            imports: 2,
            min_seq_timeout: Duration::from_secs(5),
            storage_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            change_readers: 2_048,
            change_bytes: 4 << 20,
            change_total_bytes: 256 << 20,
            change_backlog: 8_192,
            heartbeat: Duration::from_secs(15),
        }
    }
}
