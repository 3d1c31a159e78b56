//! Comparing what opening gives with what the events give, round by round.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::graph::Difference;
use crate::journal::{Journal, JournalError, JournalReader};
use crate::model::{LocationId, Seq};
use crate::store::verify::entries::Reading;
use crate::store::verify::findings::Findings;
use crate::store::verify::pair::unreadable;
use crate::store::verify::progress::{Progress, VerifyProgress};
use crate::store::verify::rebuild::rebuild;
use crate::store::verify::round::Round;
use crate::store::verify::summaries::{self, Summaries};
use crate::store::verify::survey::Survey;

/// How often a round is tried beside a writer that prunes what the round is to read.
const TRIES: u32 = 3;

/// The result of comparing a journal's replay with its checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The last event of the journal.
    pub events: Seq,
    /// The last event that was pruned; events up to there are not compared.
    pub pruned: Seq,
    /// The last event that the checkpoint covers.
    pub checkpoint: Seq,
    /// Number of locations compared.
    pub locations: usize,
    /// The locations on which the two disagree.
    pub differing: Vec<LocationId>,
    /// The differences, up to the limit; left is the checkpoint with the events after it,
    /// right the replay of every event.
    pub differences: Vec<Difference>,
}

/// How to verify.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// Maximum number of differences returned.
    pub differences_max: usize,
    /// Memory that graphs may take at a time, in bytes, about; the graphs of one location
    /// may take more. The less it is, the more often the journal is read.
    pub graph_bytes_max: u64,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self { differences_max: 20, graph_bytes_max: 512 << 20 }
    }
}

/// Replays every event into fresh graphs and compares them with what opening
/// the journal gives.
///
/// The remaining events of a pruned journal are merged a second time into the state of the
/// checkpoint, which must change nothing: what only pruned events said can no longer be
/// proven, nor what events said about a location before its last compaction.
///
/// Goes through the locations in rounds, so that memory is bounded, and checks each graph for
/// consistency; events accepted meanwhile are ignored. Reads the journal once, and once more
/// in each round.
pub fn verify(journal: &mut dyn JournalReader, limit: usize) -> Result<Verification, JournalError> {
    let options = VerifyOptions { differences_max: limit, ..VerifyOptions::default() };
    verify_with(journal, &options, &mut |_| ())
}

/// Verifies as [`verify`] does, and reports now and then how far it has come.
pub fn verify_with(
    journal: &mut dyn JournalReader,
    options: &VerifyOptions,
    report: &mut dyn FnMut(VerifyProgress),
) -> Result<Verification, JournalError> {
    Ok(compare(journal, options, &mut Progress::new(report))?.0)
}

/// Verifies one location, or returns `None` if no event has named it.
///
/// Costs the location's events and a few around each, its graphs, and the list of locations.
pub fn verify_location(
    journal: &mut dyn JournalReader,
    id: &str,
    options: &VerifyOptions,
    report: &mut dyn FnMut(VerifyProgress),
) -> Result<Option<Verification>, JournalError> {
    let progress = &mut Progress::new(report);
    let id = LocationId::from(id);
    retried(|| compare_one(journal, &id, options, progress))
}

/// Verifies as [`verify`] does, and replaces a checkpoint that disagrees by the state that
/// the events give, in one transaction. Where old events are pruned nothing is replaced:
/// the locations that differ cannot be proven.
pub fn repair(journal: &mut dyn Journal, limit: usize) -> Result<Verification, JournalError> {
    let options = VerifyOptions { differences_max: limit, ..VerifyOptions::default() };
    repair_with(journal, &options, &mut |_| ())
}

/// Repairs as [`repair`] does, and reports now and then how far it has come.
pub fn repair_with(
    journal: &mut dyn Journal,
    options: &VerifyOptions,
    report: &mut dyn FnMut(VerifyProgress),
) -> Result<Verification, JournalError> {
    let progress = &mut Progress::new(report);
    let (found, survey) = compare(journal, options, progress)?;
    if !found.differences.is_empty() && found.pruned == 0 {
        if !journal.maintain()? {
            let reason = "another process saves its checkpoints".to_owned();
            let advice = "end the servers that use it, then repair it";
            return Err(JournalError::Unsuited { reason, advice });
        }
        rebuild(journal, &survey, options.graph_bytes_max, progress)?;
    }
    Ok(found)
}

/// Tries again what reads events that a writer prunes meanwhile.
fn retried<T>(mut attempt: impl FnMut() -> Result<T, JournalError>) -> Result<T, JournalError> {
    for _ in 1..TRIES {
        match attempt() {
            Err(
                JournalError::CheckpointOutdated { .. } | JournalError::PrunedWhileReading { .. },
            ) => {}
            done => return done,
        }
    }
    attempt()
}

fn compare(
    journal: &mut dyn JournalReader,
    options: &VerifyOptions,
    progress: &mut Progress<'_>,
) -> Result<(Verification, Survey), JournalError> {
    let survey = retried(|| Survey::take(journal, progress))?;
    let damage = match &survey.damage {
        Some(reason) => Some(reason.clone()),
        None => match compare_rounds(journal, &survey, options, progress) {
            Ok(found) => return Ok((found, survey)),
            Err(JournalError::DamagedCheckpoint { reason }) if survey.pruned == 0 => Some(reason),
            Err(error) => return Err(error),
        },
    };
    let differing = survey.right();
    let found = Verification {
        events: survey.head,
        pruned: 0,
        checkpoint: 0,
        locations: differing.len(),
        differing,
        differences: damage.map(damage_of_all).into_iter().collect(),
    };
    Ok((found, survey))
}

