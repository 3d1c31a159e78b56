//! Turns mutations into events, each as the graph will be after those before it.

use crate::graph::{Draft, LocationGraph};
use crate::model::{
    Association, AssociationId, Change, Event, EventType, LocationId, NodeRef, ObjectKey, Origin,
    Property, RecordId, RecordRef, Relation, RelationId, Seq, Stamp, Timestamp,
};
use crate::store::delivery::{Delivery, Status};
use crate::store::mutation::checked::CheckedMutation;
use crate::store::mutation::{Condition, Done, Mutation, MutationRefusal, NewAssociation, Thing};
use crate::store::name_limits::NameLimits;
use crate::store::writer::dedup_window::DedupWindow;
use crate::store::writer::mutation::new_ids::NewIds;
use crate::store::writer::mutation::system_associations::{SYSTEM_DEFINED, system_association};
use crate::store::writer::mutation::times;
use crate::webhook::{Decoded, association_delete_body, distilled_body, event_body};

/// What came of a mutation before anything is written.
type Planned = Result<Done, MutationRefusal>;

/// Plans the mutations of one call.
pub(crate) struct Planner<'w> {
    pub(crate) location: &'w LocationId,
    pub(crate) trace_id: Option<&'w str>,
    pub(crate) whole: &'w LocationGraph,
    /// The graph as it will be after what is planned.
    pub(crate) draft: &'w mut Draft,
    pub(crate) limits: NameLimits,
    /// The number of locations, if this one is new.
    pub(crate) locations: Option<usize>,
    pub(crate) now: Timestamp,
    pub(crate) new_ids: &'w mut NewIds,
    pub(crate) deliveries: &'w mut DedupWindow,
    /// The last event of the journal.
    pub(crate) head: Seq,
    /// The events after it.
    pub(crate) planned: &'w mut Vec<Delivery>,
}

