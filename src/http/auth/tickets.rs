//! Tickets: what a page sends in place of a token to follow changes, since `EventSource`
//! sends no header. A ticket is part of a URL, which proxies log and browsers remember, so
//! it is valid once, for a minute.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::http::auth::token::{Grant, hash};
use crate::sync::IgnorePoison;

/// How long a ticket is valid.
pub(crate) const LIFETIME: Duration = Duration::from_secs(60);

/// Maximum number of unused tickets of one token; past it the oldest is dropped.
const TICKETS_OF_TOKEN: usize = 1_024;

#[derive(Debug)]
struct Ticket {
    hash: [u8; 32],
    grant: Grant,
    until: Instant,
}

/// The tickets that have not been used, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Tickets(Mutex<VecDeque<Ticket>>);

impl Tickets {
    /// Adds a ticket with this text.
    pub(crate) fn issue(&self, text: &str, grant: Grant, now: Instant) {
        let mut tickets = self.0.lock().ignore_poison();
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

    /// Uses a ticket up and returns what it grants, or `None` if it is not valid.
    pub(crate) fn redeem(&self, text: &str, now: Instant) -> Option<Grant> {
        let hash = hash(text);
        let mut tickets = self.0.lock().ignore_poison();
        let at = tickets.iter().position(|ticket| ticket.hash == hash)?;
        tickets.remove(at).filter(|ticket| now < ticket.until).map(|ticket| ticket.grant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_are_valid_once_and_for_a_minute_and_are_few() {
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
