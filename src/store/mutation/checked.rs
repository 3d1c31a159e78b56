//! Mutations whose texts have been checked, so that the writer need not.

use crate::model::{ObjectKey, Property};
use crate::store::mutation::mutation::{Mutation, NewAssociation};
use crate::store::mutation::refusal::MutationRefusal;
use crate::webhook::{
    DecodeError, Decoded, Keep, check_id, check_label, check_location, check_object_key,
    ignored_type, other_location, read_properties,
};

/// About what an event takes besides the texts of its mutation, in bytes.
const MEMBER_BYTES: usize = 320;

/// A mutation whose texts can be part of an event.
#[derive(Debug)]
pub(crate) struct CheckedMutation {
    pub(crate) mutation: Mutation,
    /// What can name the record that it is of.
    pub(crate) naming: Box<[Property]>,
}

impl CheckedMutation {
    /// Checks a mutation of a location, and drops what is not to be kept of it. Costs a look at
    /// each text.
    pub(crate) fn new(
        mutation: Mutation,
        location: &str,
        keep: Keep,
    ) -> Result<Self, MutationRefusal> {
        check_location(location)?;
        let mut checked = Self { mutation, naming: Box::default() };
        match &mut checked.mutation {
            Mutation::CreateAssociation(new) => check_association(new)?,
            Mutation::UpdateAssociation { id, first_label, second_label } => {
                check_id("associationId", id.as_str())?;
                check_label("firstObjectLabel", first_label)?;
                check_label("secondObjectLabel", second_label)?;
            }
            Mutation::DeleteAssociation { id } => check_id("associationId", id.as_str())?,
            Mutation::CreateRelation { association, first, second } => {
                check_id("associationId", association.as_str())?;
                check_id("firstRecordId", first.as_str())?;
                check_id("secondRecordId", second.as_str())?;
            }
            Mutation::DeleteRelation { id } => check_id("id", id.as_str())?,
            Mutation::CreateRecord { object, id, properties } => {
                check_object_key("objectKey", object.as_str())?;
                id.as_ref().map_or(Ok(()), |id| check_id("id", id.as_str()))?;
                checked.naming = naming(object, properties, keep)?;
            }
            Mutation::UpdateRecord { object, id, properties } => {
                check_object_key("objectKey", object.as_str())?;
                check_id("id", id.as_str())?;
                checked.naming = naming(object, properties, keep)?;
            }
            Mutation::DeleteRecord { object, id } => {
                check_object_key("objectKey", object.as_str())?;
                check_id("id", id.as_str())?;
            }
            Mutation::Append { delivery, .. } => {
                match delivery.decoded() {
                    Decoded::Ignored { .. } => return Err(ignored_type().into()),
                    Decoded::Event(event) if event.location.as_str() != location => {
                        return Err(other_location().into());
                    }
                    Decoded::Event(_) => {}
                }
                delivery.keep(keep);
            }
        }
        Ok(checked)
    }

    /// Returns about how many bytes its event takes in the journal.
    pub(crate) fn bytes(&self) -> usize {
        let texts = match &self.mutation {
            Mutation::CreateAssociation(new) => {
                let ends = [&new.first, &new.second];
                new.key.len()
                    + ends
                        .map(|end| end.object.as_str().len() + end.label.len())
                        .iter()
                        .sum::<usize>()
            }
            Mutation::UpdateAssociation { first_label, second_label, .. } => {
                first_label.len() + second_label.len()
            }
            Mutation::DeleteAssociation { id } => id.as_str().len(),
            Mutation::CreateRelation { association, first, second } => {
                association.as_str().len() + first.as_str().len() + second.as_str().len()
            }
            Mutation::DeleteRelation { id } => id.as_str().len(),
            Mutation::CreateRecord { properties, .. }
            | Mutation::UpdateRecord { properties, .. } => {
                properties.as_ref().map_or(0, |json| json.len())
            }
            Mutation::DeleteRecord { id, .. } => id.as_str().len(),
            Mutation::Append { delivery, .. } => delivery.body.len(),
        };
        texts + MEMBER_BYTES
    }
}

fn check_association(new: &mut NewAssociation) -> Result<(), DecodeError> {
    check_id("key", &new.key)?;
    check_object_key("firstObjectKey", new.first.object.as_str())?;
    check_label("firstObjectLabel", &new.first.label)?;
    check_object_key("secondObjectKey", new.second.object.as_str())?;
    check_label("secondObjectLabel", &new.second.label)?;
    let declared = [
        ("firstObjectToSecondObjectCardinality", &mut new.first_to_second),
        ("secondObjectToFirstObjectCardinality", &mut new.second_to_first),
    ];
    for (field, cardinality) in declared {
        // An empty one counts as absent, as in a webhook.
        cardinality.take_if(|text| text.is_empty());
        cardinality.as_ref().map_or(Ok(()), |text| check_label(field, text))?;
    }
    Ok(())
}

/// Returns the properties that may name a record, and drops what is not to be kept of all.
fn naming(
    object: &ObjectKey,
    properties: &mut Option<Box<str>>,
    keep: Keep,
) -> Result<Box<[Property]>, DecodeError> {
    let read = properties.as_ref().map(|json| read_properties(object, json)).transpose()?;
    if keep != Keep::Bodies {
        *properties = None;
    }
    Ok(read.filter(|_| keep != Keep::Ids).unwrap_or_default())
}
