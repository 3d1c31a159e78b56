//! The headers that carry signatures.

use crate::signature::scheme::Scheme;

/// Maximum size of a signature header, in bytes: an RSA signature of the longest key takes
/// 1,368.
const MAX_BYTES: usize = 4_096;

/// The value of one header of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeaderField<'a> {
    /// No header of that name.
    #[default]
    Absent,
    /// One header, with this text.
    Single(&'a str),
    /// More than one header of that name.
    Repeated,
    /// Something too long, or not text.
    Unreadable,
}

impl<'a> HeaderField<'a> {
    fn add(&mut self, value: &'a [u8]) {
        *self = match self {
            Self::Absent => match std::str::from_utf8(value) {
                Ok(text) if value.len() <= MAX_BYTES => Self::Single(text.trim()),
                _ => Self::Unreadable,
            },
            _ => Self::Repeated,
        };
    }

    /// Returns the text of a header that is given once.
    pub fn once(self) -> Option<&'a str> {
        match self {
            Self::Single(text) => Some(text),
            _ => None,
        }
    }
}

/// The three headers of Standard Webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StandardHeaders<'a> {
    /// The id of the delivery.
    pub id: HeaderField<'a>,
    /// When it was signed.
    pub timestamp: HeaderField<'a>,
    /// The signatures.
    pub signature: HeaderField<'a>,
}

/// The headers of a delivery that show who sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignatureHeaders<'a> {
    /// `X-GHL-Signature`.
    pub ghl: HeaderField<'a>,
    /// `X-WH-Signature`.
    pub wh: HeaderField<'a>,
    /// `webhook-id`, `webhook-timestamp` and `webhook-signature`.
    pub standard: StandardHeaders<'a>,
    /// The same under their former names: `svix-id` and so on. Headers of the two sets are
    /// never combined.
    pub svix: StandardHeaders<'a>,
}

impl<'a> SignatureHeaders<'a> {
    /// Picks them out of all headers, whatever the case of their names.
    pub fn pick(headers: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut picked = Self::default();
        for (name, value) in headers {
            let wanted = [
                ("x-ghl-signature", &mut picked.ghl),
                ("x-wh-signature", &mut picked.wh),
                ("webhook-id", &mut picked.standard.id),
                ("webhook-timestamp", &mut picked.standard.timestamp),
                ("webhook-signature", &mut picked.standard.signature),
                ("svix-id", &mut picked.svix.id),
                ("svix-timestamp", &mut picked.svix.timestamp),
                ("svix-signature", &mut picked.svix.signature),
            ];
            for (known, given) in wanted {
                if name.eq_ignore_ascii_case(known) {
                    given.add(value);
                }
            }
        }
        picked
    }

    /// Returns the id of the delivery where it counts: where the sender has signed it
    /// (`scheme` is how), or where signatures are not required.
    pub fn delivery_id(&self, scheme: Option<Scheme>, required: bool) -> Option<&'a str> {
        match scheme {
            Some(Scheme::Standard) => self.standard.id.once(),
            Some(Scheme::Svix) => self.svix.id.once(),
            _ if required => None,
            _ if self.standard.id == HeaderField::Absent => self.svix.id.once(),
            _ => self.standard.id.once(),
        }
    }
}