fn damage_of_all(reason: String) -> Difference {
    unreadable("checkpoint".to_owned(), reason)
}

fn compare_rounds(
    journal: &mut dyn JournalReader,
    survey: &Survey,
    options: &VerifyOptions,
    progress: &mut Progress<'_>,
) -> Result<Verification, JournalError> {
    let (left, right) = (survey.left(), survey.right());
    let places: HashMap<&LocationId, usize, RandomState> = right.iter().zip(0..).collect();
    let rounds = survey.rounds(options.graph_bytes_max);
    progress.expect((survey.head - survey.pruned) * rounds.len() as u64);
    let mut findings = Findings::new(options.differences_max);
    let summaries = Summaries::list(journal)?;
    let (mut pruned, mut newest, mut is_damaged) = (survey.pruned, Ok(()), false);
    for ids in &rounds {
        let is_only = rounds.len() == 1;
        let mut round = retried(|| replay_round(journal, survey, ids, is_only, progress))?;
        pruned = pruned.max(round.pruned);
        newest = newest.and_then(|()| round.loaded.check_newest(round.head));
        is_damaged |= round.loaded.is_damaged;
        for mut pair in round.pairs.all.drain(..) {
            if let Some(place) = places.get(&pair.id) {
                let mut differences = pair.differences(options.differences_max);
                if differences.is_empty() && summaries.contradicts(&pair) {
                    differences = summaries::differences(journal, &pair.id, progress)?;
                }
                findings.add(*place, &pair.id, differences);
            }
        }
    }
    if !is_damaged {
        newest?;
    }
    let mut differences = Vec::new();
    if left != right {
        let (left, right) = (format!("{left:?}"), format!("{right:?}"));
        differences.push(Difference { thing: "locations".to_owned(), left, right });
    }
    let differing = findings.finish(&mut differences);
    Ok(Verification {
        events: survey.head,
        pruned,
        checkpoint: survey.come.seq,
        locations: right.len(),
        differing,
        differences,
    })
}

/// Makes the graphs of these locations. Reads only what is near their events, unless that
/// proves to be less than all of them.
fn replay_round(
    journal: &mut dyn JournalReader,
    survey: &Survey,
    ids: &[LocationId],
    is_only: bool,
    progress: &mut Progress<'_>,
) -> Result<Round, JournalError> {
    let reading = if is_only { Reading::All } else { Reading::Near };
    let mut round = Round::load(journal, ids)?.counting_upto(survey.head);
    round.replay(journal, reading, progress)?;
    let known = ids.iter().filter_map(|id| survey.known.get(id));
    let expected: u64 = known.map(|known| known.entries).sum();
    if reading == Reading::All || (round.seen == expected && round.pruned == survey.pruned) {
        return Ok(round);
    }
    drop(round);
    let mut round = Round::load(journal, ids)?;
    round.replay(journal, Reading::All, progress)?;
    Ok(round)
}

fn compare_one(
    journal: &mut dyn JournalReader,
    id: &LocationId,
    options: &VerifyOptions,
    progress: &mut Progress<'_>,
) -> Result<Option<Verification>, JournalError> {
    let (mut round, mut damage) = match Round::load(journal, [id]) {
        Ok(round) => (round, None),
        Err(JournalError::DamagedCheckpoint { reason }) if journal.pruned()? == 0 => {
            (Round::without_checkpoint(journal, [id])?, Some(reason))
        }
        Err(error) => return Err(error),
    };
    progress.expect(round.head - round.pruned);
    round.replay(journal, Reading::NearOnly, progress)?;
    if !round.loaded.is_damaged {
        match round.loaded.check_newest(round.head) {
            Err(JournalError::DamagedCheckpoint { reason }) if round.pruned == 0 => {
                damage = Some(reason);
            }
            checked => checked?,
        }
    }
    let Some(mut pair) = round.pairs.all.pop() else { return Ok(None) };
    let is_doubted = match Summaries::list(journal) {
        Ok(summaries) => summaries.contradicts(&pair),
        Err(JournalError::DamagedCheckpoint { reason }) if round.pruned == 0 => {
            damage.get_or_insert(reason);
            false
        }
        Err(error) => return Err(error),
    };
    let differences = match (damage, pair.left.is_present, pair.right.is_present) {
        (_, false, false) => return Ok(None),
        (Some(reason), ..) => vec![damage_of_all(reason)],
        (None, true, false) => vec![Difference {
            thing: format!("location {id}"),
            left: "it is there".to_owned(),
            right: "no event has named it".to_owned(),
        }],
        (None, ..) => match pair.differences(options.differences_max) {
            equal if equal.is_empty() && is_doubted => {
                summaries::differences(journal, id, progress)?
            }
            differences => differences,
        },
    };
    let differing = if differences.is_empty() { Vec::new() } else { vec![id.clone()] };
    Ok(Some(Verification {
        events: round.head,
        pruned: round.pruned,
        checkpoint: round.loaded.come.seq,
        locations: 1,
        differing,
        differences: differences.into_iter().take(options.differences_max.max(1)).collect(),
    }))
}
