//! `POST /v1/tickets`: what a page shows in place of a token to follow changes, since
//! `EventSource` sends no header. It is part of a URL, which proxies log and browsers
//! remember, so it is good once, for a minute.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::http::app::App;
use crate::http::auth::token::{Grant, hash, random_text};
use crate::http::extract::request::Request;
use crate::http::respond::json::{Answer, json};
use crate::http::respond::problem::Problem;
use crate::model::Timestamp;

/// How long a ticket is good.
const LIFETIME: Duration = Duration::from_secs(60);

/// Unused tickets of one token; the oldest makes room.
const TICKETS_OF_TOKEN: usize = 1_024;

#[derive(Debug)]
struct Ticket {
    hash: [u8; 32],
    grant: Grant,
    until: Instant,
}

/// The tickets that were not used yet, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Tickets(Mutex<VecDeque<Ticket>>);

impl Tickets {
    fn issue(&self, text: &str, grant: Grant, now: Instant) {
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tickets.front().is_some_and(|ticket| ticket.until <= now) {
            tickets.pop_front();
        }
        let of_token = |ticket: &&Ticket| ticket.grant.is_of_token_of(&grant);
        if tickets.iter().filter(of_token).count() >= TICKETS_OF_TOKEN
            && let Some(oldest) = tickets.iter().position(|ticket| of_token(&ticket))
        {
            tickets.remove(oldest);
        }
        tickets.push_back(Ticket { hash: hash(text), grant, until: now + LIFETIME });
    }

    /// Returns what a ticket allows, once.
    pub(crate) fn redeem(&self, text: &str, now: Instant) -> Option<Grant> {
        let hash = hash(text);
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = tickets.iter().position(|ticket| ticket.hash == hash)?;
        tickets.remove(at).filter(|ticket| now < ticket.until).map(|ticket| ticket.grant)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Issued {
    ticket: String,
    expires_at: String,
}

pub(crate) fn issue(app: &App, request: &Request<'_>) -> Answer {
    request.query.only(&["location"])?;
    let grant = match request.query.one("location")? {
        Some(id) if !request.grant.sees(id) => {
            return Err(Problem::forbidden("the token is not good for this location"));
        }
        Some(id) if app.store.location(id).is_none() => {
            return Err(Problem::not_found("no event has named this location"));
        }
        Some(id) => request.grant.only(id),
        None => request.grant.reading(),
    };
    let ticket = random_text().map_err(|_| Problem::unavailable("there are no random numbers"))?;
    app.tickets.issue(&ticket, grant, Instant::now());
    json(&Issued { ticket, expires_at: Timestamp::now().after(LIFETIME).to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_are_good_once_and_for_a_minute_and_are_few() {
        let (tickets, now) = (Tickets::default(), Instant::now());
        tickets.issue("a", Grant::ALL.only("L"), now);
        tickets.issue("b", Grant::ALL, now);
        let grant = tickets.redeem("a", now).unwrap();
        assert!(grant.sees("L") && !grant.sees("M") && !grant.sees_all());
        assert!(tickets.redeem("a", now).is_none() && tickets.redeem("c", now).is_none());
        assert!(tickets.redeem("b", now + LIFETIME).is_none(), "too late");
        for number in 0..=TICKETS_OF_TOKEN {
            tickets.issue(&number.to_string(), Grant::ALL, now);
        }
        assert!(tickets.redeem("0", now).is_none(), "it made room");
        assert!(tickets.redeem("1", now).is_some());
        tickets.issue("last", Grant::ALL, now + LIFETIME);
        assert_eq!(tickets.0.lock().unwrap().len(), 1);
    }
}
