//! Deliveries that were authentic and could not be used.

use crate::model::Timestamp;

/// A refused delivery that is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// When it was received.
    pub received_at: Timestamp,
    /// The event type of its URL, if that had one.
    pub url_type: Option<String>,
    /// The tenant, if the body named it.
    pub location: Option<String>,
    /// The code of the answer.
    pub code: &'static str,
    /// The member to blame.
    pub field: Option<String>,
    /// Why it was refused.
    pub reason: String,
    /// Headers that distinguish the sender's attempts, name and value.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// A dead letter without its parts of unlimited size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterSummary {
    /// Its number, which is never reused.
    pub id: u64,
    /// When it was first received.
    pub first_at: Timestamp,
    /// When the same body was last received.
    pub last_at: Timestamp,
    /// How often the same body was received.
    pub times: u64,
    /// The event type of its URL, if that had one.
    pub url_type: Option<String>,
    /// The tenant, if the body named it.
    pub location: Option<String>,
    /// The code of the answer.
    pub code: String,
    /// The member to blame.
    pub field: Option<String>,
    /// Why it was refused.
    pub reason: String,
    /// The length of the body.
    pub bytes: usize,
}

/// A refused delivery that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The part that lists show.
    pub summary: DeadLetterSummary,
    /// Headers that distinguish the sender's attempts, name and value.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

impl DeadLetter {
    /// Creates the first of its body, under this number.
    pub(super) fn new(id: u64, refused: &Refused) -> Self {
        let Refused { received_at, url_type, location, code, field, reason, headers, body } =
            refused.clone();
        let summary = DeadLetterSummary {
            id,
            first_at: received_at,
            last_at: received_at,
            times: 1,
            url_type,
            location,
            code: code.to_owned(),
            field,
            reason,
            bytes: body.len(),
        };
        Self { summary, headers, body }
    }

    /// Returns the sender's id of the delivery, or `None` if no header carries one.
    pub fn webhook_id(&self) -> Option<&str> {
        let id = self.headers.iter().find(|(name, _)| name == "webhook-id");
        id.map(|(_, value)| value.as_str())
    }

    /// Returns its bytes as counted against the bound: each header takes two more for the
    /// separator and one for the end of the line.
    pub(super) fn bytes(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.len() + 3);
        let named = [&self.summary.url_type, &self.summary.location, &self.summary.field];
        let named = named.into_iter().flatten().map(String::len).sum::<usize>();
        let summary = self.summary.reason.len() + self.summary.code.len() + named;
        self.body.len() + summary + headers.sum::<usize>()
    }
}

/// Maximum number and size of dead letters; the oldest make room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadLetterBounds {
    /// Maximum number of them.
    pub letters: u64,
    /// Maximum number of bytes of their bodies and everything else kept of them.
    pub bytes: u64,
}

impl Default for DeadLetterBounds {
    fn default() -> Self {
        Self { letters: 10_000, bytes: 64 << 20 }
    }
}

/// Counts of dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeadLetterTotals {
    /// Number of them that are kept.
    pub letters: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Number of them that ever made room for later ones.
    pub dropped: u64,
}
