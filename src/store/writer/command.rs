//! The commands of the writer.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use crate::journal::Refused;
use crate::model::{LocationId, Seq};
use crate::store::delivery::{Delivery, IngestError, Receipt, Status};
use crate::store::erase::Erasure;
use crate::store::load_error::LoadError;
use crate::store::location::Location;
use crate::store::mutation::checked::CheckedMutation;
use crate::store::mutation::{Mutated, MutationRefusal};
use crate::store::name_limits::LimitReached;
use crate::store::writer::import_marks::ImportChunk;

/// Called with the outcome of a delivery, on the writer's thread.
pub(crate) type Reply = Box<dyn FnOnce(Result<Receipt, IngestError>) + Send>;

/// Called with the outcome of mutations, on the writer's thread.
pub(crate) type MutateReply = Box<dyn FnOnce(Result<Mutated, IngestError>) + Send>;

/// Called once a refused delivery is kept, on the writer's thread.
pub(crate) type KeepReply = Box<dyn FnOnce(Result<(), IngestError>) + Send>;

/// The outcome that a delivery would have.
pub(crate) type PreviewedOutcome = Result<(Status, Option<Seq>), LimitReached>;

/// That, and the delivery.
pub(crate) type Previewed = (Result<PreviewedOutcome, IngestError>, Box<Delivery>);

/// A task run on the writer thread.
pub(crate) enum Command {
    /// Accepts a delivery, with others in one transaction.
    Append(Box<Pending>),
    /// Checks mutations and writes their events, with others in one transaction.
    Mutate(Box<PendingMutations>),
    /// Accepts what waited for a location, or refuses it if that could not be loaded.
    Loaded(LocationId, Result<Option<Arc<Location>>, LoadError>),
    /// Compacts a location that was loaded for that.
    CompactLoaded(Result<Option<Arc<Location>>, LoadError>),
    /// Keeps a delivery that was refused.
    KeepDeadLetter(Box<Refused>, KeepReply),
    /// Deletes a dead letter.
    DeleteDeadLetter(u64, SyncSender<Result<bool, IngestError>>),
    /// Returns what a delivery would do.
    Preview(Box<Delivery>, SyncSender<Previewed>),
    /// Imports lines, part by part.
    Import(Box<ImportChunk>),
    /// Erases a location.
    Erase(Box<ToErase>, SyncSender<Result<Option<Erasure>, IngestError>>),
    /// Drops things deleted long ago.
    Compact(SyncSender<Result<u64, IngestError>>),
    /// Saves a checkpoint soon, between deliveries, so that graphs can be dropped from memory.
    HurryCheckpoint,
    /// Looks for what other processes have appended.
    Follow,
    /// Saves a checkpoint.
    Checkpoint(SyncSender<Result<(), IngestError>>),
}

/// A delivery that waits for its commit.
pub(crate) struct Pending {
    pub(crate) delivery: Delivery,
    pub(crate) reply: Reply,
}

/// Mutations of one location that wait for their commit.
pub(crate) struct PendingMutations {
    pub(crate) location: LocationId,
    pub(crate) trace_id: Option<Box<str>>,
    /// Each, or why it was refused at once.
    pub(crate) mutations: Vec<Result<CheckedMutation, MutationRefusal>>,
    /// About the bytes of their events.
    pub(crate) bytes: usize,
    pub(crate) reply: MutateReply,
}

/// A location to erase.
pub(crate) struct ToErase {
    pub(crate) location: LocationId,
    /// Its events up to `upto`.
    pub(crate) known: Vec<Seq>,
    pub(crate) upto: Seq,
}

impl Command {
    /// Returns whether it counts in the queue: not if the store itself has sent it.
    pub(crate) fn is_counted(&self) -> bool {
        !matches!(
            self,
            Self::Loaded(..) | Self::CompactLoaded(_) | Self::HurryCheckpoint | Self::Follow
        )
    }

    /// Returns whether it shares a transaction with others.
    pub(crate) fn is_gathered(&self) -> bool {
        matches!(self, Self::Append(_) | Self::Mutate(_) | Self::KeepDeadLetter(..))
    }

    /// Returns the bytes of bodies in it, which count in the queue; of mutations about those
    /// of their events.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Append(pending) => pending.delivery.body.len(),
            Self::Mutate(pending) => pending.bytes,
            Self::KeepDeadLetter(refused, _) => refused.body.len(),
            _ => 0,
        }
    }
}
