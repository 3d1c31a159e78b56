//! The associations that every location has, whether or not an event has said so.

use crate::model::{Association, AssociationId, End, ObjectKey};

/// The type of associations that are the sender's own.
pub(super) const SYSTEM_DEFINED: &str = "SYSTEM_DEFINED";

/// The id, which is also the key, and for each end the object key and the label.
type Known = (&'static str, [(&'static str, &'static str); 2]);

const KNOWN: [Known; 2] = [
    (
        "OPPORTUNITIES_CONTACTS_ASSOCIATION",
        [("opportunity", "Opportunity"), ("contact", "Contact")],
    ),
    ("BUSINESSES_CONTACTS_ASSOCIATION", [("business", "Company"), ("contact", "Contact")]),
];

/// Returns the association of this id, if every location has one.
pub(super) fn system_association(id: &str) -> Option<Association> {
    let (id, [first, second]) = KNOWN.into_iter().find(|(known, _)| *known == id)?;
    let end = |(object, label): (&str, &str)| End {
        object: ObjectKey::from(object),
        label: label.into(),
    };
    Some(Association {
        id: AssociationId::from(id),
        key: id.into(),
        association_type: SYSTEM_DEFINED.into(),
        first: end(first),
        second: end(second),
        first_to_second: None,
        second_to_first: None,
    })
}
