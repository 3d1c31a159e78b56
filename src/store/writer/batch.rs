//! The deliveries of one transaction, and their outcomes.

use crate::journal::Refused;
use crate::model::{Event, Seq, Timestamp};
use crate::store::delivery::{Delivery, Receipt, Status};
use crate::store::name_limits::LimitReached;
use crate::store::writer::command::{KeepReply, Pending, PendingMutations};
use crate::webhook::Decoded;

/// What is written together: the deliveries, then the mutations.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) deliveries: Vec<Pending>,
    pub(crate) mutations: Vec<PendingMutations>,
    pub(crate) refused: Vec<(Refused, KeepReply)>,
}

/// Whether a delivery is written, decided before the write.
pub(crate) enum Admission {
    Journal(Seq),
    Duplicate(Seq),
    /// Without it the graph is the same, whatever other events come: it is not written.
    Redundant(Status),
    /// It names more than the store may hold, and is not written.
    Refused(LimitReached),
}

impl Admission {
    pub(crate) fn is_new(&self) -> bool {
        matches!(self, Self::Journal(_))
    }

    pub(crate) fn seq(&self) -> Option<Seq> {
        match self {
            Self::Journal(seq) | Self::Duplicate(seq) => Some(*seq),
            Self::Redundant(_) | Self::Refused(_) => None,
        }
    }
}

/// Returns the events of a batch that changed something.
pub(crate) fn applied<'d>(
    batch: impl Iterator<Item = &'d Delivery>,
    admissions: &[Admission],
    statuses: &[Result<Status, LimitReached>],
) -> impl Iterator<Item = (Seq, Timestamp, &'d Event)> {
    let batch = batch.zip(admissions.iter().zip(statuses));
    batch.filter_map(|(delivery, (admission, status))| match &delivery.decoded {
        Decoded::Event(event) if *status == Ok(Status::Applied) => {
            Some((admission.seq()?, delivery.stamp(), event))
        }
        _ => None,
    })
}

/// Returns the receipt for a delivery of this status.
pub(crate) fn receipt(decoded: Decoded, status: Status, seq: Option<Seq>) -> Receipt {
    let (event_type, location, trace_id) = match decoded {
        Decoded::Event(event) => {
            (event.event_type.as_str().into(), Some(event.location), event.trace_id)
        }
        Decoded::Ignored { event_type, location, trace_id } => (event_type, location, trace_id),
    };
    Receipt { status, seq, event_type, location, trace_id }
}
