//! What a pull will cost.

use std::time::Duration;

use crate::model::ObjectKey;
use crate::pull::plan::plan::Plan;
use crate::pull::plan::settings::{Method, ReadSettings};
use crate::pull::plan::survey::{Count, KeySurvey, ObjectLayer};

/// Shortest first page that is asked about a second time: it may be one that was cut.
const DOUBTED_ROWS: u64 = 10;

/// Longest time that an estimate gives, in seconds: thirty thousand years.
const TIME_MAX_SECONDS: f64 = 1e12;

/// What a pull of a location will cost, before it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimate {
    /// The object keys, in order.
    pub keys: Vec<KeyEstimate>,
    /// Number of associations.
    pub associations: u64,
    /// Keys of associations that cannot be read from either end.
    pub unreachable: Vec<String>,
    /// Requests in all.
    pub requests: u64,
    /// Those of them that read links a second way.
    pub proof_requests: u64,
}

/// What the records of one object key will cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyEstimate {
    /// The object key.
    pub object: ObjectKey,
    /// How many records there are; `None` if they cannot be listed.
    pub records: Option<Count>,
    /// Pages of the search.
    pub pages: u64,
    /// Lists of links; 0 if they are read from the other ends, or from the search.
    pub lists: u64,
    /// How links are read; `None` if from the other ends.
    pub method: Option<Method>,
    /// Why the token may not list the records.
    pub refused: Option<String>,
}

impl Estimate {
    /// Adds up what a plan costs.
    pub(crate) fn new(
        settings: &ReadSettings,
        layer: &ObjectLayer,
        keys: &[KeySurvey],
        plan: &Plan,
    ) -> Self {
        let associations = layer.definitions.all().count() as u64;
        let mut proof_requests = 0;
        let keys: Vec<KeyEstimate> = keys
            .iter()
            .map(|key| {
                let kinds = layer.definitions.of_object(key.object.as_str()).count() as u64;
                let method = plan.methods.get(key.object.as_str()).copied();
                let records = key.first.as_ref().map(|_| key.count);
                let number = records.map_or(0, Count::number);
                if method.is_some_and(|method| method != Method::ListEach) {
                    proof_requests += number.min(settings.sample as u64) * kinds;
                }
                let lists = match method {
                    None | Some(Method::Embedded) => 0,
                    Some(Method::List) => number,
                    Some(Method::ListEach) => number * kinds,
                };
                let pages = match &key.first {
                    // A search that was refused, and the list in its place.
                    Some(page) if page.is_whole => 1 + pages(number, 100),
                    Some(_) => pages(number, key.page_size),
                    None => u64::from(key.refused.is_some()),
                };
                let (object, refused) = (key.object.clone(), key.refused.clone());
                KeyEstimate { object, records, pages, lists, method, refused }
            })
            .collect();
        let pages: u64 = keys.iter().map(|key| key.pages).sum();
        let lists: u64 = keys.iter().map(|key| key.lists).sum();
        // The location and its types of objects are one request each.
        let requests = 2 + self::pages(associations, 100) + pages + lists + proof_requests;
        let unreachable = plan.unreachable.clone();
        Self { keys, associations, unreachable, requests, proof_requests }
    }

    /// Returns the time that it takes at a rate.
    pub fn time(&self, requests_per_second: f64) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let seconds = self.requests as f64 / requests_per_second;
        Duration::from_secs_f64(seconds.min(TIME_MAX_SECONDS))
    }
}

/// Returns the requests that reading a list of so many rows takes: a full page is followed by
/// another, and so is a short first one that may have been cut.
fn pages(rows: u64, size: u64) -> u64 {
    let size = size.max(1);
    let is_doubted = (DOUBTED_ROWS..size).contains(&rows);
    rows / size + 1 + u64::from(is_doubted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_counted_as_they_are_asked_for() {
        for (rows, size, expected) in
            [(0, 500, 1), (9, 500, 1), (10, 500, 2), (499, 500, 2), (500, 500, 2), (501, 500, 2)]
        {
            assert_eq!(pages(rows, size), expected, "{rows}");
        }
        assert_eq!(pages(50_000, 500), 101);
    }
}
