//! What an answer means: usable, too early, a fault, or an end.

use std::time::Duration;

use serde_json::Value;

use crate::model::Timestamp;
use crate::pull::error::PullError;
use crate::pull::excerpt::excerpt;
use crate::pull::upstream::call::Call;
use crate::pull::upstream::rate_headers::RateHeaders;

/// Longest text of a refusal that is repeated, in bytes.
const TEXT_BYTES: usize = 300;

/// An answer as it arrived.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: RateHeaders,
    pub(crate) body: Vec<u8>,
}

/// An answer that its caller decides about.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The thing that was asked for, and when it was read by the sender's clock.
    Found(Value, Timestamp),
    /// There is no such thing, and when that was so by the sender's clock.
    Missing(Timestamp),
    /// The sender does not take the request like this (400, 422): its words.
    NotTaken(String),
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Verdict {
    Answered(Answer),
    /// Repeated after a pause that the server may have asked for.
    TooEarly(Option<Duration>),
    /// Repeated: the answer is no answer. The words describe it.
    Fault(String, Option<Duration>),
    End(PullError),
}

impl Reply {
    /// Decides what an answer to `call` means; `started` is when the request began.
    pub(crate) fn verdict(self, call: &Call, started: Timestamp) -> Verdict {
        let Self { status, headers, body } = self;
        match status {
            200..=299 => match serde_json::from_slice(&body) {
                Ok(json) => Verdict::Answered(Answer::Found(json, headers.date.unwrap_or(started))),
                Err(_) => Verdict::Fault("an answer that is not JSON".to_owned(), None),
            },
            404 => Verdict::Answered(Answer::Missing(headers.date.unwrap_or(started))),
            400 | 422 => Verdict::Answered(Answer::NotTaken(message(&body))),
            401 | 403 => Verdict::End(refused(call, status, &body)),
            429 => Verdict::TooEarly(headers.retry_after.or(headers.interval)),
            500..=599 => Verdict::Fault(format!("status {status}"), headers.retry_after),
            300..=399 => Verdict::End(PullError::Rejected(format!(
                "{} {} was redirected ({status}), which is not followed: the token must not \
                 travel",
                call.method(),
                call.path
            ))),
            _ => Verdict::End(rejected(call, status, &message(&body))),
        }
    }
}

/// Returns the error of a request that was refused for good.
pub(crate) fn rejected(call: &Call, status: u16, message: &str) -> PullError {
    let (method, path) = (call.method(), &call.path);
    PullError::Rejected(format!("{method} {path} was answered with {status}: {message}"))
}

fn refused(call: &Call, status: u16, body: &[u8]) -> PullError {
    let message = message(body);
    if status == 403 && message.contains("error code: 1010") {
        return PullError::Refused(
            "a proxy before the sender's API refused the User-Agent of Relata (error code: 1010)"
                .to_owned(),
        );
    }
    let (method, path, scope) = (call.method(), &call.path, call.route.scope());
    PullError::Refused(format!(
        "{method} {path} was refused ({status}: {message}); it needs a token of this location \
         with the scope {scope}"
    ))
}

/// Returns the words of an error body, with its trace id, on one line and of limited length.
fn message(body: &[u8]) -> String {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let member = |name: &str| json.as_ref().and_then(|json| json.get(name));
    let mut text = match member("message").or_else(|| member("error")) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(texts)) => {
            texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        _ => String::from_utf8_lossy(body).into_owned(),
    };
    text = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text = excerpt(&text, TEXT_BYTES).to_owned();
    if let Some(trace) = member("traceId").and_then(Value::as_str) {
        text.extend([" (traceId ", trace, ")"]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: u16, body: &str) -> String {
        let reply =
            Reply { status, headers: RateHeaders::default(), body: body.as_bytes().to_vec() };
        let call = Call::associations("L", 0, 100);
        match reply.verdict(&call, Timestamp::from_millis(0)) {
            Verdict::Answered(Answer::Found(json, _)) => format!("found {json}"),
            Verdict::Answered(Answer::Missing(_)) => "missing".to_owned(),
            Verdict::Answered(Answer::NotTaken(why)) => format!("not taken: {why}"),
            Verdict::TooEarly(pause) => format!("too early {pause:?}"),
            Verdict::Fault(why, _) => format!("fault: {why}"),
            Verdict::End(error) => format!("end: {error}"),
        }
    }

    #[test]
    fn every_status_is_a_decision() {
        for (status, body, expected) in [
            (200, r#"{"a":1}"#, "found {\"a\":1}"),
            (201, "[]", "found []"),
            (200, "<html>", "fault: an answer that is not JSON"),
            (200, "", "fault: an answer that is not JSON"),
            (404, "{}", "missing"),
            (422, r#"{"message":["a","b"],"traceId":"t"}"#, "not taken: a, b (traceId t)"),
            (400, r#"{"message":"no\nway"}"#, "not taken: no way"),
            (429, "{}", "too early None"),
            (500, "", "fault: status 500"),
            (503, "", "fault: status 503"),
            (522, "", "fault: status 522"),
        ] {
            assert_eq!(verdict(status, body), expected, "{status}");
        }
        for (status, body, part) in [
            (401, r#"{"message":"Invalid JWT"}"#, "the scope associations.readonly"),
            (403, "error code: 1010", "User-Agent"),
            (302, "", "not followed"),
            (418, r#"{"message":"tea"}"#, "answered with 418: tea"),
        ] {
            let text = verdict(status, body);
            assert!(text.starts_with("end: ") && text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_long_refusal_is_cut() {
        let text = verdict(418, &"é".repeat(100_000));
        assert!(text.len() < 1_000, "{}", text.len());
    }
}
