//! Deliveries that were authentic and could not be used.

use crate::model::Timestamp;

/// What is kept of a delivery that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// When it came in.
    pub received_at: Timestamp,
    /// The event type of its URL, if that had one.
    pub url_type: Option<String>,
    /// The tenant, as far as the body told it.
    pub location: Option<String>,
    /// The code of the answer.
    pub code: &'static str,
    /// The member to blame.
    pub field: Option<String>,
    /// Why it was refused.
    pub reason: String,
    /// Headers that tell the sender's attempts apart, name and value.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// A delivery that was refused and is kept, without what the sender chose the size of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterSummary {
    /// Its number; none is given twice.
    pub id: u64,
    /// When it came first.
    pub first_at: Timestamp,
    /// When the same body came last.
    pub last_at: Timestamp,
    /// How often the same body came.
    pub times: u64,
    /// The event type of its URL, if that had one.
    pub url_type: Option<String>,
    /// The tenant, as far as the body told it.
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

/// A delivery that was refused and is kept, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// What lists show of it.
    pub summary: DeadLetterSummary,
    /// Headers that tell the sender's attempts apart, name and value.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

impl DeadLetter {
    /// The first of its body, under this number.
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

    /// The sender's id of the delivery, where its headers told it.
    pub fn webhook_id(&self) -> Option<&str> {
        let id = self.headers.iter().find(|(name, _)| name == "webhook-id");
        id.map(|(_, value)| value.as_str())
    }

    /// What it counts against the bound: each header takes two more for the
    /// separator and one for the line's end.
    pub(super) fn bytes(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.len() + 3);
        let named = [&self.summary.url_type, &self.summary.location, &self.summary.field];
        let named = named.into_iter().flatten().map(String::len).sum::<usize>();
        let summary = self.summary.reason.len() + self.summary.code.len() + named;
        self.body.len() + summary + headers.sum::<usize>()
    }
}

/// How many dead letters are kept at most; the oldest make room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadLetterBounds {
    /// Their number.
    pub letters: u64,
    /// Bytes of their bodies, and of what else is kept of them.
    pub bytes: u64,
}

impl Default for DeadLetterBounds {
    fn default() -> Self {
        Self { letters: 10_000, bytes: 64 << 20 }
    }
}

/// How many dead letters there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeadLetterTotals {
    /// Those kept.
    pub letters: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Those that made room for later ones, ever.
    pub dropped: u64,
}
