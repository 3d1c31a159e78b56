//! What goes wrong with an answer on its way.

use std::collections::HashMap;

use super::answer::Answer;
use super::draw::draw;
use super::request::Request;
use super::routes::Route;
use super::settings::{Fault, Faults};

/// How often each request was made: a fault is drawn for each attempt, so that the same
/// seed has the same faults in whatever order requests come.
#[derive(Debug, Default)]
pub(crate) struct Attempts(HashMap<(String, String, Vec<u8>), u64>);

impl Attempts {
    /// Draws what goes wrong with a request, if anything does.
    pub(crate) fn draw(
        &mut self,
        faults: &Faults,
        seed: u64,
        route: Route,
        request: &Request,
    ) -> Option<Fault> {
        let is_concerned = faults.only.is_none_or(|only| only == route);
        if faults.percent.is_empty() || !is_concerned {
            return None;
        }
        let of = (request.path.clone(), request.query.clone(), request.body.clone());
        let attempt = self.0.entry(of.clone()).or_default();
        *attempt += 1;
        let drawn = draw(seed, (of, *attempt)).below(100);
        let mut up_to = 0;
        faults.percent.iter().find_map(|(fault, percent)| {
            up_to += percent;
            (drawn < up_to).then_some(*fault)
        })
    }
}

/// Returns the answer in place of which a fault has its own, where it does.
pub(crate) fn replaced(fault: Fault, mut answer: Answer, faults: &Faults) -> Answer {
    let with_time = |answer: Answer| match faults.retry_after {
        None => answer,
        Some(time) => answer.with("retry-after", time.as_secs().to_string()),
    };
    let html = |status: u16, title: &str| {
        let page = format!("<html><head><title>{status} {title}</title></head></html>");
        Answer::text(status, "text/html", &page)
    };
    match fault {
        Fault::Status(502) => with_time(html(502, "Bad Gateway")),
        Fault::Status(503) => with_time(html(503, "Service Temporarily Unavailable")),
        Fault::Status(status) => with_time(Answer::error(status, "Something went wrong")),
        Fault::Garbage => {
            let half = answer.body.len() / 2;
            answer.body.truncate(half);
            answer
        }
        fault => Answer { fault: Some(fault), ..answer },
    }
}
