//! Requests with pacing and repetition: a caller sees answers, and errors that are for good.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ureq::{Agent, Error};

use crate::model::Timestamp;
use crate::pull::error::PullError;
use crate::pull::stop::{Stop, StopReason};
use crate::pull::upstream::agent::agent;
use crate::pull::upstream::backoff::{Backoff, with_jitter};
use crate::pull::upstream::call::Call;
use crate::pull::upstream::pacing::Pacer;
use crate::pull::upstream::rate_headers::RateHeaders;
use crate::pull::upstream::reply::{Answer, Reply, Verdict};
use crate::pull::upstream::settings::UpstreamSettings;

/// Largest answer, in bytes; a larger one is a fault.
const ANSWER_BYTES: u64 = 32 << 20;

/// Repetitions of a request that came too early.
const RETRIES_EARLY: u32 = 8;

/// Repetitions of a request that failed.
const RETRIES_FAULT: u32 = 6;

/// The value of `left_today` as long as the sender has not said it.
const UNKNOWN: u64 = u64::MAX;

/// A client of the sender's API. Threads share it.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    settings: UpstreamSettings,
    pacer: Pacer,
    stop: Stop,
    retries: AtomicU64,
    throttled: AtomicU64,
    left_today: AtomicU64,
}

impl Client {
    /// Creates a client, which sends nothing before it is asked to.
    pub(crate) fn new(settings: UpstreamSettings, stop: Stop) -> Result<Self, PullError> {
        settings.check()?;
        let agent = agent(&settings.base_url, settings.timeout, settings.ca_file.as_deref())?;
        let UpstreamSettings { rate, concurrency, max_requests, .. } = settings;
        Ok(Self {
            agent,
            pacer: Pacer::new(rate, concurrency, max_requests, stop.clone()),
            settings,
            stop,
            retries: AtomicU64::new(0),
            throttled: AtomicU64::new(0),
            left_today: AtomicU64::new(UNKNOWN),
        })
    }

    /// Asks until there is an answer.
    pub(crate) fn fetch(&self, call: &Call) -> Result<Answer, PullError> {
        let backoff = Backoff { first: self.settings.first_pause };
        let (mut early, mut faults) = (0, 0);
        loop {
            self.pacer.begin()?;
            let (started, since) = (Timestamp::now(), Instant::now());
            let (verdict, is_day_used) = self.send(call, started, since);
            match verdict {
                Verdict::Answered(answer) => return Ok(answer),
                Verdict::End(error) => return Err(self.redacted(error)),
                // The day is waited for, however often it takes a look at it.
                Verdict::TooEarly(pause) if is_day_used => {
                    self.throttled.fetch_add(1, Ordering::Relaxed);
                    self.pacer.pause(pause.map_or_else(|| backoff.pause(0), with_jitter));
                }
                Verdict::TooEarly(pause) => {
                    self.throttled.fetch_add(1, Ordering::Relaxed);
                    if early >= self.settings.retries.unwrap_or(RETRIES_EARLY) {
                        return Err(self.unanswered(call, "status 429"));
                    }
                    self.pacer.throttle(pause.map_or_else(|| backoff.pause(early), with_jitter));
                    early += 1;
                }
                Verdict::Fault(why, pause) => {
                    if faults >= self.settings.retries.unwrap_or(RETRIES_FAULT) {
                        return Err(self.unanswered(call, &why));
                    }
                    let pause = pause.unwrap_or_else(|| backoff.pause(faults));
                    tracing::info!(path = call.path, why, ?pause, "request failed; again");
                    self.stop.wait(pause);
                    faults += 1;
                }
            }
            self.retries.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Sends a request. Returns what becomes of it, and whether the requests of the day are
    /// used up.
    fn send(&self, call: &Call, started: Timestamp, since: Instant) -> (Verdict, bool) {
        let reply = self.request(call);
        let headers = reply.as_ref().ok().map(|reply| reply.headers);
        self.pacer.end(headers.as_ref());
        let status = reply.as_ref().map_or(0, |reply| reply.status);
        let millis = u64::try_from(since.elapsed().as_millis()).unwrap_or_default();
        tracing::debug!(method = call.method(), path = call.path, status, millis, "request");
        let is_day_used = headers.is_some_and(|headers| self.note_day(&headers));
        let verdict = match reply {
            Ok(reply) => reply.verdict(call, started),
            Err(error) => Verdict::Fault(error.to_string(), None),
        };
        (verdict, is_day_used)
    }

    fn request(&self, call: &Call) -> Result<Reply, Error> {
        let url = format!("{}{}", self.settings.base_url.as_str(), call.target());
        let bearer = self.settings.token.bearer();
        let version = &*self.settings.api_version;
        let mut response = match &call.body {
            None => self
                .agent
                .get(&url)
                .header("authorization", &bearer)
                .header("version", version)
                .header("accept", "application/json")
                .call()?,
            Some(body) => self
                .agent
                .post(&url)
                .header("authorization", &bearer)
                .header("version", version)
                .header("accept", "application/json")
                .content_type("application/json")
                .send(body.to_string())?,
        };
        let headers = RateHeaders::read(response.headers(), Timestamp::now());
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(ANSWER_BYTES).read_to_vec()?;
        Ok(Reply { status, headers, body })
    }

    /// Stops, or waits, when the requests of the day are used but for the reserve. Returns
    /// whether they are.
    fn note_day(&self, headers: &RateHeaders) -> bool {
        let Some(left) = headers.left_today else { return false };
        self.left_today.store(left, Ordering::Relaxed);
        if left > self.settings.daily_reserve {
            self.pacer.open_for_today();
            return false;
        }
        if self.settings.wait_for_quota {
            tracing::warn!(left, "the requests of the day are used: waiting for the next");
            self.pacer.close_for_today(headers.day_turns);
        } else {
            self.stop.stop(StopReason::Quota { left });
        }
        true
    }

    fn unanswered(&self, call: &Call, why: &str) -> PullError {
        let (method, path) = (call.method(), &call.path);
        let why = self.settings.token.redacted(why);
        let reason = StopReason::Unanswered(format!("{method} {path}: {why}"));
        self.stop.stop(reason.clone());
        PullError::Stopped(reason)
    }

    /// Keeps the token out of an error, even if the server repeats it.
    fn redacted(&self, error: PullError) -> PullError {
        match error {
            PullError::Refused(text) => PullError::Refused(self.settings.token.redacted(&text)),
            PullError::Rejected(text) => PullError::Rejected(self.settings.token.redacted(&text)),
            other => other,
        }
    }

    /// Returns the number of requests sent.
    pub(crate) fn requests(&self) -> u64 {
        self.pacer.started()
    }

    /// Returns the number of requests that were repetitions.
    pub(crate) fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    /// Returns the number of requests that came too early.
    pub(crate) fn throttled(&self) -> u64 {
        self.throttled.load(Ordering::Relaxed)
    }

    /// Returns the number of requests left of the day, if the sender said it.
    pub(crate) fn left_today(&self) -> Option<u64> {
        Some(self.left_today.load(Ordering::Relaxed)).filter(|left| *left != UNKNOWN)
    }

    /// Returns the switch that ends its requests.
    pub(crate) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Returns the settings.
    pub(crate) fn settings(&self) -> &UpstreamSettings {
        &self.settings
    }

    /// Waits for a duration. Returns whether it passed; false is a stop.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        self.stop.wait(time)
    }
}
