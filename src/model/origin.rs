//! Where an event came from.

/// Where an event came from, as its body says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Origin {
    /// A webhook of the sender, or an import: the body names no origin.
    #[default]
    Webhook,
    /// A write to this store.
    Api,
    /// What a pull has read from the sender.
    Pull,
    /// What a comparison with the sender has found.
    Drift,
}

impl Origin {
    /// Every origin.
    pub const ALL: [Self; 4] = [Self::Webhook, Self::Api, Self::Pull, Self::Drift];

    /// Returns the name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Api => "api",
            Self::Pull => "pull",
            Self::Drift => "drift",
        }
    }

    /// Returns the origin of this name, or that of a webhook for any other name: a member
    /// that Relata did not write is no reason to refuse an event.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|origin| origin.as_str() == name).unwrap_or_default()
    }
}
