//! A running server as the destination, over `POST /v1/import`.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use ureq::Agent;

use crate::model::{Seq, Timestamp, percent_encoded};
use crate::pull::error::PullError;
use crate::pull::secret::Secret;
use crate::pull::stop::{Stop, StopReason};
use crate::pull::upstream::{Backoff, BaseUrl, RateHeaders, agent};
use crate::pull::writing::destination::{Destination, EventCounts, Known};

/// How often a request is repeated.
const RETRIES: u32 = 6;

/// How long an answer may take: the server may load the location first.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Largest answer, in bytes.
const ANSWER_BYTES: u64 = 8 << 20;

/// A server of Relata.
#[derive(Debug)]
pub struct ServerDestination {
    agent: Agent,
    base: BaseUrl,
    token: Option<Secret>,
    stop: Stop,
    backoff: Backoff,
}

/// The counts of an import.
#[derive(Deserialize)]
struct Imported {
    applied: u64,
    unchanged: u64,
    stale: u64,
    duplicate: u64,
    ignored: u64,
    refused: u64,
    results: Vec<ImportedLine>,
}

/// Events to write.
#[derive(Clone, Copy)]
struct Lines<'l> {
    text: &'l [u8],
    /// The epoch of the store that they are meant for, if they are for one alone.
    epoch: Option<&'l str>,
}

/// What became of a line.
#[derive(Debug, Deserialize)]
pub(crate) struct ImportedLine {
    pub(crate) status: String,
    pub(crate) seq: Option<Seq>,
    pub(crate) detail: Option<String>,
}

impl ServerDestination {
    /// Writes to the server at this address, with a token if it needs one.
    pub fn new(
        base: BaseUrl,
        token: Option<Secret>,
        ca_file: Option<&Path>,
        first_pause: Duration,
        stop: Stop,
    ) -> Result<Self, PullError> {
        let agent = agent(&base, TIMEOUT, ca_file)?;
        Ok(Self { agent, base, token, stop, backoff: Backoff { first: first_pause } })
    }

    /// Writes events about things that no event later than this one, of this epoch, has
    /// changed. Returns what became of each.
    pub(crate) fn write_unchanged_since(
        &self,
        seq: Seq,
        epoch: &str,
        lines: &[u8],
    ) -> Result<Vec<ImportedLine>, PullError> {
        let lines = Lines { text: lines, epoch: Some(epoch) };
        Ok(self.import(&format!("unchangedSince={seq}"), lines)?.results)
    }

    fn import(&self, parameters: &str, lines: Lines<'_>) -> Result<Imported, PullError> {
        let answer = self.ask(&format!("/v1/import?{parameters}"), Some(lines))?;
        serde_json::from_value(answer.unwrap_or_default())
            .map_err(|error| PullError::Destination(format!("no counts of an import: {error}")))
    }

    /// Asks until there is an answer, or `None` where there is no such thing.
    fn ask(&self, target: &str, lines: Option<Lines<'_>>) -> Result<Option<Value>, PullError> {
        let mut failures = 0;
        loop {
            let (why, pause) = match self.send(target, lines) {
                Ok((200..=299, _, body)) => match serde_json::from_slice(&body) {
                    Ok(json) => return Ok(Some(json)),
                    Err(_) => ("its answer is not JSON".to_owned(), None),
                },
                Ok((404, ..)) if lines.is_none() => return Ok(None),
                Ok((status @ (429 | 500..=599), headers, body)) => {
                    (format!("status {status}: {}", self.detail(&body)), headers.retry_after)
                }
                Ok((status, _, body)) => {
                    let (base, detail) = (self.base.as_str(), self.detail(&body));
                    let text = format!("{base} refuses the events ({status}): {detail}");
                    return Err(PullError::Destination(text));
                }
                Err(error) => (error.to_string(), None),
            };
            if failures >= RETRIES {
                let reason = StopReason::Unanswered(format!("{}: {why}", self.base.as_str()));
                self.stop.stop(reason.clone());
                return Err(PullError::Stopped(reason));
            }
            // A pull that is stopped still writes what it has, but waits for nothing.
            let pause = pause.unwrap_or_else(|| self.backoff.pause(failures));
            tracing::info!(why, ?pause, "the server did not take the events; again");
            if !self.stop.wait(pause) {
                failures = failures.max(RETRIES - 1);
            }
            failures += 1;
        }
    }

