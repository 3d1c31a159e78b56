//! Checking mutations and writing their events: one transaction for all that wait.

use std::collections::HashMap;

use crate::graph::{Draft, LocationGraph};
use crate::journal::JournalEntry;
use crate::model::LocationId;
use crate::store::delivery::{Delivery, IngestError, Status};
use crate::store::mutation::{Done, Mutated, Mutation, MutationRefusal, Thing};
use crate::store::name_limits::LimitReached;
use crate::store::writer::batch::{Admission, applied};
use crate::store::writer::command::{MutateReply, PendingMutations};
use crate::store::writer::mutation::planner::Planner;
use crate::store::writer::thread::Writer;

/// The events of some calls, and what each call is answered once they are written.
#[derive(Default)]
struct Plan {
    events: Vec<Delivery>,
    answers: Vec<(MutateReply, Vec<Result<Done, MutationRefusal>>)>,
}

impl Writer {
    /// Checks mutations, writes their events in one transaction, merges them and replies.
    pub(crate) fn mutate(&mut self, batch: &mut Vec<PendingMutations>) {
        let _in_memory = self.hold_unloaded_mutations(batch);
        if batch.is_empty() {
            return;
        }
        for pending in batch.iter() {
            self.state.queued.release_bytes(pending.bytes);
        }
        let ready = self.check_writable().and_then(|()| self.recall_for_appends(batch));
        if let Err(refusal) = ready.and_then(|()| self.take_turn()) {
            return batch.drain(..).for_each(|pending| (pending.reply)(Err(refusal.clone())));
        }
        let Plan { mut events, answers } = self.plan(batch);
        self.stamp(events.iter_mut());
        self.keep_naming_properties(events.iter_mut());
        let admissions: Vec<Admission> =
            (self.head + 1..).take(events.len()).map(Admission::Journal).collect();
        let entries: Vec<JournalEntry<'_>> = events.iter().map(Delivery::entry).collect();
        match self.append_entries(&entries, None) {
            Ok(_) => self.acknowledge_mutations(&events, &admissions, answers),
            Err(refusal) => {
                for (reply, _) in answers {
                    reply(Err(refusal.clone()));
                }
            }
        }
    }

    fn recall_for_appends(&mut self, batch: &[PendingMutations]) -> Result<(), IngestError> {
        let mutations = batch.iter().flat_map(|pending| pending.mutations.iter().flatten());
        self.recall_for(mutations.filter_map(|checked| match &checked.mutation {
            Mutation::Append { delivery, .. } => Some(&**delivery),
            _ => None,
        }))
    }

    /// Plans the mutations of each call, in order.
    fn plan(&mut self, batch: &mut Vec<PendingMutations>) -> Plan {
        let mut plan = Plan::default();
        let mut drafts: HashMap<LocationId, Draft> = HashMap::new();
        let now = self.clock.now();
        for pending in batch.drain(..) {
            let PendingMutations { location, trace_id, mutations, reply, .. } = pending;
            let known = self.locations.find(location.as_str());
            let new = drafts.iter().filter(|(id, draft)| {
                !draft.is_empty() && self.locations.find(id.as_str()).is_none()
            });
            let locations = known.is_none().then(|| self.locations.len() + new.count());
            let graph = known.as_ref().map(|known| known.read());
            let empty = LocationGraph::new();
            let mut planner = Planner {
                location: &location,
                trace_id: trace_id.as_deref(),
                whole: graph.as_deref().unwrap_or(&empty),
                draft: drafts.entry(location.clone()).or_default(),
                limits: self.options.names,
                locations,
                now,
                new_ids: &mut self.new_ids,
                deliveries: &mut self.deliveries,
                head: self.head,
                planned: &mut plan.events,
            };
            let outcomes = mutations.into_iter().map(|it| planner.plan(it?)).collect();
            plan.answers.push((reply, outcomes));
        }
        plan
    }

    fn acknowledge_mutations(
        &mut self,
        events: &[Delivery],
        admissions: &[Admission],
        answers: Vec<(MutateReply, Vec<Result<Done, MutationRefusal>>)>,
    ) {
        let before = self.head;
        let head = before + events.len() as u64;
        let both = events.iter().zip(admissions);
        let statuses: Vec<Result<Status, LimitReached>> =
            both.map(|(event, admission)| self.merge_delivery(event, admission)).collect();
        self.make_visible(head, applied(events.iter(), admissions, &statuses));
        let merged = |seq: u64| {
            let place = usize::try_from(seq.checked_sub(before + 1)?).ok()?;
            statuses.get(place)?.ok()
        };
        for (reply, mut outcomes) in answers {
            for done in outcomes.iter_mut().flatten() {
                if let Thing::Event(status) = &mut done.thing
                    && *status != Status::Duplicate
                    && let Some(merged) = done.seq.and_then(merged)
                {
                    *status = merged;
                }
            }
            reply(Ok(Mutated { outcomes, head }));
        }
    }
}
