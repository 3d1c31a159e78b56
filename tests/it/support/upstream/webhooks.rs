//! Webhooks on their way to the receiver: late, lost or without a date, as it is set.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::clock::{millis, rfc3339};
use super::location::Millis;
use super::settings::Delivery;
use super::state::Shared;
use crate::support::random::Random;
use crate::support::server::{Answer, Error};

/// How often one that was not accepted is sent again, and after how long.
const ATTEMPTS: u32 = 12;
const AGAIN_MS: Millis = 200;

/// Where a webhook is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Waiting,
    /// The receiver answered with this status.
    Delivered(u16),
    Lost,
    /// It was never accepted.
    GivenUp,
}

#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    pub(crate) kind: String,
    pub(crate) body: Value,
    pub(crate) fate: Fate,
    /// When it is sent.
    pub(crate) due: Millis,
    attempts: u32,
}

/// All webhooks of a stand-in, in the order of what they report.
#[derive(Debug, Default)]
pub(crate) struct Webhooks {
    pub(crate) all: Vec<Webhook>,
    is_stopped: bool,
}

impl Webhooks {
    pub(crate) fn send(
        &mut self,
        kind: &str,
        mut body: Value,
        delivery: &Delivery,
        at: Millis,
        random: &mut Random,
    ) {
        if delivery.dated {
            body["timestamp"] = rfc3339(at).into();
        }
        let late = random.below(millis(delivery.delay).unsigned_abs() + 1).cast_signed();
        let is_lost = random.below(100) < delivery.lost_percent;
        let fate = if is_lost { Fate::Lost } else { Fate::Waiting };
        self.all.push(Webhook { kind: kind.to_owned(), body, fate, due: at + late, attempts: 0 });
    }

    /// Makes all that wait due.
    pub(crate) fn hurry(&mut self) {
        for webhook in &mut self.all {
            webhook.due = Millis::MIN;
        }
    }

    pub(crate) fn stop(&mut self) {
        self.is_stopped = true;
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.all.iter().any(|it| it.fate == Fate::Waiting)
    }

    /// Returns where the one is that is due first.
    fn next(&self) -> Option<usize> {
        let waiting = |it: &(usize, &Webhook)| it.1.fate == Fate::Waiting;
        let all = self.all.iter().enumerate().filter(waiting);
        all.min_by_key(|(_, it)| it.due).map(|(place, _)| place)
    }
}

/// Sends what is due until the stand-in ends.
pub(crate) fn run(shared: &Arc<Shared>) {
    let mut state = shared.lock();
    loop {
        if state.webhooks.is_stopped {
            return;
        }
        let url = state.settings.webhooks.url.clone();
        let next = state.webhooks.next().zip(url);
        let now = shared.clock.now();
        let Some((place, url)) = next else {
            state = shared.wait(state, None);
            continue;
        };
        let webhook = &state.webhooks.all[place];
        if webhook.due > now {
            let time = Duration::from_millis((webhook.due - now).unsigned_abs());
            state = shared.wait(state, Some(time));
            continue;
        }
        let body = webhook.body.to_string();
        drop(state);
        let status = post(&url, &body).unwrap_or(0);
        state = shared.lock();
        let webhook = &mut state.webhooks.all[place];
        webhook.attempts += 1;
        webhook.due = shared.clock.now() + AGAIN_MS;
        webhook.fate = match status {
            200..300 => Fate::Delivered(status),
            _ if webhook.attempts > ATTEMPTS => Fate::GivenUp,
            _ => Fate::Waiting,
        };
        shared.changed();
    }
}

fn post(url: &str, body: &str) -> Result<u16, Error> {
    let rest = url.strip_prefix("http://").ok_or("not an http URL")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let length = body.len();
    let head = format!(
        "POST /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
    Ok(Answer::read(&mut stream)?.status)
}
