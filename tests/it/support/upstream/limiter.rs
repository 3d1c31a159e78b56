//! The limits on requests, and how near they are.

use std::collections::VecDeque;
use std::time::Duration;

use super::answer::Answer;
use super::clock::{http_date, millis};
use super::location::Millis;
use super::settings::{Limits, RetryAfter, Window};

/// The documented limit, by which requests are counted where none is set.
const REQUESTS: usize = 100;
const WINDOW: Duration = Duration::from_secs(10);

/// What the requests to a location have used.
#[derive(Debug, Clone, Default)]
pub(crate) struct Usage {
    /// Requests that were more than allowed in some window that ended with them, whether or
    /// not they were refused.
    pub(crate) would_break: usize,
    /// Requests that were refused.
    pub(crate) throttled: usize,
    /// Requests of this day that were not.
    pub(crate) today: usize,
    /// The requests of the last window, and those of them that were not refused.
    asked: VecDeque<Millis>,
    served: VecDeque<Millis>,
}

impl Usage {
    /// Counts a request, and refuses it if it is one too many.
    pub(crate) fn admit(&mut self, limits: Option<&Limits>, now: Millis) -> Result<(), Answer> {
        let (requests, window) = limits.map_or((REQUESTS, WINDOW), |it| (it.requests, it.window));
        let window = millis(window);
        self.asked.push_back(now);
        while self.asked.front().is_some_and(|at| *at <= now - window) {
            self.asked.pop_front();
        }
        self.would_break += usize::from(self.asked.len() > requests);
        let Some(limits) = limits else { return Ok(()) };
        let answer = || Answer::error(429, "Too Many Requests");
        if self.today >= limits.daily {
            self.throttled += 1;
            return Err(answer());
        }
        if self.used(limits, now) >= requests {
            self.throttled += 1;
            return Err(self.retry_after(answer(), limits, now));
        }
        self.served.push_back(now);
        self.today += 1;
        Ok(())
    }

    /// Returns how many requests of the window are used, those of other programs included.
    fn used(&mut self, limits: &Limits, now: Millis) -> usize {
        let window = millis(limits.window);
        let (begin, others) = match limits.kind {
            // Those of others come evenly.
            Window::Fixed => {
                let [passed, whole] = [now % window, window].map(|it| usize::try_from(it).unwrap());
                (now - now % window, limits.others * passed / whole)
            }
            Window::Sliding => (now - window + 1, limits.others),
        };
        while self.served.front().is_some_and(|at| *at < begin) {
            self.served.pop_front();
        }
        self.served.len() + others
    }

    /// Returns when one more request will be served.
    fn free_at(&self, limits: &Limits, now: Millis) -> Millis {
        let window = millis(limits.window);
        match limits.kind {
            Window::Fixed => now - now % window + window,
            Window::Sliding => self.served.front().map_or(now, |at| at + window),
        }
    }

    fn retry_after(&self, answer: Answer, limits: &Limits, now: Millis) -> Answer {
        // In whole seconds, of which none is too early.
        let seconds = (self.free_at(limits, now) - now + 999) / 1_000;
        match limits.retry_after {
            RetryAfter::Absent => answer,
            RetryAfter::Seconds => answer.with("retry-after", seconds.to_string()),
            RetryAfter::Date => answer.with("retry-after", http_date(now + (seconds + 1) * 1_000)),
        }
    }

    /// Adds the headers that say what is left.
    pub(crate) fn with_headers(&mut self, answer: Answer, limits: &Limits, now: Millis) -> Answer {
        if !limits.has_headers {
            return answer;
        }
        let left = limits.requests.saturating_sub(self.used(limits, now));
        let left_today = limits.daily.saturating_sub(self.today);
        let answer = answer
            .with("x-ratelimit-max", limits.requests.to_string())
            .with("x-ratelimit-remaining", left.to_string())
            .with("x-ratelimit-interval-milliseconds", limits.window.as_millis().to_string())
            .with("x-ratelimit-limit-daily", limits.daily.to_string())
            .with("x-ratelimit-daily-remaining", left_today.to_string());
        match limits.day_ends {
            None => answer,
            Some(time) => answer.with("x-ratelimit-daily-reset", time.as_millis().to_string()),
        }
    }
}