impl Planner<'_> {
    /// Plans a mutation: adds its events to those that are planned, or refuses it.
    pub(crate) fn plan(&mut self, checked: CheckedMutation) -> Planned {
        let CheckedMutation { mutation, naming } = checked;
        match mutation {
            Mutation::CreateAssociation(new) => self.create_association(new),
            Mutation::UpdateAssociation { id, first_label, second_label } => {
                self.update_association(&id, first_label, second_label)
            }
            Mutation::DeleteAssociation { id } => self.delete_association(id),
            Mutation::CreateRelation { association, first, second } => {
                self.create_relation(&association, first, second)
            }
            Mutation::DeleteRelation { id } => self.delete_relation(&id),
            Mutation::CreateRecord { object, id, properties } => {
                self.create_record(object, id, naming, properties.as_deref())
            }
            Mutation::UpdateRecord { object, id, properties } => {
                self.update_record(RecordRef { object, id }, naming, properties.as_deref())
            }
            Mutation::DeleteRecord { object, id } => self.delete_record(RecordRef { object, id }),
            Mutation::Append { delivery, condition } => self.append(*delivery, condition),
        }
    }

    fn create_association(&mut self, new: NewAssociation) -> Planned {
        if self.draft.has_association_key(self.whole, &new.key) {
            return Err(MutationRefusal::DuplicateAssociationKey);
        }
        let id = self.new_id(LocationGraph::knows_association);
        let NewAssociation { key, first, second, first_to_second, second_to_first } = new;
        let association = Association {
            id: AssociationId::from(id),
            key,
            association_type: "USER_DEFINED".into(),
            first,
            second,
            first_to_second,
            second_to_first,
        };
        let at = times::after(self.now, None)?;
        self.define(EventType::AssociationCreate, Some(at), association)
    }

    fn update_association(
        &mut self,
        id: &AssociationId,
        first_label: Box<str>,
        second_label: Box<str>,
    ) -> Planned {
        let mut association = self.own_association(id)?;
        if association.first.label == first_label && association.second.label == second_label {
            return Ok(Done { thing: Thing::Association(association), seq: None });
        }
        let newest = self.newest(&Change::Association(association.clone()));
        (association.first.label, association.second.label) = (first_label, second_label);
        let at = times::of_update(self.now, newest)?;
        self.define(EventType::AssociationUpdate, at, association)
    }

    fn delete_association(&mut self, id: AssociationId) -> Planned {
        let association = self.own_association(&id)?;
        let (first, second) = (&association.first.object, &association.second.object);
        let (first, second) = (first.clone(), second.clone());
        let change = Change::AssociationDeleted { id, first, second };
        let at = times::after(self.now, self.newest(&change))?;
        let event = self.event(EventType::AssociationDelete, Some(at), change);
        let body = association_delete_body(&event, &association);
        let seq = self.write(event, &body)?;
        Ok(Done { thing: Thing::Association(association), seq: Some(seq) })
    }

    fn create_relation(
        &mut self,
        association: &AssociationId,
        first: RecordId,
        second: RecordId,
    ) -> Planned {
        let (definition, is_new) = self.association_of_relation(association)?;
        let (id, whole) = (association.as_str(), self.whole);
        if self.draft.has_relation(whole, id, first.as_str(), second.as_str()) {
            return Err(MutationRefusal::DuplicateRelation);
        }
        let first = RecordRef { object: definition.first.object.clone(), id: first };
        let second = RecordRef { object: definition.second.object.clone(), id: second };
        let mut deleted =
            |end: &RecordRef| self.draft.record_state(whole, &end.object, end.id.as_str()).deleted;
        // A later delete of a record would hide the relation.
        let deleted = deleted(&first).max(deleted(&second));
        let at = times::after(self.now, deleted)?;
        let id = self.new_id(LocationGraph::knows_relation);
        let (id, association) = (RelationId::from(id), association.clone());
        let relation = Relation { id, association, first, second };
        let change = Change::Relation(relation.clone());
        let event = self.event(EventType::RelationCreate, Some(at), change);
        // Names all that the definition names.
        self.check_names(&event)?;
        if is_new {
            self.define(EventType::AssociationCreate, None, definition)?;
        }
        let body = event_body(&event, None);
        let seq = self.write(event, &body)?;
        Ok(Done { thing: Thing::Relation(relation), seq: Some(seq) })
    }

    /// Returns the association of a relation to be created, and whether it has to be created,
    /// too.
    fn association_of_relation(
        &mut self,
        id: &AssociationId,
    ) -> Result<(Association, bool), MutationRefusal> {
        if let Some(known) = self.draft.association(self.whole, id.as_str()) {
            return Ok((known.clone(), false));
        }
        let system = system_association(id.as_str()).ok_or(MutationRefusal::AssociationNotFound)?;
        match self.newest(&Change::Association(system.clone())) {
            None => Ok((system, true)),
            Some(_) => Err(MutationRefusal::AssociationNotFound),
        }
    }

    fn delete_relation(&mut self, id: &RelationId) -> Planned {
        let relation = self.draft.relation(self.whole, id.as_str());
        let relation = relation.ok_or(MutationRefusal::RelationNotFound)?;
        let change = Change::Relation(relation.clone());
        let at = times::after(self.now, self.newest(&change))?;
        let event = self.event(EventType::RelationDelete, Some(at), change);
        let body = event_body(&event, None);
        let seq = self.write(event, &body)?;
        Ok(Done { thing: Thing::Relation(relation), seq: Some(seq) })
    }

    fn create_record(
        &mut self,
        object: ObjectKey,
        id: Option<RecordId>,
        naming: Box<[Property]>,
        properties: Option<&str>,
    ) -> Planned {
        let id = id.unwrap_or_else(|| {
            let id = self.new_id(|graph, id| graph.knows(&NodeRef::record(object.as_str(), id)));
            RecordId::from(id)
        });
        let state = self.draft.record_state(self.whole, &object, id.as_str());
        if state.last.is_some_and(|last| !last.is_delete()) {
            return Err(MutationRefusal::DuplicateRecord);
        }
        let at = times::after(self.now, state.last)?;
        let record = RecordRef { object, id };
        self.write_record(EventType::RecordCreate, Some(at), record, naming, properties)
    }

    fn update_record(
        &mut self,
        record: RecordRef,
        naming: Box<[Property]>,
        properties: Option<&str>,
    ) -> Planned {
        let newest = self.shown_record(&record)?;
        let at = times::of_update(self.now, newest)?;
        self.write_record(EventType::RecordUpdate, at, record, naming, properties)
    }

    fn delete_record(&mut self, record: RecordRef) -> Planned {
        let newest = self.shown_record(&record)?;
        // Hides every link that there is.
        let link = self.draft.newest_link(self.whole, &record.object, record.id.as_str());
        let at = times::after(self.now, newest.max(link))?;
        self.write_record(EventType::RecordDelete, Some(at), record, Box::default(), None)
    }

    /// Returns the newest event of a record that is there, if it has one of its own.
    fn shown_record(&mut self, record: &RecordRef) -> Result<Option<Stamp>, MutationRefusal> {
        let (object, id) = (&record.object, record.id.as_str());
        if self.draft.shows_record(self.whole, object, id) {
            Ok(self.draft.record_state(self.whole, object, id).last)
        } else {
            Err(MutationRefusal::RecordNotFound)
        }
    }

    fn write_record(
        &mut self,
        event_type: EventType,
        at: Option<Timestamp>,
        record: RecordRef,
        naming: Box<[Property]>,
        properties: Option<&str>,
    ) -> Planned {
        let (object, id) = (Some(record.object.clone()), record.id.clone());
        let change = Change::Record { object, id, properties: naming };
        let event = self.event(event_type, at, change);
        let body = match properties {
            Some(_) => event_body(&event, properties),
            // What names it alone is kept.
            None => distilled_body(&event),
        };
        let seq = self.write(event, &body)?;
        Ok(Done { thing: Thing::Record(record), seq: Some(seq) })
    }

    fn append(&mut self, delivery: Delivery, condition: Condition) -> Planned {
        let Decoded::Event(event) = &delivery.decoded else {
            return Ok(Done { thing: Thing::Event(Status::Ignored), seq: None });
        };
        let (location, id) = (self.location.as_str(), event.webhook_id.as_ref());
        let first = id.and_then(|id| self.deliveries.find(location, id.as_str()));
        if first.is_some() {
            return Ok(Done { thing: Thing::Event(Status::Duplicate), seq: first });
        }
        let newest = self.draft.newest(self.whole, &event.change).map(Stamp::seq);
        let holds = match condition {
            Condition::NewestIs(seq) => newest == Some(seq),
            Condition::Unknown => newest.is_none(),
        };
        if !holds {
            return Err(MutationRefusal::ConditionFailed { newest });
        }
        self.check_names(event)?;
        let seq = self.next_seq();
        if let Some(id) = id {
            self.deliveries.insert(location, id.as_str(), seq, self.now);
        }
        let outcome = self.draft.merge(self.whole, seq, event);
        self.planned.push(delivery);
        Ok(Done { thing: Thing::Event(outcome.into()), seq: Some(seq) })
    }

    /// Returns an association that is there and not the sender's own.
    fn own_association(&mut self, id: &AssociationId) -> Result<Association, MutationRefusal> {
        match self.draft.association(self.whole, id.as_str()) {
            None => Err(MutationRefusal::AssociationNotFound),
            Some(known) if *known.association_type == *SYSTEM_DEFINED => {
                Err(MutationRefusal::SystemAssociation)
            }
            Some(known) => Ok(known.clone()),
        }
    }

    fn newest(&mut self, of: &Change) -> Option<Stamp> {
        self.draft.newest(self.whole, of)
    }

    fn new_id(&mut self, is_known: impl Fn(&LocationGraph, &str) -> bool) -> String {
        let graphs = [self.whole, self.draft.graph()];
        self.new_ids.next(self.now, |id| graphs.iter().any(|graph| is_known(graph, id)))
    }

    fn define(
        &mut self,
        event_type: EventType,
        at: Option<Timestamp>,
        association: Association,
    ) -> Planned {
        let event = self.event(event_type, at, Change::Association(association.clone()));
        let body = event_body(&event, None);
        let seq = self.write(event, &body)?;
        Ok(Done { thing: Thing::Association(association), seq: Some(seq) })
    }

    fn event(&self, event_type: EventType, at: Option<Timestamp>, change: Change) -> Event {
        Event {
            event_type,
            location: self.location.clone(),
            at,
            webhook_id: None,
            trace_id: self.trace_id.map(Box::from),
            origin: Origin::Api,
            observed_at: None,
            change,
        }
    }

    fn check_names(&self, event: &Event) -> Result<(), MutationRefusal> {
        let locations = self.locations.filter(|_| self.draft.is_empty());
        Ok(self.limits.check_drafted(self.draft, self.whole, locations, event)?)
    }

    fn next_seq(&self) -> Seq {
        self.head + self.planned.len() as Seq + 1
    }

    /// Plans an event, and returns its seq.
    fn write(&mut self, event: Event, body: &str) -> Result<Seq, MutationRefusal> {
        self.check_names(&event)?;
        let seq = self.next_seq();
        self.draft.merge(self.whole, seq, &event);
        self.planned.push(Delivery::from_decoded(body, Decoded::Event(event), None));
        Ok(seq)
    }
}