    fn send(
        &self,
        target: &str,
        lines: Option<Lines<'_>>,
    ) -> Result<(u16, RateHeaders, Vec<u8>), ureq::Error> {
        let url = format!("{}{target}", self.base.as_str());
        let bearer = self.token.as_ref().map(Secret::bearer);
        let mut response = match lines {
            None => {
                let mut request = self.agent.get(&url);
                if let Some(bearer) = &bearer {
                    request = request.header("authorization", bearer);
                }
                request.call()?
            }
            Some(Lines { text, epoch }) => {
                let mut request = self.agent.post(&url).content_type("application/x-ndjson");
                if let Some(epoch) = epoch {
                    request = request.header("relata-epoch", epoch);
                }
                if let Some(bearer) = &bearer {
                    request = request.header("authorization", bearer);
                }
                request.send(text)?
            }
        };
        let headers = RateHeaders::read(response.headers(), Timestamp::now());
        let body = response.body_mut().with_config().limit(ANSWER_BYTES).read_to_vec()?;
        Ok((response.status().as_u16(), headers, body))
    }

    /// Returns the words of a problem.
    fn detail(&self, body: &[u8]) -> String {
        let problem: Value = serde_json::from_slice(body).unwrap_or_default();
        let detail = problem.get("detail").or_else(|| problem.get("title"));
        let detail = detail.and_then(Value::as_str).unwrap_or("no reason given");
        self.token.as_ref().map_or_else(|| detail.to_owned(), |token| token.redacted(detail))
    }
}

impl Destination for ServerDestination {
    fn known(&mut self, location: &str) -> Result<Known, PullError> {
        let mut known = Known { has_events: Some(true), ..Known::default() };
        let path = format!("/v1/locations/{}/associations?limit=1000", percent_encoded(location));
        let mut target = path.clone();
        loop {
            let Some(page) = self.ask(&target, None)? else {
                return Ok(Known { has_events: Some(false), ..Known::default() });
            };
            let rows = page.get("associations").and_then(Value::as_array);
            for row in rows.into_iter().flatten() {
                let Some(id) = row.get("id").and_then(Value::as_str) else { continue };
                let members = [
                    "firstObjectToSecondObjectCardinality",
                    "secondObjectToFirstObjectCardinality",
                ];
                let cardinalities = members.map(|member| Some(row.get(member)?.as_str()?.into()));
                known.cardinalities.insert(id.to_owned(), cardinalities);
            }
            match page.get("next").and_then(Value::as_str) {
                Some(next) => target = format!("{path}&cursor={}", percent_encoded(next)),
                None => return Ok(known),
            }
        }
    }

    fn write(&mut self, lines: &[u8]) -> Result<EventCounts, PullError> {
        let imported =
            self.import("onlyChanges=true&results=refused", Lines { text: lines, epoch: None })?;
        let first = imported.results.into_iter().next();
        Ok(EventCounts {
            applied: imported.applied,
            unchanged: imported.unchanged + imported.duplicate,
            stale: imported.stale,
            ignored: imported.ignored,
            refused: imported.refused,
            refusal: first.and_then(|line| line.detail),
        })
    }

    fn commit(&mut self) -> Result<Option<u64>, PullError> {
        Ok(None) // What was answered is on disk.
    }

    fn resume(&mut self, _: u64) -> Result<(), PullError> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), PullError> {
        Ok(())
    }
}
