//! The headers that carry signatures.

/// The greatest signature header that is looked at, in bytes: an RSA signature
/// of the longest key takes 1,368.
const MAX_BYTES: usize = 4_096;

/// What a request said in one header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Given<'a> {
    /// Nothing.
    #[default]
    Absent,
    /// This text.
    Once(&'a str),
    /// More than one header of that name.
    Twice,
    /// Something too long, or not text.
    Unreadable,
}

impl<'a> Given<'a> {
    fn add(&mut self, value: &'a [u8]) {
        *self = match self {
            Self::Absent => match std::str::from_utf8(value) {
                Ok(text) if value.len() <= MAX_BYTES => Self::Once(text.trim()),
                _ => Self::Unreadable,
            },
            _ => Self::Twice,
        };
    }

    /// The text, where it was told once.
    pub fn once(self) -> Option<&'a str> {
        match self {
            Self::Once(text) => Some(text),
            _ => None,
        }
    }
}

/// The headers of a delivery that say who sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignatureHeaders<'a> {
    /// `X-GHL-Signature`.
    pub ghl: Given<'a>,
    /// `X-WH-Signature`.
    pub wh: Given<'a>,
    /// `webhook-id`.
    pub id: Given<'a>,
    /// `webhook-timestamp`.
    pub timestamp: Given<'a>,
    /// `webhook-signature`.
    pub signature: Given<'a>,
}

impl<'a> SignatureHeaders<'a> {
    /// Picks them out of all headers, whatever the case of their names.
    pub fn pick(headers: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut picked = Self::default();
        for (name, value) in headers {
            let wanted = [
                ("x-ghl-signature", &mut picked.ghl),
                ("x-wh-signature", &mut picked.wh),
                ("webhook-id", &mut picked.id),
                ("webhook-timestamp", &mut picked.timestamp),
                ("webhook-signature", &mut picked.signature),
            ];
            for (known, given) in wanted {
                if name.eq_ignore_ascii_case(known) {
                    given.add(value);
                }
            }
        }
        picked
    }
}
