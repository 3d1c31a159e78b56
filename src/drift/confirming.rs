//! Confirming differences: each thing is asked for by itself, some time later.

use std::time::Duration;

use crate::drift::difference::{Difference, Thing};
use crate::drift::error::DriftError;
use crate::drift::finding::{Finding, Verdict};
use crate::drift::local::{newest_events, things_now};
use crate::drift::state::State;
use crate::model::Timestamp;
use crate::pull::{ObjectRow, PullError, Row, RowSink, ThingRead, Things};
use crate::store::Store;

/// How often a thing that changes meanwhile is read again.
const ROUNDS: usize = 3;

/// What confirming needs.
pub(crate) struct Confirming<'c> {
    pub(crate) things: Things<'c>,
    pub(crate) store: &'c Store,
    pub(crate) location: &'c str,
    /// How long webhooks may take to arrive.
    pub(crate) settle: Duration,
}

/// What was seen of a thing on both sides, and what reading it again gave.
struct Candidate {
    /// The difference with the greatest event of the thing: one that comes meanwhile shows
    /// that the store has changed, even if it looks the same again.
    before: Finding,
    read: Option<ThingRead<Thing>>,
}

impl Confirming<'_> {
    /// Confirms the first differences, up to a limit; the others are reported as they are.
    pub(crate) fn confirm(
        &self,
        mut differences: Vec<Difference>,
        limit: usize,
    ) -> Result<Vec<Finding>, DriftError> {
        let rest = differences.split_off(limit.min(differences.len()));
        let mut waiting = self.seen_now(differences)?;
        let mut found = Vec::new();
        for _ in 0..ROUNDS {
            if waiting.is_empty() {
                break;
            }
            waiting = self.round(waiting, &mut found)?;
        }
        let moving = waiting.into_iter().map(|it| (it.before.difference, Verdict::Moving));
        let rest = rest.into_iter().map(|it| (it, Verdict::Unconfirmed));
        found.extend(self.findings(moving.chain(rest).collect())?);
        Ok(found)
    }

    /// Looks at the store as it is now: webhooks have arrived since it was compared.
    fn seen_now(&self, differences: Vec<Difference>) -> Result<Vec<Candidate>, DriftError> {
        if differences.is_empty() {
            return Ok(Vec::new());
        }
        let known = things_now(self.store, self.location, differences.iter())?;
        let both = differences.into_iter().zip(known);
        let now =
            both.filter_map(|(before, known)| Difference::of(before.upstream().cloned(), known));
        self.candidates(now.collect())
    }

    fn candidates(&self, differences: Vec<Difference>) -> Result<Vec<Candidate>, DriftError> {
        let seen = differences.into_iter().map(|it| (it, Verdict::Unconfirmed)).collect();
        let seen = self.findings(seen)?;
        Ok(seen.into_iter().map(|before| Candidate { before, read: None }).collect())
    }

    /// Reads things again. Returns those that are to be read once more: that have changed on
    /// either side since they were read last.
    fn round(
        &self,
        mut waiting: Vec<Candidate>,
        found: &mut Vec<Finding>,
    ) -> Result<Vec<Candidate>, DriftError> {
        self.things.wait(self.settle)?;
        self.read(&mut waiting)?;
        let differences = waiting.iter().map(|it| &it.before.difference);
        let known = things_now(self.store, self.location, differences)?;
        let (mut before, mut now) = (Vec::new(), Vec::new());
        let mut moving = Vec::new();
        for (candidate, known) in waiting.into_iter().zip(known) {
            let Some(ThingRead { thing, at, is_certain }) = candidate.read else { continue };
            if !is_certain {
                moving.push(candidate.before.difference);
            } else if let Some(difference) = Difference::of(thing, known) {
                before.push(candidate.before);
                now.push((difference, Verdict::Confirmed { at }));
            }
        }
        for (before, now) in before.into_iter().zip(self.findings(now)?) {
            if now.difference == before.difference && now.newest == before.newest {
                found.push(now);
            } else {
                moving.push(now.difference);
            }
        }
        self.candidates(moving)
    }

    fn findings(
        &self,
        differences: Vec<(Difference, Verdict)>,
    ) -> Result<Vec<Finding>, DriftError> {
        findings(self.store, self.location, differences)
    }

    fn read(&self, waiting: &mut [Candidate]) -> Result<(), PullError> {
        let mut objects = None;
        for candidate in waiting {
            let Some(like) = candidate.before.difference.thing() else { continue };
            candidate.read = Some(match like {
                Thing::Object(object) => {
                    let (state, at) = match objects.take() {
                        Some(read) => read,
                        None => self.objects()?,
                    };
                    let thing = state.objects.get(object.key.as_str()).cloned();
                    objects = Some((state, at));
                    ThingRead { thing: thing.map(Thing::Object), at, is_certain: true }
                }
                Thing::Association(it) => {
                    mapped(self.things.association(it.id.as_str())?, Thing::Association)
                }
                Thing::Relation(it) => mapped(self.things.relation(it)?, Thing::Relation),
                Thing::Record(it) => mapped(self.things.record(it)?, Thing::Record),
            });
        }
        Ok(())
    }

    /// Reads the types of objects, with labels as a store shows them.
    fn objects(&self) -> Result<(State, Timestamp), PullError> {
        let (rows, at): (Vec<ObjectRow>, Timestamp) = self.things.objects()?;
        let mut state = State::default();
        rows.into_iter().try_for_each(|row| state.take(Row::Object(row), at))?;
        Ok((state, at))
    }
}

/// Looks up the greatest event of each thing.
pub(crate) fn findings(
    store: &Store,
    location: &str,
    differences: Vec<(Difference, Verdict)>,
) -> Result<Vec<Finding>, DriftError> {
    let newest = newest_events(store, location, differences.iter().map(|(it, _)| it))?;
    let found = differences.into_iter().zip(newest);
    Ok(found
        .map(|((difference, verdict), newest)| Finding { difference, verdict, newest })
        .collect())
}

fn mapped<T>(read: ThingRead<T>, thing: impl FnOnce(T) -> Thing) -> ThingRead<Thing> {
    let ThingRead { thing: found, at, is_certain } = read;
    ThingRead { thing: found.map(thing), at, is_certain }
}
