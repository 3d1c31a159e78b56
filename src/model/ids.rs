//! Ids: opaque text of the sender, compared byte for byte and never parsed.

use std::borrow::Borrow;
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Box<str>);

        impl $name {
            /// Returns the id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into_boxed_str())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

id! {
    /// A sub-account of the sender: the tenant. Nothing links across locations.
    LocationId
}
id! {
    /// The name of a type of things: `contact`, `custom_objects.property`.
    ObjectKey
}
id! {
    /// The id of one record, unique within its object key.
    RecordId
}
id! {
    /// The id of an association. System associations carry the same id in
    /// every location.
    AssociationId
}
id! {
    /// The id of a relation.
    RelationId
}
id! {
    /// The sender's id of one delivery, the same over all its attempts.
    WebhookId
}
